"""The CAPTCHA's ways in a real browser, under the pages' own Content-Security-Policy."""

from __future__ import annotations

import pytest
from browser import CHANGE
from directory_server import PASSWORD

NEW = "Nouveau-2025"
ON = {"required": ["change"]}


@pytest.fixture
def page(directory, serve, open_page):
    directory.add_person("fdurand4")
    page = open_page()
    page.goto(serve(captcha=ON) + CHANGE)
    return page


def type_all(page):
    for name, value in (
        ("login", "fdurand4"),
        ("current_password", PASSWORD),
        ("new_password", NEW),
        ("confirmation", NEW),
    ):
        page.fill(f"[name={name}]", value)


def do_the_work(page):
    page.click("altcha-widget label")
    wait_until_done(page)


def wait_until_done(page):
    page.wait_for_function("() => document.querySelector('input[name=altcha]')?.value")


def send(page):
    page.click("main button:visible:has-text('Modifier mon mot de passe')")


def test_automatic_way_when_its_box_is_ticked_then_nothing_is_to_be_typed(page, directory):
    type_all(page)
    do_the_work(page)
    send(page)

    page.wait_for_selector("text=a enregistré")
    assert directory.binds("fdurand4", NEW)


def test_automatic_way_when_only_the_keyboard_is_used_then_it_works_too(page):
    page.focus("altcha-widget input[type=checkbox]")
    page.keyboard.press("Space")

    wait_until_done(page)


def test_automatic_way_when_shown_then_its_words_are_french(page):
    page.wait_for_selector("altcha-widget")

    assert "Vérification automatique" in page.inner_text("altcha-widget")


def test_picture_when_typed_beside_the_widget_then_it_counts_by_itself(page, directory):
    type_all(page)
    page.fill("#captcha", "AAAAAA")
    send(page)

    page.wait_for_selector("text=ne sont pas les bons")
    assert page.get_attribute("altcha-widget input[type=checkbox]", "required") is None


def test_sound_when_played_then_the_browser_can_read_it(page):
    page.evaluate("document.getElementById('captcha-son').load()")
    page.wait_for_function("() => document.getElementById('captcha-son').duration > 4")


def test_sound_when_only_the_keyboard_is_used_then_its_player_can_be_reached_and_has_a_name(page):
    page.focus("#captcha-son")

    assert page.evaluate("() => document.activeElement.id") == "captcha-son"
    assert page.get_attribute("#captcha-son", "aria-labelledby") == "captcha-son-nom"
    assert page.inner_text("#captcha-son-nom") == "Écouter les caractères"


def test_sound_when_english_is_asked_for_then_the_same_player_speaks_it(page):
    page.click("#captcha-son-autre")

    page.wait_for_function("() => document.getElementById('captcha-son').duration > 4")
    assert page.get_attribute("#captcha-son", "src").endswith("?lang=en")
    assert page.url.endswith(CHANGE)


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_form_when_the_window_is_narrow_then_nothing_runs_over_its_edge(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    page.wait_for_selector("altcha-widget")

    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_other_characters_when_asked_for_then_picture_and_sound_change_together(page):
    before = page.get_attribute("#captcha-image", "src")

    page.click("#captcha-autre")
    page.wait_for_function("before => document.getElementById('captcha-image').src.indexOf(before) < 0", arg=before)

    challenge = page.input_value("#challenge")
    assert page.get_attribute("#captcha-image", "src") == f"/captcha/{challenge}.png"
    assert page.get_attribute("#captcha-son", "src") == f"/captcha/{challenge}.wav?lang=fr"
    assert page.evaluate("document.activeElement.id") == "captcha"


def test_two_tabs_when_both_are_answered_then_both_count(directory, serve, open_page):
    directory.add_person("fdurand4")
    address = serve(captcha=ON) + CHANGE
    first = open_page()
    second = first.context.new_page()
    for tab in (first, second):
        tab.goto(address)
    for tab, current, new in ((second, PASSWORD, NEW), (first, NEW, "Troisieme-2026!")):
        type_all(tab)
        for name, value in (("current_password", current), ("new_password", new), ("confirmation", new)):
            tab.fill(f"[name={name}]", value)
        do_the_work(tab)
        send(tab)
        tab.wait_for_selector("text=a enregistré")

    assert directory.binds("fdurand4", "Troisieme-2026!")
