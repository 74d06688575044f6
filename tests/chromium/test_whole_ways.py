"""Whole ways in a real browser, with a real directory and a real mail server, to a new password in the directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from gateway.services.recovery_methods import RecoveryMethods
from tests.support.agent_browser import (
    AGENT,
    PERSON,
    REASON,
    SEARCH,
    SIGN_IN,
    add_agent,
    code_in,
    helpdesk_settings,
    plain_text,
    remove_group,
    set_agents,
)
from tests.support.authenticator import Authenticator
from tests.support.browser import CHANGE, RESET
from tests.support.chromium_pages import PHONE, ChromiumPages
from tests.support.matching import first_match
from tests.support.page_actions import choose, fill, follow_service, send, words
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.reminding import Reminding
from tests.support.served_gateways import ServedGateways
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer

LOGIN, NEW = "fdurand4", "Nouveau-2025"
OWN_MAIL = "francois@exemple.org"
KEY = "the same for every gateway of a test, 1234"
CHARTER = {"version": "2026-09", "url": "https://www.ac-example.fr/charte"}
WEEK = "/guichet/semaine"
RECOVERY = "/mes-moyens-de-secours"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


@dataclass
class Agent:
    """An agent of the helpdesk with a browser."""

    page: Page
    address: str
    mails: SmtpServer

    def sign_in(self) -> None:
        self.page.goto(self.address + SIGN_IN)
        fill(self.page, login=AGENT, current_password=PASSWORD)
        press(self.page, "Continuer")
        self.page.wait_for_selector("[name=code]")
        fill(self.page, code=code_in(self.mails))
        press(self.page, "Se connecter")
        self.page.wait_for_url(f"**{SEARCH}")

    def look(self, login: str, searched: str) -> None:
        fill(self.page, searched=searched, reason=REASON)
        press(self.page, "Rechercher")
        press(self.page, f"Ouvrir la fiche de {login}")
        self.page.wait_for_url(f"**{PERSON}/suite")

    def give_code(self) -> str:
        fill(self.page, current_password=PASSWORD)
        press(self.page, "Donner un code de réinitialisation")
        self.page.wait_for_selector(".given")
        return first_match(r"[2-9A-Z]{5} [2-9A-Z]{5}", words(self.page, ".given")).group()

    def sees_this_week(self, heading: str, count: int) -> None:
        """Wait until the chart of the week has this count: events are stored behind the answers."""

        def has_it() -> bool:
            self.page.goto(self.address + WEEK)
            chart = self.page.locator(".chart figcaption", has_text=heading).locator("strong")
            return chart.inner_text() == str(count)

        wait_until(has_it)


@pytest.fixture
def site(directory: SlapdServer, serve: ServedGateways, mail_server: SmtpServer, tmp_path: Path) -> Any:
    """Serves everything of the helpdesk; its agent is AGENT. Returns the address."""
    add_agent(directory)
    set_agents(directory, AGENT)

    def served(**sections: Any) -> str:
        return serve(
            **{
                "helpdesk": helpdesk_settings(directory),
                "people": {"private_mail": "privateMail", "phone": "mobile"},
                "notifications": {
                    "spool": tmp_path / "mails",
                    "smtp_host": "127.0.0.1",
                    "smtp_port": mail_server.port,
                },
                "events": {"keep_days": 30},
                "charter": CHARTER,
                **sections,
            }
        )

    yield served
    remove_group(directory)


class TestCode:
    def test_when_an_agent_gives_it_then_a_person_without_numen_resets_and_the_week_shows_it(
        self, site: Callable[..., str], open_page: ChromiumPages, mail_server: SmtpServer, directory: SlapdServer
    ) -> None:
        directory.add_person(LOGIN, numen=None, privateMail=OWN_MAIL)
        address = site()
        agent, person = Agent(open_page(), address, mail_server), open_page(viewport=PHONE)

        agent.sign_in()
        agent.look(LOGIN, "Durand")
        code = agent.give_code()
        assert "a remis un code" in plain_text(mail_server.to(OWN_MAIL))
        person.goto(address + RESET)
        fill(person, login=LOGIN, proof=code.lower(), birth_date="27/03/1985")
        send(person)
        person.check("[name=charter]")
        choose(person, NEW)

        assert "/resultat/" in person.url
        assert directory.binds(LOGIN, NEW)
        agent.sees_this_week("Mots de passe réinitialisés", 1)


class TestPasskey:
    def test_when_one_was_added_after_a_change_and_has_rested_then_it_resets(
        self,
        site: Callable[..., str],
        open_page: ChromiumPages,
        mail_server: SmtpServer,
        directory: SlapdServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        passed = timedelta(0)
        monkeypatch.setattr(
            "gateway.composition.recovery.RecoveryMethods",
            partial(RecoveryMethods, now=lambda: datetime.now(UTC) + passed),
        )
        directory.add_person(LOGIN, privateMail=OWN_MAIL)
        port = free_port()
        address = f"http://localhost:{port}"
        site(
            port=port,
            recovery={"methods": ["passkey"], "rp_id": "localhost", "origin": address},
            web={"secret_keys": [KEY]},
            charter={},
        )
        page = open_page(viewport=PHONE)
        Authenticator(page)

        page.goto(address + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)
        page.click("text=Ajouter un moyen de secours")
        fill(page, login=LOGIN, current_password=NEW)
        send(page)
        page.click("summary:has-text('Clé d’accès')")
        page.click("button:has-text('Ajouter'):visible")
        page.click("button:has-text('Créer la clé d’accès')")
        page.wait_for_selector("text=Le moyen de secours a été ajouté")
        wait_until(lambda: any("Clé d’accès" in plain_text(mail) for mail in mail_server.mails))
        use_passkey(page, address)
        page.wait_for_selector("#resume-erreurs")
        passed = timedelta(hours=48, minutes=1)
        use_passkey(page, address)
        page.wait_for_selector("[name=new_password]")
        choose(page, "Autrement-2026")

        assert "/resultat/" in page.url
        assert directory.binds(LOGIN, "Autrement-2026")


def use_passkey(page: Page, address: str) -> None:
    page.goto(address + RESET)
    fill(page, login=LOGIN)
    press(page, "Utiliser ma clé d’accès")


class TestReminder:
    def test_when_it_arrives_then_its_advice_works_and_nothing_is_due_any_more(
        self,
        site: Callable[..., str],
        open_page: ChromiumPages,
        mail_server: SmtpServer,
        directory: SlapdServer,
        tmp_path: Path,
    ) -> None:
        reminding = Reminding(tmp_path, directory)
        reminding.add(LOGIN, days_left=6.5)
        assert reminding.run().returncode == 0
        address = site()
        mail = plain_text(mail_server.to(f"{LOGIN}@ac-example.fr"))
        assert LOGIN in mail
        assert "Modifier mon mot de passe" in mail
        page = open_page()

        page.goto(address)
        follow_service(page, "Modifier mon mot de passe")
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        page.check("[name=charter]")
        send(page)

        assert directory.binds(LOGIN, NEW)
        assert reminding.outcomes() == {}
        agent = Agent(open_page(), address, mail_server)
        agent.sign_in()
        agent.sees_this_week("Mots de passe modifiés", 1)
