"""A person without a NUMEN resets the password with a code of the helpdesk, in a real browser."""

from __future__ import annotations

import pytest

from tests.support.accessibility import problems_of
from tests.support.browser import RESET
from tests.support.chromium_pages import DESKTOP, PHONE
from tests.support.helpdesk import AGENT, helpdesk_of

NEW = "Nouveau-2025"
SECRET_KEY = "one and the same key of every front end 123"


@pytest.fixture
def sections(directory):
    directory.add_person("tgirard", numen=None)
    return {"helpdesk": helpdesk_of(directory), "web": {"secret_keys": [SECRET_KEY], "secure_cookies": False}}


@pytest.fixture
def code(build, sections):
    """A code that an agent gave at another front end."""
    return build(**sections).services.reset_codes.give("tgirard", "helen", "ticket 4711", AGENT).code.reveal()


class TestCode:
    @pytest.mark.parametrize("scripts", [True, False])
    def test_when_the_person_types_it_in_the_place_of_the_numen_then_a_new_password_is_set(
        self, directory, open_page, serve, sections, code, scripts
    ):
        page = open_page(viewport=PHONE, java_script_enabled=scripts)
        page.goto(serve(**sections) + RESET)
        page.get_by_label("code de l’assistance").fill(f"{code[:5]} {code[5:]}".lower())
        page.locator("#login").fill("tgirard")
        page.locator("#birth_date").fill("27/03/1985")
        page.locator("#birth_date").press("Enter")
        page.locator("#new_password").fill(NEW)
        page.locator("#confirmation").fill(NEW)
        page.locator("#confirmation").press("Enter")

        page.get_by_text("est modifié").first.wait_for()
        assert directory.binds("tgirard", NEW)

    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_when_the_form_and_its_refusal_are_shown_then_everybody_can_use_them(
        self, open_page, serve, sections, language
    ):
        address = serve(**{**sections, "captcha": {"required": ["reset"]}})
        page = open_page(viewport=DESKTOP, locale=language, java_script_enabled=True)
        page.goto(address + RESET)
        assert problems_of(page, "codes-form") == []

        address = serve(**sections)
        page.goto(address + RESET)
        page.locator("#login").fill("tgirard")
        page.locator("#proof").fill("K7PRD 2MX9Q")
        page.locator("#birth_date").fill("27/03/1985")
        page.locator("#birth_date").press("Enter")
        page.wait_for_selector("#resume-erreurs")
        assert problems_of(page, "codes-refused") == []
