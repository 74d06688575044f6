"""What tells a password manager which login and which password to keep, as each engine understands it."""

from __future__ import annotations

import pytest

from tests.engines.conftest import LOGIN
from tests.support.browser import CHANGE, RESET
from tests.support.slapd_server import NUMEN

HINTS = """() => Object.fromEntries(
  [...document.querySelectorAll("main form input[autocomplete]")]
    .filter(({ type, autocomplete }) => type === "password" || autocomplete === "username")
    .map(({ id, autocomplete }) => [id, autocomplete])
)"""
# The scripts change the fields for passwords.
pytestmark = pytest.mark.parametrize("javascript", [True], indirect=True, ids=["with-javascript"])


class TestChange:
    def test_when_shown_then_login_and_both_passwords_are_told_apart(self, page, site):
        page.open(site.address + CHANGE)

        assert page.ask(HINTS) == {
            "login": "username",
            "current_password": "current-password",
            "new_password": "new-password",
            "confirmation": "new-password",
        }


class TestReset:
    def test_when_a_password_is_chosen_then_the_login_that_it_belongs_to_is_in_the_form(self, page, site):
        page.open(site.address + RESET)
        page.fill(login=LOGIN, proof=NUMEN, birth_date="27/03/1985")
        page.send()

        assert page.ask(HINTS) == {
            "login": "username",
            "new_password": "new-password",
            "confirmation": "new-password",
        }
        assert page.ask("() => document.querySelector('[autocomplete=username]').value") == LOGIN
