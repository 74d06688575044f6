"""Back, forward and reload in each engine: no question whether to send the form again, and names come back."""

from __future__ import annotations

import pytest

from tests.engines.conftest import LOGIN
from tests.support.browser import CHANGE, FIND
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
NAMES = {"surname": "Nemo", "given_name": "Nobody", "birth_date": "27/03/1985"}
# Engines know nothing of it that depends on scripts.
pytestmark = pytest.mark.parametrize("javascript", [True], indirect=True, ids=["with-javascript"])


class TestRefusal:
    def test_when_back_is_pressed_then_the_names_are_there_and_nothing_is_sent_again(self, page, site):
        page.open(site.address + FIND)
        page.fill(**NAMES)
        page.send()
        assert page.has("#resume-erreurs")
        page.go_back()
        kept = {name: page.value(name) for name in NAMES}
        page.go_forward()
        page.reload()

        assert page.has("#resume-erreurs")
        assert kept == NAMES
        assert site.sent_forms == [FIND]


class TestFound:
    def test_when_reloaded_then_the_account_is_still_shown_and_nothing_is_sent_again(self, page, site):
        page.open(site.address + FIND)
        page.fill(surname="Durand", given_name="François", birth_date="27/03/1985")
        page.send()
        page.reload()

        assert LOGIN in page.text
        assert site.sent_forms == [FIND]


class TestResult:
    def test_when_back_is_pressed_then_the_form_has_no_password_and_nothing_is_sent_again(self, page, site):
        page.open(site.address + CHANGE)
        page.fill(login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        page.send()
        page.go_back()
        left = [page.value(name) for name in ("current_password", "new_password", "confirmation")]
        page.reload()
        page.go_forward()

        assert "est modifié" in page.text
        assert left == ["", "", ""]
        assert site.sent_forms == [CHANGE]
