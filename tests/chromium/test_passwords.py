"""What the fields for passwords do in a real browser: strength, rules, shown on request, Caps Lock."""

from __future__ import annotations

import pytest

from gateway.account.model import Secret
from gateway.protection.strength import Strength
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import press_enter
from tests.support.password_policies import own_policy
from tests.support.slapd_server import NUMEN

FIELDS = ["current_password", "new_password", "confirmation"]
WEAK, STRONG = "Soleil2026", "kX9-velours-Tramontane"


@pytest.fixture
def page(directory, serve, open_page):
    page = open_page()
    page.goto(serve() + CHANGE)
    page.wait_for_selector("html[data-strength=ready]")
    return page


def wait_for_text(page, selector, text):
    page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).innerText.includes(text)", arg=[selector, text]
    )


def place_of_button(page):
    """Pixels from the top of the page."""
    return page.evaluate(
        "scrollY + document.querySelector('#service > button:not(.first)').getBoundingClientRect().top"
    )


def percent(page, field):
    return page.evaluate("field => document.querySelector(`[data-strength-of=${field}] meter`).value", field)


PASSWORDS = [
    "azerty", "Soleil2026", "Soleil-2026", "Académie2026", "Nouveau-2025", "kX9-velours-Tramontane", "Xq7!vB2$",
    "p@ssw0rd", "correct cheval batterie agrafe", "fdurand4-2026", "27/03/1985", "qsdfghjklm", "Jean-Pierre75",
    "é" * 12, "😀" * 9, " espaces devant", "a" * 300, "'\\\"</script>", "Tr0ub4dor&3", "ÀÉÎÕÜ-123",
]  # fmt: skip


class TestLeastStrength:
    def test_when_set_then_its_rule_ticks_off_with_the_bar(self, serve, open_page):
        page = open_page()
        page.goto(serve(password={"min_strength": 80}) + CHANGE)
        page.wait_for_selector("html[data-strength=ready]")

        page.fill("#new_password", WEAK)
        weak = page.get_attribute("[data-rule=too_weak]", "class")
        page.fill("#new_password", STRONG)

        assert (weak, page.get_attribute("[data-rule=too_weak]", "class")) == ("broken", "kept")


class TestStrength:
    @pytest.mark.parametrize("field", FIELDS)
    def test_when_something_is_typed_then_its_bar_and_words_tell_how_hard_it_is_to_guess(self, page, field):
        page.fill(f"#{field}", WEAK)
        weak = percent(page, field)
        page.fill(f"#{field}", STRONG)

        assert weak < 60 < percent(page, field)
        wait_for_text(page, f"[data-strength-of={field}]", "Solidité\u00a0: 100\u00a0%, très bonne")

    @pytest.mark.parametrize("width", [320, 360, 1280])
    @pytest.mark.parametrize("language", ["fr-FR", "en-GB"])
    def test_when_bars_and_words_come_then_the_button_stays_under_the_pointer(
        self, serve, open_page, width, language
    ):
        page = open_page(viewport={"width": width, "height": 740}, locale=language)
        held = []
        page.route("**/strength.js*", lambda route: held.append(route))
        page.goto(serve() + CHANGE, wait_until="commit")
        # Scripts run in their order, so the one of the bars comes after this button.
        page.wait_for_selector("#confirmation + button")
        while not held:
            page.wait_for_timeout(10)
        before = place_of_button(page)
        held[0].continue_()
        page.wait_for_load_state()

        for field in FIELDS:
            page.fill(f"#{field}", WEAK)
        page.wait_for_selector("html[data-strength=ready]")
        for field in FIELDS:
            page.fill(f"#{field}", STRONG)
            wait_for_text(page, f"[data-strength-of={field}]", "100")

        assert place_of_button(page) == before

    def test_when_the_password_is_the_login_then_it_is_nearly_nothing(self, page):
        page.fill("#login", "tramontane")
        page.fill("#new_password", "Tramontane1")

        assert percent(page, "new_password") < 50

    @pytest.mark.parametrize("login", ["", "fdurand4"])
    def test_when_the_server_judges_too_then_it_says_the_same(self, page, login):
        shown = page.evaluate(
            "([passwords, login]) => passwords.map(password => estimateStrength(password, login))", [PASSWORDS, login]
        )
        strength = Strength()

        assert [strength(Secret(password), login) for password in PASSWORDS] == shown

    def test_when_somebody_types_then_nothing_leaves_the_page(self, page):
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.clock.install()

        page.type("#new_password", STRONG)
        page.clock.run_for(60 * 1000)

        assert asked == []


class TestRules:
    def test_when_the_password_keeps_them_then_they_tick_off(self, page):
        page.fill("#new_password", "abc")
        states = page.evaluate(
            "() => Object.fromEntries([...document.querySelectorAll('[data-rule]')]"
            ".map(item => [item.dataset.rule, item.className]))"
        )
        page.fill("#new_password", "Abcdefg-1")
        after = page.evaluate("() => [...document.querySelectorAll('[data-rule].broken')].length")

        assert states["no_lower_case"] == "kept"
        assert states["too_short"] == states["no_digit"] == "broken"
        assert after == 0

    def test_when_the_persons_policy_asks_for_more_characters_then_they_tick_off_at_that_number(
        self, directory, serve, open_page
    ):
        with own_policy(directory, "long", pwdMinLength="16") as policy:
            directory.add_person("fdurand4", pwdPolicySubentry=policy)
            page = open_page()
            page.goto(serve() + RESET)
            for field, value in {"#login": "fdurand4", "#proof": NUMEN, "#birth_date": "27/03/1985"}.items():
                page.fill(field, value)
            press_enter(page)

            page.fill("#new_password", "Nouveau-2025")
            too_short = page.get_attribute("[data-rule=too_short]", "class")
            page.fill("#new_password", "Nouveau-2025-plus-long")

            assert (too_short, page.get_attribute("[data-rule=too_short]", "class")) == ("broken", "kept")

    def test_when_the_typing_rests_then_screen_readers_are_informed_how_many_are_kept(self, page):
        page.fill("#new_password", "abc")

        wait_for_text(page, "#regles [role=status]", "Règles respectées\u00a0: 3 sur 7")


class TestPassword:
    def test_when_its_script_comes_while_somebody_types_then_the_focus_stays(self, serve, open_page):
        page = open_page()
        held = []
        page.route("**/passwords.js*", lambda route: held.append(route))
        with page.expect_request("**/passwords.js*"):
            page.goto(serve() + CHANGE, wait_until="commit")
        page.focus("#current_password")
        while not held:
            page.wait_for_timeout(10)

        held[0].continue_()
        page.wait_for_selector("#current_password + button")

        assert page.evaluate("document.activeElement.id") == "current_password"

    def test_when_it_is_shown_then_it_is_hidden_again_before_it_is_sent(self, page):
        page.fill("#new_password", STRONG)
        page.click("#new_password + button")
        assert page.get_attribute("#new_password", "type") == "text"
        assert page.get_attribute("#new_password + button", "aria-pressed") == "true"

        page.click("#new_password + button")

        assert page.get_attribute("#new_password", "type") == "password"

    def test_when_pasted_then_it_is_taken(self, page):
        page.evaluate("text => navigator.clipboard?.writeText(text).catch(() => {})", STRONG)
        page.focus("#new_password")
        page.keyboard.insert_text(STRONG)

        assert page.input_value("#new_password") == STRONG


class TestField:
    @pytest.mark.parametrize(
        "field, token",
        [("login", "username"), ("current_password", "current-password"), ("new_password", "new-password")],
    )
    def test_when_shown_then_password_managers_know_it(self, page, field, token):
        assert page.get_attribute(f"#{field}", "autocomplete") == token
