"""What the fields for passwords do in a real browser: shown on request, known to password managers."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE

STRONG = "kX9-velours-Tramontane"


@pytest.fixture
def page(directory, serve, open_page):
    page = open_page()
    page.goto(serve() + CHANGE)
    page.wait_for_selector("#confirmation + button")
    return page


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
