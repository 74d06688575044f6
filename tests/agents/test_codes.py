"""A code that an agent gives on the page, and with which a person resets the password."""

from __future__ import annotations

import json

import pytest

from tests.support.agent_browser import AGENT, REASON, add_agent, plain_text, set_agents, wait_until_told
from tests.support.browser import Browser
from tests.support.matching import first_match

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
NEW = "Nouveau-2025"
OTHER, OTHERS_MAIL = "autre", "autre@exemple.org"


def code_on(page):
    return first_match(r"[2-9A-Z]{5} [2-9A-Z]{5}", page.main).group()


@pytest.fixture
def two_agents(open_guichet, academy):
    """AGENT and OTHER, before gateways with the same keys; durand's codes need both."""
    add_agent(academy, OTHER, privateMail=OTHERS_MAIL)
    set_agents(academy, AGENT, OTHER)
    academy.set("fdurand4", "departmentNumber", "direction")
    shared = {"helpdesk": {"four_eyes_filter": "(departmentNumber=direction)"}, "web": {"secret_keys": [KEY]}}
    one, other = open_guichet(**shared), open_guichet(**shared)
    one.sign_in()
    other.sign_in(OTHER, to=OTHERS_MAIL)
    return one, other


class TestGiven:
    def test_when_the_person_types_it_in_the_place_of_the_numen_then_a_password_is_chosen(self, signed_in, academy):
        code = code_on(signed_in.act(signed_in.look("fdurand4"), "give_code"))

        person = Browser(signed_in.browser.app)
        person.choose(person.prove("fdurand4", proof=code), NEW)

        assert academy.binds("fdurand4", NEW)

    def test_when_given_then_the_person_is_told_and_the_mail_has_no_code(self, signed_in, mail_server):
        code = code_on(signed_in.act(signed_in.look("fdurand4"), "give_code"))

        text = plain_text(mail_server.to("francois@exemple.org"))
        assert code not in text
        assert code.replace(" ", "") not in text

    def test_when_given_then_the_audit_has_agent_and_reason_and_no_code(self, signed_in, audit_file):
        code = code_on(signed_in.act(signed_in.look("fdurand4"), "give_code"))

        lines = audit_file.read_text(encoding="utf-8")
        [event] = [event for event in map(json.loads, lines.splitlines()) if event["outcome"] == "code_given"]
        assert (event["operator"], event["reason"]) == (AGENT, REASON)
        assert code not in lines
        assert code.replace(" ", "") not in lines

    def test_when_the_own_password_is_wrong_then_none_is_given(self, signed_in, academy):
        page = signed_in.act(signed_in.look("fdurand4"), "give_code", password="certainly wrong")

        assert page.status == 422
        assert "mamiaResetCode" not in academy.read("fdurand4")

    def test_when_one_is_open_then_the_page_says_so_and_can_close_it(self, signed_in):
        before = signed_in.look("fdurand4").main
        signed_in.act(signed_in.look("fdurand4"), "give_code")

        after = signed_in.look("fdurand4").main

        words = ("Code de l’assistance", "Fermer le code ouvert")
        assert [word in before for word in words] == [False, False]
        assert [word in after for word in words] == [True, True]

    def test_when_closed_then_the_person_is_told(self, signed_in, mail_server):
        page = signed_in.act(signed_in.look("fdurand4"), "give_code")

        signed_in.act(page, "close_code")

        wait_until_told(mail_server, "Le code pour votre compte a été annulé")

    def test_when_closed_then_it_opens_nothing(self, signed_in):
        page = signed_in.act(signed_in.look("fdurand4"), "give_code")
        code = code_on(page)

        signed_in.act(page, "close_code")

        person = Browser(signed_in.browser.app)
        assert "new_password" not in person.prove("fdurand4", proof=code).fields

    def test_when_looked_at_anew_then_the_code_is_not_shown_again(self, signed_in):
        signed_in.act(signed_in.look("fdurand4"), "give_code")

        assert "Code pour" not in signed_in.look("fdurand4").main


class TestFourEyes:
    def test_when_nobody_has_approved_then_no_code_is_given(self, two_agents, academy):
        one, _ = two_agents

        page = one.act(one.look("fdurand4"), "give_code")

        assert "Un second agent doit donner son accord" in page.main
        assert "Code pour" not in page.main

    def test_when_asked_for_and_approved_then_the_person_is_told_each_time(self, two_agents, mail_server):
        one, other = two_agents
        page = one.act(one.look("fdurand4"), "give_code")
        wait_until_told(mail_server, "L’assistance prépare un code pour votre compte")
        form = other.look("fdurand4")
        form.fields["requested_by"] = AGENT

        other.act(form, "approve_code")

        wait_until_told(mail_server, "Un second agent autorise un code pour votre compte")
        one.act(page, "give_code")
        wait_until_told(mail_server, "L’assistance a remis un code pour votre compte")

    def test_when_a_second_agent_approves_then_the_first_one_gets_it(self, two_agents):
        one, other = two_agents
        page = one.act(one.look("fdurand4"), "give_code")
        form = other.look("fdurand4")
        form.fields["requested_by"] = AGENT

        other.act(form, "approve_code")

        assert code_on(one.act(page, "give_code"))

    def test_when_the_same_agent_approves_then_it_is_refused(self, two_agents):
        one, _ = two_agents
        page = one.act(one.look("fdurand4"), "give_code")
        page.fields["requested_by"] = AGENT

        after = one.act(page, "approve_code")

        assert after.status == 422
        assert "un autre agent doit donner son accord" in after.main
