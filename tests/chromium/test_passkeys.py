"""Passkeys in a real browser, with a virtual authenticator: one is added, and it resets the password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.accessibility import problems_of
from tests.support.authenticator import Authenticator
from tests.support.browser import RESET
from tests.support.chromium_pages import DESKTOP, PHONE, ChromiumPages
from tests.support.ports import free_port
from tests.support.served_gateways import ServedGateways
from tests.support.slapd_server import PASSWORD, SlapdServer

RECOVERY = "/mes-moyens-de-secours"
LOGIN, NEW = "fdurand4", "Nouveau-2025"
KEY = "the same for every gateway of a test, 1234"
REFUSED = "Cette clé d’accès n’ouvre pas ce compte"


@dataclass
class Site:
    """A gateway that people reach at its name, and a page before it with an authenticator."""

    address: str
    page: Page
    authenticator: Authenticator

    def add_passkey(self, login: str = LOGIN) -> None:
        self.make_passkey(login)
        self.page.wait_for_selector("text=Le moyen de secours a été ajouté")

    def make_passkey(self, login: str = LOGIN) -> None:
        self.choose_passkey(login)
        self.page.click("button:has-text('Créer la clé d’accès')")

    def choose_passkey(self, login: str = LOGIN) -> None:
        page = self.page
        page.goto(self.address + RECOVERY)
        page.fill("[name=login]", login)
        page.fill("[name=current_password]", PASSWORD)
        page.click("main button:has-text('Continuer')")
        page.click("summary:has-text('Clé d’accès')")
        page.click("button:has-text('Ajouter'):visible")

    def use_passkey(self, login: str = LOGIN) -> None:
        self.page.goto(self.address + RESET)
        self.page.fill("#login", login)
        self.page.click("button:has-text('Utiliser ma clé d’accès')")

    def expect_refused(self) -> None:
        self.page.wait_for_selector(f"#resume-erreurs >> text={REFUSED}")


@pytest.fixture
def open_site(directory: SlapdServer, serve: ServedGateways, open_page: ChromiumPages) -> Callable[..., Site]:
    directory.add_person(LOGIN)
    directory.add_person("jmartin")

    def site(origin: str = "", viewport: Any = DESKTOP, **recovery: Any) -> Site:
        port = free_port()
        name = f"http://localhost:{port}"
        wanted = {"methods": ["passkey"], "rp_id": "localhost", "origin": origin or name, "rest_hours": 0}
        serve(port=port, recovery={**wanted, **recovery}, web={"secret_keys": [KEY]})
        page = open_page(viewport=viewport)
        return Site(name, page, Authenticator(page))

    return site


class TestReset:
    def test_when_a_passkey_was_added_then_it_alone_lets_the_person_choose_a_password(
        self, open_site: Callable[..., Site], directory: SlapdServer
    ) -> None:
        site = open_site()
        site.add_passkey()

        site.use_passkey()
        site.page.fill("[name=new_password]", NEW)
        site.page.fill("[name=confirmation]", NEW)
        site.page.click("main form#service button.btn-brand")
        site.page.wait_for_selector("#resultat")

        assert directory.binds(LOGIN, NEW)

    @pytest.mark.parametrize("login", ["jmartin", "nobody"])
    def test_when_the_login_is_another_one_or_unknown_then_the_answer_is_the_same(
        self, open_site: Callable[..., Site], login: str
    ) -> None:
        site = open_site()
        site.add_passkey()

        site.use_passkey(login)

        site.expect_refused()

    def test_when_it_still_rests_then_it_is_refused(self, open_site: Callable[..., Site]) -> None:
        site = open_site(rest_hours=48)
        site.add_passkey()

        site.use_passkey()

        site.expect_refused()

    def test_when_a_cloned_authenticator_uses_it_then_it_is_refused(
        self, open_site: Callable[..., Site], capfd: pytest.CaptureFixture[str]
    ) -> None:
        site = open_site()
        site.add_passkey()
        copy = site.authenticator.passkeys
        site.use_passkey()
        site.page.wait_for_selector("[name=new_password]")

        site.authenticator.put_back(copy)
        site.use_passkey()

        site.expect_refused()
        assert "passkey_cloned" in capfd.readouterr().err

    def test_when_the_device_does_not_recognise_its_owner_then_nothing_is_sent(
        self, open_site: Callable[..., Site]
    ) -> None:
        site = open_site()
        site.add_passkey()
        site.authenticator.recognises_nobody()

        site.use_passkey()

        site.page.wait_for_selector("text=Aucune clé d’accès n’a été utilisée")
        assert site.page.url == site.address + RESET


class TestSlowScript:
    def test_when_it_has_not_come_yet_then_nothing_can_be_sent(self, open_site: Callable[..., Site]) -> None:
        site = open_site()
        held: list[Any] = []
        site.page.route("**/passkey.js*", lambda route: held.append(route))
        site.choose_passkey()
        button = site.page.locator("button:has-text('Créer la clé d’accès')")
        button.wait_for()
        while not held:
            site.page.wait_for_timeout(10)
        assert button.is_disabled()

        held[0].continue_()

        expect(button).to_be_enabled()

    def test_when_it_never_comes_then_the_page_says_what_to_do(self, open_site: Callable[..., Site]) -> None:
        site = open_site()
        site.page.route("**/passkey.js*", lambda route: route.fulfill(content_type="text/javascript", body=""))

        site.choose_passkey()

        site.page.wait_for_selector("text=Cette page n’est pas complète. Rechargez-la.")


class TestOtherSite:
    def test_when_the_site_is_not_the_one_of_the_settings_then_no_passkey_is_added(
        self, open_site: Callable[..., Site], directory: SlapdServer
    ) -> None:
        site = open_site(origin="http://localhost:1")

        site.make_passkey()

        site.page.wait_for_selector("text=La réponse de votre navigateur n’a pas pu être utilisée")
        assert "mamiaRecovery" not in directory.read(LOGIN)

    def test_when_the_passkey_answers_another_site_then_it_is_refused(self, open_site: Callable[..., Site]) -> None:
        site = open_site()
        site.add_passkey()
        passkeys = site.authenticator.passkeys

        other = open_site(origin="http://localhost:1")
        other.authenticator.put_back(passkeys)
        other.use_passkey()

        other.expect_refused()
        assert other.authenticator.passkeys[0]["signCount"] > passkeys[0]["signCount"]


class TestPages:
    @pytest.mark.parametrize("viewport", [PHONE, DESKTOP])
    def test_when_they_are_shown_then_axe_finds_nothing(
        self, open_site: Callable[..., Site], viewport: dict[str, int]
    ) -> None:
        site = open_site(viewport=viewport, methods=["passkey", "totp"], rest_hours=48)
        page = site.page
        page.goto(site.address + RECOVERY)
        assert problems_of(page, "recovery") == []

        site.add_passkey()
        assert problems_of(page, "recovery-methods") == []
        page.click("summary:has-text('Application de codes')")
        page.click("button:has-text('Ajouter'):visible")
        page.wait_for_selector("img.qr")
        assert problems_of(page, "recovery-confirm") == []
        page.goto(site.address + RESET)
        assert problems_of(page, "recovery-reset") == []
