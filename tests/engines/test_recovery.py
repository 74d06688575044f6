"""Recovery methods and the acceptable use policy in each engine, with JavaScript and without."""

from __future__ import annotations

import re

import pyotp
import pytest

from tests.engines.conftest import LOGIN, SETTINGS
from tests.support.browser import CHANGE, RESET
from tests.support.engines.recorded_site import RecordedSite
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.slapd_server import NUMEN, PASSWORD

RECOVERY = "/mes-moyens-de-secours"
MAIL, NAME, NEW = "francois@exemple.org", "Ma boîte", "Nouveau-2025"
NEEDS_JAVASCRIPT = "a besoin de JavaScript"
ELSEWHERE = "ne fonctionnent qu’à l’adresse"
KNOWS_NONE = "ce navigateur ne sait pas s’en servir"


@pytest.fixture
def site(serve, engine, mail_server, tmp_path):
    """WebKitGTK, which has no WebAuthn, is at the site's own address; the others are where no passkey works."""
    port, recorded = free_port(), RecordedSite()
    own = f"http://localhost:{port}"
    served = serve(
        port=port,
        line=recorded.line,
        web=SETTINGS["web"],
        recovery={"methods": ["mail", "totp", "passkey"], "rp_id": "localhost", "origin": own, "rest_hours": 0},
        charter={"version": "2026-09", "url": "https://www.ac-example.fr/charte"},
        captcha={"required": []},
        notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
    )
    recorded.address = own if engine == "webkitgtk" else served
    return recorded


@pytest.fixture
def try_passkey(page, engine, javascript):
    """Presses the button for a passkey if there is one, and expects a sentence that says why it does nothing."""
    sentence = NEEDS_JAVASCRIPT if not javascript else KNOWS_NONE if engine == "webkitgtk" else ELSEWHERE

    def press(selector):
        if javascript:
            page.press_enter(selector)
        else:
            assert not page.is_shown(selector)
        wait_until(lambda: sentence in page.text)

    return press


def sign_in(page, site, password=PASSWORD):
    page.open(site.address + RECOVERY)
    page.fill(login=LOGIN, current_password=password)
    page.send()


def add(page, kind, address=""):
    box = f".add-method:has([value={kind}])"
    page.unfold(box)
    if address:
        page.fill(address=address)
    page.press(f"{box} button")


def confirm(page, answer):
    page.fill(answer=answer)
    page.send()


def app_of(page):
    """The app that has read what the page shows."""
    return pyotp.TOTP(re.sub(r"\s", "", page.ask("() => document.querySelector('.key').textContent")))


def code_from(mail_server):
    """The code in the first mail to MAIL that has one; what came before is forgotten."""

    def codes():
        texts = (mail.get_body(("plain",)).get_content() for mail in mail_server.mails if mail["To"] == MAIL)
        return [code for text in texts for code in re.findall(r"\b\d{6}\b", text)]

    wait_until(codes)
    [code] = codes()
    mail_server.mails.clear()
    return code


class TestMethods:
    def test_when_they_are_added_then_one_confirms_a_reset_and_each_can_be_removed(
        self, page, site, try_passkey, mail_server, directory
    ):
        sign_in(page, site)
        assert "Aucun moyen de secours" in page.text
        add(page, "passkey")
        try_passkey("#service button:not([name])")
        page.press("[name=leave]")
        add(page, "mail", "francois")
        assert page.has("#resume-erreurs a[href='#address']")
        add(page, "mail", MAIL)
        confirm(page, "000000x")
        assert "Essais restants : 4" in page.text
        confirm(page, code_from(mail_server))
        page.unfold(".recovery-methods details")
        page.type_into(".recovery-methods [name=method_name]", NAME)
        page.press("[value=rename]")
        add(page, "totp")
        confirm(page, app_of(page).now())
        assert NAME in page.text
        sent = list(site.sent_forms)
        page.go_back()
        page.go_forward()
        assert "Le moyen de secours a été ajouté." in page.text
        assert site.sent_forms == sent

        page.open(site.address + RESET)
        page.fill(login=LOGIN)
        try_passkey("#cle button")
        page.fill(proof=NUMEN, birth_date="27/03/1985")
        page.send()
        page.tick(channel_to(page, "@"))
        page.send()
        page.fill(code=code_from(mail_server))
        page.send()
        page.fill(new_password=NEW, confirmation=NEW)
        page.send()
        assert page.has("#resume-erreurs a[href='#charter']")
        page.fill(new_password=NEW, confirmation=NEW)
        page.tick("#charter")
        page.send()
        assert "Mot de passe modifié" in page.text

        sign_in(page, site, NEW)
        for left in (1, 0):
            page.unfold(".recovery-methods details")
            page.press("[value=remove]")
            assert len(directory.read(LOGIN).get("mamiaRecovery", [])) == left
        assert "Aucun moyen de secours" in page.text


class TestCharter:
    def test_when_the_box_is_missed_then_a_sentence_says_so_and_with_it_the_password_is_changed(
        self, page, site, directory
    ):
        page.open(site.address + CHANGE)
        page.fill(login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        page.send()
        assert "Vous n’avez pas encore accepté la charte" in page.text
        page.fill(current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        page.tick("#charter")
        page.send()
        page.go_back()
        # On a line without TLS, WebKit shows the page of its memory and asks nobody.
        page.reload()

        assert "Mot de passe modifié" in page.text
        assert directory.binds(LOGIN, NEW)
        assert site.sent_forms == [CHANGE, CHANGE]


def channel_to(page, words):
    """The choice whose label has these words."""
    ask = "words => [...document.querySelectorAll('label')].find(label => label.textContent.includes(words)).htmlFor"
    return f"#{page.ask(ask, words)}"
