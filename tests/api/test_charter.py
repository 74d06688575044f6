"""API and webmail while the acceptable use policy is not accepted: they say so, and where to accept it."""

from __future__ import annotations

import pytest

from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
PAGE = "/modifier-mon-mot-de-passe"
IN_FORCE = {"charter": {"version": "2026-09", "url": "https://www.ac-example.fr/charte"}}


@pytest.fixture
def api_client(open_api_client, directory):
    directory.add_person("fdurand4")
    return open_api_client(**IN_FORCE)


class TestApi:
    def test_when_it_is_missing_then_the_code_and_the_page_are_named_and_nothing_changes(self, api_client, directory):
        body = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW}

        answer = api_client.post("/change", body)

        assert (answer.status_code, answer.json["code"]) == (409, "charter")
        assert PAGE in answer.json["detail"]
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_it_was_accepted_then_a_change_is_done(self, api_client, directory):
        classes = ["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"]
        directory.add_person("jmartin", objectClass=classes, mamiaCharter="2026-09;20260901080000Z")

        answer = api_client.post("/change", {"login": "jmartin", "current_password": PASSWORD, "new_password": NEW})

        assert answer.status_code == 200
        assert directory.binds("jmartin", NEW)


class TestWebmail:
    def test_when_it_is_missing_then_the_sentence_names_the_page(self, api_client):
        form = {"user": "fdurand4", "curpass": PASSWORD, "newpass": NEW}

        answer = api_client.ask("POST", "/roundcube", data=form)

        assert answer.status_code == 200
        assert "charte" in answer.text
        assert PAGE in answer.text
