"""Réinitialiser mon mot de passe: proofs, the ticket between the steps, and the new password."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.app import create_app
from tests.support.browser import RESET, Browser
from tests.support.slapd_server import NUMEN, PASSWORD, POLICIES

NEW = "Nouveau-2025"
NOT_PROVED = "Ces informations ne correspondent à aucun compte"
INITIAL = {"mode": "initial"}


OUTSIDE_ITS_TIME = [
    ("pwdEndTime", "20200101000000Z"),
    ("pwdEndTime", "2020010100Z"),
    ("pwdStartTime", "20990101000000Z"),
    ("pwdStartTime", "20990101010000+0100"),
]


class TestServices:
    @pytest.mark.parametrize("attribute, value", OUTSIDE_ITS_TIME)
    def test_when_the_account_has_not_begun_or_has_ended_then_they_answer_as_to_a_stranger(
        self, directory, browser, attribute, value
    ):
        directory.add_person("fdurand4")
        directory.set("fdurand4", attribute, value)
        strange = browser.prove("somebody", "11A1111111AAA", "01/01/1970")

        proved, changed = browser.prove("fdurand4"), browser.change("fdurand4", PASSWORD, NEW)

        assert proved.main == strange.main
        assert changed.status == 422
        directory.set("fdurand4", attribute, None)
        assert directory.binds("fdurand4", PASSWORD)


class TestReset:
    def test_when_the_proofs_are_right_then_a_new_password_is_chosen_at_once(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.choose(browser.prove("fdurand4"), NEW)

        assert page.status == 200
        assert "est modifié. L’ancien ne fonctionne plus" in page.main
        assert directory.binds("fdurand4", NEW)
        assert not directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("typed", [NUMEN, NUMEN.lower(), " 12e85 34567 abc "])
    def test_when_the_numen_is_typed_in_any_case_then_it_counts(self, directory, browser, typed):
        directory.add_person("fdurand4")

        assert "ticket" in browser.prove("fdurand4", typed).fields

    def test_when_a_temporary_agent_has_no_numen_then_the_agent_number_counts(self, directory, browser):
        directory.add_person("tgirard", numen=None, temporaryAgentNumber="T0012345")

        browser.choose(browser.prove("tgirard", "t0012345"), NEW)

        assert directory.binds("tgirard", NEW)

    @pytest.mark.parametrize(
        "login, proof, birth_date",
        [
            pytest.param("nobody", NUMEN, "27/03/1985", id="unknown login"),
            pytest.param("fdurand4", "99Z9999999ZZZ", "27/03/1985", id="wrong NUMEN"),
            pytest.param("fdurand4", NUMEN, "28/03/1985", id="wrong date"),
            pytest.param("fdurand4", "*", "27/03/1985", id="wildcard"),
            pytest.param("*", NUMEN, "27/03/1985", id="wildcard login"),
            pytest.param("closed", NUMEN, "27/03/1985", id="closed by an administrator"),
            pytest.param("decoy", "DECOY", "27/03/1985", id="the decoy"),
        ],
    )
    def test_when_any_item_is_wrong_then_one_and_the_same_answer_comes(
        self, directory, browser, login, proof, birth_date
    ):
        directory.add_person("fdurand4")
        directory.add_person("closed")
        directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
        reference = browser.prove("somebody", "11A1111111AAA", "01/01/1970")

        page = browser.prove(login, proof, birth_date)

        assert page.status == 422
        assert NOT_PROVED in page.main
        assert page.main == reference.main
        assert "ticket" not in page.fields

    @pytest.mark.parametrize("attribute, value", OUTSIDE_ITS_TIME)
    def test_when_the_account_ends_between_the_steps_then_nothing_is_written(
        self, directory, browser, attribute, value
    ):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")
        directory.set("fdurand4", attribute, value)

        page = browser.choose(second_step, NEW)

        assert page.status == 422
        directory.set("fdurand4", attribute, None)
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_account_is_within_its_time_then_it_is_served(self, directory, browser):
        directory.add_person("fdurand4")
        directory.set("fdurand4", "pwdStartTime", "20200101000000Z")
        directory.set("fdurand4", "pwdEndTime", "20990101000000Z")

        browser.choose(browser.prove("fdurand4"), NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_the_account_is_locked_by_wrong_passwords_then_it_is_unlocked(self, directory, browser):
        directory.add_person("fdurand4")
        directory.lock("fdurand4")

        browser.choose(browser.prove("fdurand4"), NEW)

        assert directory.binds("fdurand4", NEW)
        assert "pwdAccountLockedTime" not in directory.read("fdurand4")

    def test_when_an_administrator_closes_the_account_between_the_steps_then_it_stays_closed(
        self, directory, browser
    ):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")
        directory.set("fdurand4", "pwdAccountLockedTime", "000001010000Z")

        page = browser.choose(second_step, NEW)

        assert page.status == 422
        assert directory.read("fdurand4")["pwdAccountLockedTime"] == ["000001010000Z"]

    def test_when_wrong_proofs_are_sent_again_and_again_then_the_account_is_not_locked(self, directory, browser):
        directory.add_person("fdurand4")

        for _ in range(12):
            browser.prove("fdurand4", "99Z9999999ZZZ")

        assert directory.binds("fdurand4", PASSWORD)


class TestResetTicket:
    def test_when_the_second_step_is_sent_twice_then_the_second_one_is_refused(self, directory, browser):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")
        browser.choose(second_step, NEW)

        page = browser.choose(second_step, "Encore-Un-2026")

        assert page.status == 422
        assert "Ce formulaire a déjà été utilisé" in page.main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_password_was_changed_since_the_proofs_then_the_ticket_is_void(self, directory, browser):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")
        browser.change("fdurand4", PASSWORD, NEW)

        page = browser.choose(second_step, "Encore-Un-2026")

        assert page.status == 422
        assert "Recommencez depuis le début" in page.main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_ticket_is_too_old_then_the_page_explains_and_starts_again(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build()
        browser = Browser(create_app(gateway))
        second_step = browser.prove("fdurand4")
        ticket = gateway.protection.tickets.open(gateway.services.reset.steps.purpose, second_step.fields["ticket"])
        second_step.fields["ticket"] = gateway.protection.tickets.reissue(
            gateway.services.reset.steps.purpose, ticket.payload, int(time.time()) - 1
        )

        page = browser.choose(second_step, NEW)

        assert page.status == 422
        assert "Le temps prévu" in page.main
        assert "proof" in page.fields
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_it_is_sealed_then_it_has_the_names_that_the_version_before_reads_and_writes(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build()
        browser, purpose = Browser(create_app(gateway)), gateway.services.reset.steps.purpose

        second_step = browser.prove("fdurand4")

        ticket = gateway.protection.tickets.open(purpose, second_step.fields["ticket"])
        assert set(ticket.payload) == {"login", "identity", "password_stamp", "min_length"}

    @pytest.mark.parametrize("ticket", ["", "x", "AAAA" * 40, "é"])
    def test_when_the_ticket_is_not_ours_then_nothing_changes(self, directory, browser, ticket):
        directory.add_person("fdurand4")
        second_step = browser.prove("fdurand4")

        page = browser.send(RESET, second_step, ticket=ticket, new_password=NEW, confirmation=NEW)

        assert page.status == 422
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_a_ticket_was_made_for_something_else_then_it_is_worth_nothing(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build()
        browser = Browser(create_app(gateway))
        second_step = browser.prove("fdurand4")
        payload = gateway.protection.tickets.open(
            gateway.services.reset.steps.purpose, second_step.fields["ticket"]
        ).payload
        forged = gateway.protection.tickets.issue("result", payload, 600)

        page = browser.send(RESET, second_step, ticket=forged, new_password=NEW, confirmation=NEW)

        assert page.status == 422
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "new, reported",
        [
            ("nouveau-2025", "au moins une lettre majuscule"),
            ("Durand!2025", "ne doit pas contenir votre nom"),
            (PASSWORD, "a déjà servi"),
        ],
    )
    def test_when_the_new_password_is_refused_then_another_one_can_be_chosen_on_that_page(
        self, directory, browser, new, reported
    ):
        directory.add_person("fdurand4")

        page = browser.choose(browser.prove("fdurand4"), new)

        assert page.status == 422
        assert reported in page.main
        browser.choose(page, NEW)
        assert directory.binds("fdurand4", NEW)

    @pytest.mark.parametrize("refused", ["court", "Durand!2025", PASSWORD])
    def test_when_somebody_goes_back_after_a_refusal_then_the_first_form_still_serves(
        self, directory, browser, refused
    ):
        directory.add_person("fdurand4")
        first_form = browser.prove("fdurand4")
        browser.choose(first_form, refused)

        browser.choose(first_form, NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_the_form_of_a_refusal_and_the_first_one_are_sent_then_only_the_first_of_both_counts(
        self, directory, browser
    ):
        directory.add_person("fdurand4")
        first_form = browser.prove("fdurand4")
        second_form = browser.choose(first_form, "court")
        browser.choose(first_form, NEW)

        browser.choose(second_form, "Encore-Autre-2026")

        assert directory.binds("fdurand4", NEW)

    def test_when_the_confirmation_differs_then_the_ticket_still_serves(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.choose(browser.prove("fdurand4"), NEW, confirmation="autre")

        assert "La confirmation ne correspond pas" in page.main
        browser.choose(page, NEW)
        assert directory.binds("fdurand4", NEW)


class TestClassicReset:
    def test_when_the_classic_mode_is_set_then_the_numen_in_capitals_opens_and_must_be_changed(
        self, directory, open_browser
    ):
        directory.add_person("fdurand4")

        page = open_browser(reset=INITIAL).prove("fdurand4", NUMEN.lower())

        assert "votre NUMEN" in page.main
        assert "Il doit être modifié" in page.main
        assert directory.binds("fdurand4", NUMEN)
        assert not directory.binds("fdurand4", PASSWORD)
        assert directory.read("fdurand4")["pwdReset"] == ["TRUE"]

    def test_when_the_initial_password_is_in_the_history_then_the_classic_mode_restores_it_all_the_same(
        self, directory, open_browser
    ):
        directory.add_person("fdurand4", password=NUMEN)
        browser = open_browser(reset=INITIAL)
        browser.change("fdurand4", NUMEN, NEW)

        page = browser.prove("fdurand4")

        assert page.status == 200
        assert directory.binds("fdurand4", NUMEN)
        assert "pwdPolicySubentry" not in directory.read("fdurand4")

    def test_when_the_initial_password_is_in_force_already_then_the_classic_mode_says_so_again(
        self, directory, open_browser
    ):
        directory.add_person("fdurand4", password=NUMEN)

        page = open_browser(reset=INITIAL).prove("fdurand4")

        assert page.status == 200
        assert directory.read("fdurand4")["pwdReset"] == ["TRUE"]

    def test_when_the_person_has_a_policy_of_their_own_then_the_classic_mode_gives_it_back(
        self, directory, open_browser
    ):
        own = f"cn=yearly,{POLICIES}"
        directory.add_person("fdurand4", pwdPolicySubentry=own)

        open_browser(reset=INITIAL).prove("fdurand4")

        assert directory.binds("fdurand4", NUMEN)
        assert directory.read("fdurand4")["pwdPolicySubentry"] == [own]

    def test_when_the_classic_mode_is_set_then_a_locked_account_is_unlocked(self, directory, open_browser):
        directory.add_person("fdurand4")
        directory.lock("fdurand4")

        open_browser(reset=INITIAL).prove("fdurand4")

        assert directory.binds("fdurand4", NUMEN)

    def test_when_the_initial_password_is_refused_then_the_classic_mode_gives_the_policy_back_and_says_why(
        self, directory, open_browser
    ):
        own = f"cn=yearly,{POLICIES}"
        directory.add_person("tgirard", numen=None, temporaryAgentNumber="T0123", pwdPolicySubentry=own)

        page = open_browser(reset=INITIAL).prove("tgirard", "T0123")

        assert page.status == 422
        assert "trop court" in page.main
        assert directory.read("tgirard")["pwdPolicySubentry"] == [own]
        assert directory.binds("tgirard", PASSWORD)

    def test_when_the_classic_mode_is_sent_twice_at_once_then_both_are_informed_and_the_policy_stays(
        self, directory, open_browser
    ):
        own = f"cn=yearly,{POLICIES}"
        browser = open_browser(reset=INITIAL)
        directory.add_person("fdurand4", password=NUMEN, pwdPolicySubentry=own)
        browser.change("fdurand4", NUMEN, NEW)
        with ThreadPoolExecutor(3) as pool:
            pages = list(pool.map(lambda _: Browser(browser.app).prove("fdurand4"), range(3)))

        assert [page.status for page in pages] == [200, 200, 200]
        assert directory.binds("fdurand4", NUMEN)
        assert directory.read("fdurand4")["pwdPolicySubentry"] == [own]
