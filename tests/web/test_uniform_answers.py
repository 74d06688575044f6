"""A stranger learns from no answer whether an account exists, is locked or closed, or what was nearly right."""

from __future__ import annotations

import re

import pytest

from tests.support.browser import CHANGE, RESET

NEW = "Nouveau-2025"


@pytest.fixture
def people(directory):
    """An ordinary account, a locked one, a closed one, and one whose password has expired."""
    for login in ("fdurand4", "locked", "closed"):
        directory.add_person(login)
    directory.lock("locked")
    directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
    return directory


def bare(answer):
    """The answer without what differs each time: tokens, request id, and the login that was typed."""
    body = re.sub(r'value="[^"]{40,}"', 'value="token"', answer.text)
    body = re.sub(r"/captcha/[\w-]{40,}", "/captcha/token", body)
    body = re.sub(r'(id="login"[^>]*value=)"[^"]*"', r'\1"login"', body)
    body = re.sub(r'(value=)"[^"]*"([^>]*id="login")', r'\1"login"\2', body)
    body = re.sub(r'name="(login|proof|birth_date)"[^>]*', r"\1", body)
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("X-Request-ID", "Content-Length")
    }
    headers.pop("Set-Cookie", None)
    return answer.status_code, headers, body


class TestReset:
    def test_when_it_is_refused_then_the_answer_is_the_same_byte_for_byte(self, people, open_browser):
        tried = [
            {"login": "unknown"},
            {"login": "fdurand4", "proof": "12E8534567AAA"},
            {"login": "fdurand4", "birth_date": "28/03/1985"},
            {"login": "closed"},
            {"login": "locked", "proof": "12E8534567AAA"},
        ]
        answers = [bare(open_browser().prove(**typed).answer) for typed in tried]

        assert answers[0][0] == 422
        assert all(answer == answers[0] for answer in answers)


class TestPage:
    def test_when_it_is_opened_then_it_is_the_same_for_everybody(self, people, open_browser):
        for path in (CHANGE, RESET):
            assert bare(open_browser().open(path).answer) == bare(open_browser().open(path).answer)


class TestChange:
    def test_when_it_is_refused_then_the_answer_is_the_same_byte_for_byte(self, people, open_browser):
        answers = [
            bare(open_browser().change(login, "Certainement-Faux-1", NEW).answer)
            for login in ("fdurand4", "unknown", "locked", "closed")
        ]

        assert answers[0][0] == 422
        assert all(answer == answers[0] for answer in answers)

    def test_when_the_last_wrong_password_locks_the_account_then_the_answer_does_not_tell(self, people, open_browser):
        answers = [bare(open_browser().change("fdurand4", "Certainement-Faux-1", NEW).answer) for _ in range(11)]

        assert "pwdAccountLockedTime" in people.read("fdurand4")
        assert all(answer == answers[0] for answer in answers)
