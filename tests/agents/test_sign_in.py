"""The sign-in of agents of the helpdesk: network, password, membership, code."""

from __future__ import annotations

import pytest

from tests.support.agent_browser import (
    AGENT,
    COOKIE,
    PRIVATE,
    SEARCH,
    SIGN_IN,
    add_agent,
    code_in,
    plain_text,
    remove_group,
    set_agents,
)
from tests.support.slapd_server import PASSWORD

WRONG = "Identifiant ou mot de passe incorrect"


class TestNetwork:
    @pytest.mark.parametrize("path", ["/guichet", SIGN_IN, SEARCH, "/guichet/personne", "/guichet/nowhere"])
    def test_when_the_address_is_of_no_network_of_agents_then_the_page_does_not_exist(self, open_guichet, path):
        guichet = open_guichet(helpdesk={"networks": ["192.0.2.0/24"]})

        assert guichet.browser.open(path).status == 404

    @pytest.mark.parametrize("method, path", [("PUT", SIGN_IN), ("GET", "/guichet/sortie"), ("DELETE", SEARCH)])
    def test_when_the_address_is_of_none_then_a_wrong_method_says_no_more(self, open_guichet, method, path):
        client = open_guichet(helpdesk={"networks": ["192.0.2.0/24"]}).browser.client
        client.set_cookie("mamia-guichet", "x", path="/guichet")

        answer = client.open(path, method=method)

        assert answer.status_code == 404
        assert "mamia-guichet" not in answer.headers.get("Set-Cookie", "")

    def test_when_no_agents_are_set_then_the_pages_do_not_exist(self, academy, open_browser):
        assert open_browser().open("/guichet").status == 404


class TestPassword:
    def test_when_it_and_the_code_are_right_then_the_search_is_open(self, guichet):
        page = guichet.sign_in()

        assert page.path == SEARCH
        assert AGENT in page.main

    def test_when_only_it_is_right_then_nothing_is_open(self, guichet):
        guichet.type_password()

        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_wrong_then_no_code_is_sent(self, guichet, mail_server):
        page = guichet.type_password(password="certainly wrong")

        assert WRONG in page.main
        assert mail_server.mails == []

    def test_when_right_for_somebody_else_then_the_answer_is_that_of_a_wrong_one(self, guichet, mail_server):
        stranger = guichet.type_password("fdurand4").main.replace("fdurand4", "")
        unknown = guichet.type_password("nobody").main.replace("nobody", "")

        assert WRONG in stranger
        assert stranger == unknown
        assert mail_server.mails == []

    def test_when_it_must_be_changed_then_the_agent_is_told_so(self, guichet, academy, mail_server):
        academy.set(AGENT, "pwdReset", "TRUE")

        page = guichet.type_password()

        assert "Votre mot de passe a expiré ou c’est le mot de passe initial" in page.main
        assert mail_server.mails == []

    def test_when_the_group_is_gone_then_nobody_gets_in(self, guichet, academy, mail_server):
        remove_group(academy)

        assert guichet.type_password().status == 503
        assert mail_server.mails == []

    def test_when_tried_too_often_then_the_account_is_not_locked(self, guichet, academy):
        for _ in range(12):
            page = guichet.type_password(password="certainly wrong")

        assert page.status in (422, 429)
        assert "pwdAccountLockedTime" not in academy.read(AGENT)


class TestAgents:
    def test_when_a_filter_names_them_then_they_get_in(self, open_guichet, academy):
        academy.set(AGENT, "departmentNumber", "assistance")
        guichet = open_guichet(helpdesk={"agents_group": None, "agents_filter": "(departmentNumber=assistance)"})

        assert guichet.sign_in().path == SEARCH

    def test_when_they_are_protected_then_they_get_in_all_the_same(self, open_guichet):
        guichet = open_guichet(people={"protected_filter": f"(uid={AGENT})"})

        assert guichet.sign_in().path == SEARCH


class TestCode:
    def test_when_wrong_then_nothing_is_open(self, guichet, mail_server):
        asked = guichet.type_password()
        wrong = f"{(int(code_in(mail_server)) + 1) % 10**6:06}"

        page = guichet.type_code(asked, wrong)

        assert page.status == 422
        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_it_is_sent_then_the_mail_is_not_that_of_a_reset(self, guichet, mail_server):
        guichet.type_password()

        text = plain_text(mail_server.to(PRIVATE))
        assert "agent de l’assistance" in text
        assert "réinitialiser" not in text

    def test_when_used_then_it_opens_no_second_session(self, guichet):
        asked = guichet.type_password()
        guichet.type_code(asked)

        page = guichet.type_code(asked)

        assert page.path != SEARCH

    def test_when_there_is_no_private_address_then_nobody_gets_in(self, guichet, academy):
        add_agent(academy, "sans", privateMail=None)
        set_agents(academy, AGENT, "sans")

        page = guichet.type_password("sans")

        assert "aucune adresse privée" in page.main
        assert guichet.browser.client.get(SEARCH).status_code == 303

    def test_when_its_ticket_is_brought_to_a_reset_then_it_opens_nothing(self, guichet, mail_server):
        asked = guichet.type_password()
        reset = "/reinitialiser-mon-mot-de-passe"
        token = guichet.browser.open(reset).fields["csrf_token"]

        page = guichet.browser.post(
            reset, {"csrf_token": token, "ticket": asked.fields["ticket"], "code": code_in(mail_server)}
        )

        assert "new_password" not in page.fields


class TestCookie:
    def test_when_set_then_scripts_and_other_sites_do_not_get_it(self, guichet):
        guichet.sign_in()

        cookie = guichet.browser.client.get_cookie(COOKIE, path="/guichet")
        assert cookie
        assert cookie.http_only
        assert cookie.same_site == "Strict"
        assert PASSWORD not in cookie.value
