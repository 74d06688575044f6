"""The rules beside a new password: kept, broken, or not known to the page, and what screen readers are told."""

from __future__ import annotations

import pytest

from gateway.account.model import Secret
from gateway.account.policy import PasswordRules, Rule
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import prove, words
from tests.support.password_policies import own_policy

GOOD = "Velours-2025"
JUDGED_AT_SENDING = {"contains_name": "", "common": ""}
SPELLINGS = [
    ("fdurand4", "F-Durand-4x!A"), ("f.durand", "Fdurand-2025"), ("lœwy", "Loewy-2025"), ("straße", "STRASSE-2025a"),
    ("élodie", "Elodie-2025"), ("ly", "Ly-lys-2025"), ("fdurand4", "Velours-2025"), ("smołka", "Smolka-2025"),
    ("ﬁlou", "Filou-2025"), ("d’artagnan", "D'Artagnan-25"),
]  # fmt: skip


@pytest.fixture
def page(directory, serve, open_page):
    page = open_page()
    page.goto(serve() + CHANGE)
    return page


@pytest.fixture
def choosing(directory, serve, open_page):
    """The page of a reset on which the new password is chosen."""
    directory.add_person("fdurand4")
    page = open_page()
    prove(page, serve(captcha={"required": []}) + RESET)
    return page


def states(page):
    """From each rule to "kept", "broken" or nothing, once they are judged."""
    wait_until_judged(page)
    return page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-rule]')]"
        ".map(item => [item.dataset.rule, item.className]))"
    )


def shown(page):
    wait_until_judged(page)
    return words(page, "#regles .count")


def wait_until_judged(page):
    page.wait_for_selector("#regles ul:not([aria-busy])")


def wait_until_announced(page, text):
    page.wait_for_function(
        "text => document.querySelector('#regles [role=status]').textContent.replace(/\\s/g, ' ') === text",
        arg=text,
    )


class TestRules:
    def test_when_nothing_is_typed_then_none_is_kept_or_broken(self, page):
        assert set(states(page).values()) == {""}
        assert shown(page) == ""

    def test_when_the_password_is_poor_then_those_that_it_breaks_are_marked(self, page):
        page.fill("#new_password", "abc")

        assert states(page)["no_lower_case"] == "kept"
        assert [states(page)[rule] for rule in ("too_short", "no_digit", "no_special")] == ["broken"] * 3

    def test_when_all_is_typed_then_those_that_the_page_can_judge_are_kept_and_the_others_are_neutral(self, page):
        page.fill("#login", "fdurand4")
        page.fill("#current_password", "Ancien-2024")
        page.fill("#new_password", GOOD)

        found = states(page)

        assert len(found) == 9
        assert {rule: state for rule, state in found.items() if state != "kept"} == JUDGED_AT_SENDING

    def test_when_login_and_current_password_are_not_typed_yet_then_their_rules_are_neutral(self, page):
        page.fill("#new_password", GOOD)

        assert (states(page)["same_as_current"], states(page)["contains_login"]) == ("", "")

    def test_when_an_academic_address_is_typed_as_login_then_its_rule_is_neutral(self, page):
        page.fill("#login", "francois.durand@ac-example.fr")
        page.fill("#new_password", GOOD)

        assert states(page)["contains_login"] == ""

    def test_when_the_new_password_is_the_current_one_then_its_rule_is_broken(self, page):
        page.fill("#current_password", GOOD)
        page.fill("#new_password", GOOD)

        assert states(page)["same_as_current"] == "broken"

    @pytest.mark.parametrize("login, password", SPELLINGS)
    def test_when_the_login_is_in_it_however_spelt_then_the_page_says_what_the_server_will_say(
        self, page, login, password
    ):
        page.fill("#login", login)
        page.fill("#new_password", password)

        is_broken = Rule.CONTAINS_LOGIN in PasswordRules().violations(Secret(password), login=login)

        assert states(page)["contains_login"] == ("broken" if is_broken else "kept")

    def test_when_a_password_is_reset_then_the_rule_about_the_current_one_is_neutral(self, choosing):
        choosing.fill("#new_password", GOOD)

        found = states(choosing)

        assert len(found) == 9
        assert {rule: state for rule, state in found.items() if state != "kept"} == {
            "same_as_current": "",
            **JUDGED_AT_SENDING,
        }

    def test_when_the_persons_policy_asks_for_more_characters_then_it_is_kept_from_that_number_on(
        self, directory, serve, open_page
    ):
        with own_policy(directory, "long", pwdMinLength="16") as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            page = open_page()
            prove(page, serve(captcha={"required": []}) + RESET)

            page.fill("#new_password", "Velours-2025")
            short = states(page)["too_short"]
            page.fill("#new_password", "Velours-2025-plus-long")

            assert (short, states(page)["too_short"]) == ("broken", "kept")


class TestLeastStrength:
    def test_when_set_then_its_rule_follows_the_bar(self, serve, open_page):
        page = open_page()
        page.goto(serve(password={"min_strength": 80}) + CHANGE)
        assert states(page)["too_weak"] == ""

        page.fill("#new_password", "Soleil2026")
        page.wait_for_selector("[data-rule=too_weak].broken")
        page.fill("#new_password", "kX9-velours-Tramontane")

        page.wait_for_selector("[data-rule=too_weak].kept")

    def test_when_the_field_is_emptied_then_it_is_neutral_again(self, serve, open_page):
        page = open_page()
        page.goto(serve(password={"min_strength": 80}) + CHANGE)
        page.fill("#new_password", "kX9-velours-Tramontane")
        page.wait_for_selector("[data-rule=too_weak].kept")

        page.fill("#new_password", "")

        assert states(page)["too_weak"] == ""


class TestCount:
    def test_when_all_that_can_be_judged_is_kept_then_it_says_that_the_others_are_verified_at_sending(self, page):
        page.fill("#login", "fdurand4")
        page.fill("#current_password", "Ancien-2024")
        page.fill("#new_password", GOOD)

        assert shown(page) == "7 règles sur 9 respectées ; les 2 autres sont vérifiées à l’envoi."

    def test_when_some_are_broken_then_it_does_not_speak_of_all_others(self, page):
        page.fill("#new_password", "a")

        assert shown(page) == "1 règle sur 9 respectée ; 4 sont vérifiées à l’envoi."

    def test_when_in_english_then_it_says_the_same(self, serve, open_page):
        page = open_page(locale="en-GB")
        page.goto(serve() + CHANGE)
        page.fill("#login", "fdurand4")
        page.fill("#current_password", "Ancien-2024")
        page.fill("#new_password", GOOD)

        assert shown(page) == "7 of 9 rules are met; the other 2 are checked when you send the form."


class TestScreenReader:
    def test_when_the_typing_rests_then_it_is_told_which_rules_are_broken(self, page):
        page.fill("#login", "fdurand4")
        page.fill("#current_password", "Ancien-2024")
        page.fill("#new_password", "Velours")

        wait_until_announced(
            page,
            "4 règles sur 9 respectées ; 2 sont vérifiées à l’envoi. Règles non respectées : contenir au moins"
            " 8 caractères ; contenir au moins un chiffre ; contenir au moins un caractère spécial, ni lettre ni"
            " chiffre (par exemple - ! ? @).",
        )
        assert page.get_attribute("#regles .count", "aria-hidden") == "true"

    def test_when_somebody_types_then_it_waits_until_the_typing_rests(self, page):
        page.clock.install()
        page.clock.pause_at(1_900_000_000)
        page.fill("#new_password", "Vel")
        page.clock.run_for(700)
        page.fill("#new_password", "Velours")
        page.clock.run_for(700)
        early = page.text_content("#regles [role=status]")
        page.clock.run_for(200)

        assert early == ""
        assert "contenir au moins un chiffre" in page.text_content("#regles [role=status]")


class TestWithoutScripts:
    def test_when_the_page_is_shown_then_it_says_nothing_about_what_is_kept(self, serve, open_page):
        page = open_page(java_script_enabled=False)
        page.goto(serve() + CHANGE)
        page.fill("#new_password", "abc")

        assert page.locator("#regles li").count() == 9
        assert page.locator("#regles li[class]").count() == 0
        assert [page.locator(one).is_visible() for one in (".strength >> nth=0", "#regles .count")] == [False, False]
