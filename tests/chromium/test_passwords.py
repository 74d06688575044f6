"""What the fields for passwords do in a real browser: strength, rules, shown on request, Caps Lock."""

from __future__ import annotations

import pytest
from browser import CHANGE

WEAK, STRONG = "Soleil2026", "kX9-velours-Tramontane"


@pytest.fixture
def page(directory, serve, open_page):
    page = open_page()
    page.goto(serve() + CHANGE)
    page.wait_for_selector("html[data-strength=ready]")
    return page


def percent(page, field):
    page.wait_for_timeout(500)
    return page.evaluate("field => document.querySelector(`[data-strength-of=${field}] meter`).value", field)


@pytest.mark.parametrize("field", ["current_password", "new_password", "confirmation"])
def test_strength_when_something_is_typed_then_its_bar_and_words_tell_how_hard_it_is_to_guess(page, field):
    page.fill(f"#{field}", WEAK)
    weak = percent(page, field)
    page.fill(f"#{field}", STRONG)

    assert weak < 60 < percent(page, field)
    assert "Solidité\u00a0: 100\u00a0%, très bonne" in page.inner_text(f"[data-strength-of={field}]")


def test_strength_when_the_password_is_the_login_then_it_is_nearly_nothing(page):
    page.fill("#login", "tramontane")
    page.fill("#new_password", "Tramontane1")

    assert percent(page, "new_password") < 50


def test_strength_when_somebody_types_then_nothing_leaves_the_page(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.type("#new_password", STRONG)
    page.wait_for_timeout(600)

    assert asked == []


def test_rules_when_the_password_keeps_them_then_they_tick_off(page):
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


def test_password_when_it_is_shown_then_it_is_hidden_again_before_it_is_sent(page):
    page.fill("#new_password", STRONG)
    page.click("#new_password + button")
    assert page.get_attribute("#new_password", "type") == "text"
    assert page.get_attribute("#new_password + button", "aria-pressed") == "true"

    page.click("#new_password + button")

    assert page.get_attribute("#new_password", "type") == "password"


def test_password_when_pasted_then_it_is_taken(page):
    page.evaluate("text => navigator.clipboard?.writeText(text).catch(() => {})", STRONG)
    page.focus("#new_password")
    page.keyboard.insert_text(STRONG)

    assert page.input_value("#new_password") == STRONG


@pytest.mark.parametrize(
    "field, token",
    [("login", "username"), ("current_password", "current-password"), ("new_password", "new-password")],
)
def test_field_when_shown_then_password_managers_know_it(page, field, token):
    assert page.get_attribute(f"#{field}", "autocomplete") == token
