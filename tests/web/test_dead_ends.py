"""Accounts that these pages cannot help: the refusal itself leads to the helpdesk, and is the same for everybody."""

from __future__ import annotations

import pytest

from tests.support.slapd_server import PASSWORD

PHONE = "01 99 88 77 66"
NEW = "Orage-Violet-26"


@pytest.fixture
def browser(open_browser):
    return open_browser(support={"phone": PHONE})


@pytest.fixture(params=["closed", "ended", "one login in two entries", "unknown"])
def login(request, directory):
    """Somebody whose right answers are refused, and a stranger."""
    if request.param == "unknown":
        return "nobody1"
    directory.add_person("fdurand4")
    if request.param == "closed":
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")
    elif request.param == "ended":
        directory.set("fdurand4", "pwdEndTime", "20200101000000Z")
    else:
        directory.add_person("fdurand5")
        directory.set("fdurand5", "uid", ["fdurand5", "fdurand4"])
    return "fdurand4"


class TestReset:
    def test_when_right_answers_are_refused_then_the_sentence_names_the_helpdesks_phone(self, browser, login):
        page = browser.prove(login)

        assert page.status == 422
        assert f"Si tout est exact, appelez l’assistance : {PHONE}" in page.main.replace("\N{NO-BREAK SPACE}", " ")


class TestChange:
    def test_when_the_right_password_is_refused_then_the_sentence_names_the_helpdesks_phone(self, browser, login):
        page = browser.change(login, PASSWORD, NEW)

        assert page.status == 422
        assert PHONE in page.main
