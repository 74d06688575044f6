"""The page about a person, and what an agent can do there."""

from __future__ import annotations

import json

import pytest

from gateway.protection.seal import make_key_pair
from tests.support.agent_browser import AGENT, PERSON, REASON, add_agent, plain_text, set_agents, wait_until_told
from tests.support.slapd_server import PASSWORD

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
PENDING = "domaine;pending;c1;20260101T000000Z;3;20260101T000100Z;normal;"
HELD = "domaine;held;c1;20260101T000000Z;3;20260101T000100Z;slow;restored"
TARGET = {
    "type": "active_directory",
    "label": "Poste du rectorat",
    "servers": ["ldaps://dc1.ad.ac-example.fr"],
    "bind_dn": "svc@ad.ac-example.fr",
    "bind_password_file": "/etc/mamia/domain.password",
    "base": "ou=staff,dc=ad,dc=ac-example,dc=fr",
}


def last(audit_file, outcome):
    events = [json.loads(line) for line in audit_file.read_text(encoding="utf-8").splitlines()]
    return [event for event in events if event["outcome"] == outcome][-1]


@pytest.fixture
def workstation(tmp_path):
    """[workstation] with one target."""
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    return {"targets": {"domaine": TARGET}, "public_key_file": tmp_path / "worker.pub"}


@pytest.fixture
def with_workstation(open_guichet, workstation):
    guichet = open_guichet(workstation=workstation)
    guichet.sign_in()
    return guichet


class TestPage:
    def test_when_looked_at_then_the_state_is_there_and_no_secret(self, signed_in, academy):
        academy.lock("fdurand4")

        page = signed_in.look("fdurand4")

        assert page.path.startswith(PERSON)
        assert "François Durand" in page.main
        assert "verrouillé jusqu’au" in page.main
        assert f"Motif : {REASON}" in page.main.replace("\N{NO-BREAK SPACE}", " ")
        assert "f•••@exemple.org" in page.main
        assert "•• •• •• •• 42" in page.main
        for secret in ("francois@exemple.org", "0612345642", "12E8534567ABC", "19850327", "27/03/1985"):
            assert secret not in page.source

    def test_when_the_account_is_closed_then_it_says_so_and_offers_no_unlock(self, signed_in, academy):
        academy.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        page = signed_in.look("fdurand4")

        assert "fermé par un administrateur" in page.main
        assert "Déverrouiller" not in page.main

    def test_when_a_password_waits_for_the_workstation_then_its_state_is_there(self, with_workstation, academy):
        academy.set("fdurand4", "mamiaSyncState", PENDING)

        page = with_workstation.look("fdurand4")

        assert "Poste du rectorat" in page.main
        assert "en attente" in page.main

    def test_when_nobody_was_looked_at_then_the_search_is_shown(self, signed_in):
        assert signed_in.browser.client.get(PERSON).status_code == 303
        assert signed_in.browser.client.get(f"{PERSON}/suite").status_code == 303

    def test_when_another_agent_brings_the_form_then_nothing_is_done(self, open_guichet, academy):
        add_agent(academy, "autre", privateMail="autre@exemple.org")
        set_agents(academy, AGENT, "autre")
        shared = {"web": {"secret_keys": [KEY]}}
        one, other = open_guichet(**shared), open_guichet(**shared)
        one.sign_in()
        page = one.look("fdurand4")
        other.sign_in("autre", to="autre@exemple.org")
        form = other.look("fdurand4")
        form.fields["person"] = page.fields["person"]

        other.act(form, "force_change")

        assert "pwdReset" not in academy.read("fdurand4")


class TestUnlock:
    def test_when_locked_then_the_password_opens_the_account_again(self, signed_in, academy, audit_file):
        academy.lock("fdurand4")

        page = signed_in.act(signed_in.look("fdurand4"), "unlock")

        assert "Le compte est déverrouillé" in page.main
        assert academy.binds("fdurand4", PASSWORD)
        event = last(audit_file, "unlocked")
        assert (event["operator"], event["login"], event["reason"]) == (AGENT, "fdurand4", REASON)

    def test_when_done_then_the_person_is_told_at_every_address(self, signed_in, academy, mail_server):
        academy.lock("fdurand4")

        signed_in.act(signed_in.look("fdurand4"), "unlock")

        for address in ("fdurand4@ac-example.fr", "francois@exemple.org"):
            assert "agent de l’assistance a déverrouillé" in plain_text(mail_server.to(address))

    def test_when_an_agent_types_the_right_password_more_often_than_anybody_may_try_then_each_is_taken(
        self, open_guichet, academy
    ):
        guichet = open_guichet(rate_limits={"per_login": "3/hour"})
        guichet.sign_in()

        for _ in range(6):
            academy.lock("fdurand4")
            guichet.act(guichet.look("fdurand4"), "unlock")

            assert "pwdAccountLockedTime" not in academy.read("fdurand4")

    def test_when_wrong_passwords_are_tried_then_the_right_one_is_refused_too_before_the_directory_locks(
        self, open_guichet, academy
    ):
        guichet = open_guichet(rate_limits={"per_login": "3/hour"})
        guichet.sign_in()
        academy.lock("fdurand4")
        page = guichet.look("fdurand4")

        for _ in range(12):
            page = guichet.act(page, "unlock", password="certainly wrong")
        page = guichet.act(page, "unlock")

        assert page.status == 422
        assert "pwdAccountLockedTime" in academy.read("fdurand4")
        assert "pwdAccountLockedTime" not in academy.read(AGENT)

    def test_when_the_own_password_is_wrong_then_nothing_is_done(self, signed_in, academy):
        academy.lock("fdurand4")

        page = signed_in.act(signed_in.look("fdurand4"), "unlock", password="certainly wrong")

        assert page.status == 422
        assert "pwdAccountLockedTime" in academy.read("fdurand4")

    def test_when_an_administrator_closed_the_account_meanwhile_then_it_stays_closed(self, signed_in, academy):
        academy.lock("fdurand4")
        page = signed_in.look("fdurand4")
        academy.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        page = signed_in.act(page, "unlock")

        assert page.status == 422
        assert academy.read("fdurand4")["pwdAccountLockedTime"] == ["000001010000Z"]

    def test_when_not_locked_then_nothing_is_done(self, signed_in):
        page = signed_in.act(signed_in.look("fdurand4"), "unlock")

        assert page.status == 422
        assert "n’est pas verrouillé" in page.main


class TestForceChange:
    def test_when_pressed_then_the_password_must_be_changed(self, signed_in, academy, mail_server, audit_file):
        signed_in.act(signed_in.look("fdurand4"), "force_change")

        assert academy.read("fdurand4")["pwdReset"] == ["TRUE"]
        assert "soit changé" in plain_text(mail_server.to("francois@exemple.org"))
        assert last(audit_file, "change_forced")["operator"] == AGENT


class TestNotices:
    @pytest.mark.parametrize(
        ("action", "subject"),
        [
            ("unlock", "L’assistance a déverrouillé votre compte"),
            ("force_change", "L’assistance vous demande de changer de mot de passe"),
            ("retry", "Votre mot de passe est envoyé de nouveau à votre poste de travail"),
            ("forget", "Votre poste de travail garde son ancien mot de passe"),
        ],
    )
    def test_when_an_agent_acts_then_the_person_is_told_what_was_done(
        self, with_workstation, academy, mail_server, action, subject
    ):
        academy.lock("fdurand4")
        academy.set("fdurand4", "mamiaSyncState", PENDING)

        with_workstation.act(with_workstation.look("fdurand4"), action)

        wait_until_told(mail_server, subject)

    def test_when_nothing_was_done_then_nobody_is_told(self, signed_in, academy, mail_server):
        signed_in.act(signed_in.look("fdurand4"), "unlock")
        academy.lock("fdurand4")
        signed_in.act(signed_in.look("fdurand4"), "unlock")

        wait_until_told(mail_server, "L’assistance a déverrouillé votre compte")
        assert len([mail for mail in mail_server.mails if mail["To"] == "francois@exemple.org"]) == 1


class TestDelivery:
    def test_when_tried_again_then_it_is_due_at_once(self, with_workstation, academy, mail_server):
        academy.set("fdurand4", "mamiaSyncState", PENDING)

        with_workstation.act(with_workstation.look("fdurand4"), "retry")

        [state] = academy.read("fdurand4")["mamiaSyncState"]
        assert state.split(";")[4] == "0"
        mail_server.to("francois@exemple.org")

    def test_when_given_up_then_what_was_sealed_is_erased_unread(self, with_workstation, academy):
        academy.set("fdurand4", "mamiaPendingSecret", "sealed")
        academy.set("fdurand4", "mamiaSyncState", PENDING)

        with_workstation.act(with_workstation.look("fdurand4"), "forget")

        entry = academy.read("fdurand4")
        assert "mamiaPendingSecret" not in entry
        assert entry["mamiaSyncState"][0].split(";")[1] == "expired"

    def test_when_held_then_it_is_not_tried(self, with_workstation, academy):
        academy.set("fdurand4", "mamiaSyncState", HELD)

        page = with_workstation.act(with_workstation.look("fdurand4"), "retry")

        assert "est retenu" in page.main
        assert academy.read("fdurand4")["mamiaSyncState"] == [HELD]

    def test_when_nothing_waits_then_there_is_no_button(self, with_workstation):
        page = with_workstation.look("fdurand4")

        assert "Relancer" not in page.main
        assert "Abandonner" not in page.main


class TestNobodysBusiness:
    def test_when_the_person_is_protected_then_there_is_no_form(self, open_guichet, academy):
        guichet = open_guichet(people={"protected_filter": "(uid=fdurand4)"})
        guichet.sign_in()

        page = guichet.look("fdurand4")

        assert "Ce compte est protégé" in page.main
        assert "current_password" not in page.fields

    @pytest.mark.parametrize("action", ["unlock", "force_change", "retry", "forget"])
    def test_when_the_person_becomes_protected_before_the_button_then_nothing_is_done(
        self, open_guichet, academy, action
    ):
        academy.lock("fdurand4")
        guichet = open_guichet(people={"protected_filter": "(departmentNumber=direction)"})
        guichet.sign_in()
        page = guichet.look("fdurand4")
        academy.set("fdurand4", "departmentNumber", "direction")
        before = academy.read("fdurand4")

        after = guichet.act(page, action)

        assert after.status == 422
        assert "Ce compte est protégé" in after.main
        assert academy.read("fdurand4") == before

    @pytest.mark.parametrize("login", ["autre", AGENT])
    def test_when_the_person_is_an_agent_then_there_is_no_form(self, signed_in, academy, login):
        add_agent(academy, "autre", privateMail="autre@exemple.org")
        set_agents(academy, AGENT, "autre")

        page = signed_in.look(login)

        assert "est un agent de l’assistance" in page.main
        assert "current_password" not in page.fields

    def test_when_the_person_becomes_an_agent_before_the_button_then_nothing_is_done(self, signed_in, academy):
        page = signed_in.look("fdurand4")
        set_agents(academy, AGENT, "fdurand4")

        after = signed_in.act(page, "force_change")

        assert after.status == 422
        assert "pwdReset" not in academy.read("fdurand4")

    def test_when_the_agent_leaves_the_group_before_the_button_then_nothing_is_done(self, signed_in, academy):
        page = signed_in.look("fdurand4")
        set_agents(academy)

        signed_in.act(page, "force_change")

        assert "pwdReset" not in academy.read("fdurand4")

    def test_when_no_button_was_pressed_then_nothing_is_done(self, signed_in, academy):
        page = signed_in.look("fdurand4")

        after = signed_in.act(page, "")

        assert after.status == 422
        assert "Choisissez l’action" in after.main

    def test_when_the_token_is_missing_then_nothing_is_done(self, signed_in, academy):
        page = signed_in.look("fdurand4")
        page.fields.pop("csrf_token")

        signed_in.act(page, "force_change")

        assert "pwdReset" not in academy.read("fdurand4")


class TestOutage:
    def test_when_the_directory_goes_down_between_look_and_button_then_nothing_is_done(self, signed_in, academy):
        page = signed_in.look("fdurand4")
        academy.kill()

        after = signed_in.act(page, "force_change")

        assert after.status in (500, 503)
        academy.slapd.start()
        assert "pwdReset" not in academy.read("fdurand4")


class TestLanguages:
    def test_when_english_is_chosen_then_the_page_is_in_english(self, signed_in):
        signed_in.look("fdurand4")

        page = signed_in.browser.open(f"{PERSON}/suite?langue=en")

        assert "Require a new password at the next login" in page.main
