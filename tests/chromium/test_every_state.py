"""Every page and state, in both languages: nothing for axe-core, nothing over the edge, and pictures are left."""

from __future__ import annotations

import pytest

from gateway.workstation.state import DeliveryStatus
from tests.support.accessibility import problems_of
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import change, choose, fill, prove, send
from tests.support.pending_deliveries import move_to, pending_deliveries
from tests.support.slapd_server import PASSWORD

LOGIN, NEW = "fdurand4", "Nouveau-2025"
NO_CAPTCHA: dict[str, dict[str, list[str]]] = {"captcha": {"required": []}}
EVERYWHERE = {"captcha": {"required": ["find", "reset", "change"]}}
LINKS = {
    "academy": {
        "home_url": "https://www.ac-example.fr/",
        "webmail_url": "https://webmail.ac-example.fr/",
        "iprof_url": "https://iprof.ac-example.fr/",
        "portal_url": "https://arena.ac-example.fr/",
    }
}


@pytest.fixture(params=["fr", "en"])
def page(request, directory, open_page):
    directory.add_person(LOGIN, departmentNumber="rectorat")
    return open_page(locale=request.param)


class TestPage:
    @pytest.mark.parametrize(
        "name, path",
        [
            ("home", "/"),
            ("find", FIND),
            ("reset", RESET),
            ("change", CHANGE),
            ("help", "/assistance"),
            ("questions", "/questions-frequentes"),
            ("privacy", "/donnees-personnelles"),
            ("accessibility", "/accessibilite"),
            ("legal", "/mentions-legales"),
            ("not-found", "/nowhere"),
            ("result-gone", "/resultat/AAAA"),
        ],
    )
    def test_when_opened_then_nothing_is_wrong_with_it(self, page, serve, name, path):
        page.goto(serve(**EVERYWHERE, **LINKS) + path)

        assert problems_of(page, name) == []


class TestForm:
    @pytest.mark.parametrize("name, path", [("find", FIND), ("reset", RESET), ("change", CHANGE)])
    def test_when_it_comes_back_with_errors_then_nothing_is_wrong_and_the_summary_has_the_focus(
        self, page, serve, name, path
    ):
        page.goto(serve(**EVERYWHERE) + path)
        send(page)

        focused, title = page.evaluate("() => [document.activeElement.id, document.title]")
        assert problems_of(page, f"{name}-errors") == []
        assert focused == "resume-erreurs"
        assert title.startswith(("Erreur\u00a0: ", "Error: "))


class TestFind:
    def test_when_somebody_is_found_then_nothing_is_wrong(self, page, serve):
        page.goto(serve(**NO_CAPTCHA, **LINKS) + FIND)
        fill(page, surname="Durand", given_name="François", birth_date="27 mars 1985")
        send(page)

        assert LOGIN in page.inner_text("main")
        assert problems_of(page, "found") == []

    def test_when_several_are_found_then_nothing_is_wrong(self, page, serve, directory):
        directory.add_person("fdurand5")
        page.goto(serve(**NO_CAPTCHA) + FIND)
        fill(page, surname="Durand", given_name="François", birth_date="27/03/1985")
        send(page)

        assert page.locator(".facts").count() == 2
        assert problems_of(page, "found-several") == []

    def test_when_nobody_is_found_then_nothing_is_wrong(self, page, serve):
        page.goto(serve(**NO_CAPTCHA) + FIND)
        fill(page, surname="Nemo", given_name="Nobody", birth_date="27/03/1985")
        send(page)

        assert page.input_value("[name=surname]") == "Nemo"
        assert problems_of(page, "find-nobody") == []


class TestReset:
    def test_when_each_step_is_shown_then_nothing_is_wrong(self, page, serve):
        prove(page, serve(**NO_CAPTCHA, password={"min_strength": 60}) + RESET)
        fill(page, new_password="abc", confirmation="abc")
        page.wait_for_function("() => document.querySelector('[data-strength-of=confirmation]').innerText.trim()")
        assert problems_of(page, "choose-typed") == []
        send(page)
        assert problems_of(page, "choose-errors") == []
        choose(page, "kX9-velours-Tramontane")

        assert page.locator(".alert-success").count() == 1
        assert problems_of(page, "reset-done") == []

    def test_when_a_code_is_asked_for_then_nothing_is_wrong(self, page, serve, directory, mail_server, tmp_path):
        directory.set(LOGIN, "privateMail", "moi@exemple.org")
        address = serve(
            **NO_CAPTCHA,
            people={"private_mail": "privateMail"},
            second_factor={"methods": ["mail"]},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )
        prove(page, address + RESET)
        assert problems_of(page, "code") == []
        fill(page, code="000000")
        send(page)

        assert problems_of(page, "code-errors") == []

    def test_when_the_code_may_go_several_ways_then_nothing_is_wrong_and_the_buttons_work(
        self, page, serve, directory, mail_server, tmp_path
    ):
        directory.set(LOGIN, "mail", ["moi@exemple.org", "ancienne.adresse.tres.longue@fournisseur.exemple.net"])
        address = serve(
            **NO_CAPTCHA,
            people={"private_mail": "mail"},
            second_factor={"methods": ["mail"]},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )
        prove(page, address + RESET)
        assert problems_of(page, "channel") == []
        page.locator("[name=channel]").nth(1).check()
        send(page)
        assert len(mail_server.mails) == 1
        assert problems_of(page, "code-several-ways") == []

        with page.expect_navigation():
            page.locator("button[name=channel]").first.click()

        assert len(mail_server.mails) == 2
        assert page.locator("[name=code]").count() == 1

    def test_when_the_ticket_is_over_then_nothing_is_wrong(self, page, serve):
        prove(page, serve(**NO_CAPTCHA) + RESET)
        page.evaluate("() => { document.getElementById('ticket').value = 'AAAA' }")
        choose(page, NEW)

        assert page.locator("[name=birth_date]").count() == 1
        assert problems_of(page, "ticket-over") == []

    def test_when_the_initial_password_is_restored_then_nothing_is_wrong(self, page, serve):
        prove(page, serve(**NO_CAPTCHA, reset={"mode": "initial"}) + RESET)

        assert page.locator(".alert-success").count() == 1
        assert problems_of(page, "initial-restored") == []


class TestResult:
    @pytest.mark.parametrize(
        "name, step, reason",
        [
            ("pending", None, ""),
            ("retried", DeliveryStatus.PENDING, "unreachable"),
            ("done", DeliveryStatus.DONE, ""),
            ("rejected", DeliveryStatus.REJECTED, "in_history"),
            ("no-account", DeliveryStatus.REJECTED, "no_account"),
            ("not-in-force", DeliveryStatus.REJECTED, "not_in_force"),
            ("expired", DeliveryStatus.EXPIRED, ""),
        ],
    )
    def test_when_the_workstation_has_come_so_far_then_nothing_is_wrong(
        self, page, serve, directory, tmp_path, name, step, reason
    ):
        address = serve(**NO_CAPTCHA, **LINKS, workstation=pending_deliveries(tmp_path))
        change(page, address + CHANGE, PASSWORD, NEW)
        if step:
            move_to(directory, LOGIN, step, reason)
            page.reload()

        assert page.locator(".target").count() == 2
        assert problems_of(page, f"result-{name}") == []


class TestRateLimited:
    def test_when_shown_then_nothing_is_wrong(self, page, serve):
        page.goto(serve(**NO_CAPTCHA, rate_limits={"per_address": "1/minute"}) + FIND)
        for _ in range(2):
            fill(page, surname="Nemo", given_name="Nobody", birth_date="27/03/1985")
            send(page)
            if page.locator("[name=surname]").count() == 0:
                break

        assert page.locator("form").count() == 0
        assert problems_of(page, "rate_limited") == []


class TestOutage:
    def test_when_shown_then_nothing_is_wrong(self, page, serve, directory):
        page.goto(serve(**NO_CAPTCHA) + CHANGE)
        directory.kill()
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)

        assert page.locator("#resume-erreurs li").count() == 1
        assert problems_of(page, "outage") == []


class TestFault:
    def test_when_shown_then_nothing_is_wrong(self, page, serve, monkeypatch):
        monkeypatch.setattr("gateway.web.pages.reading.home", lambda: 1 / 0)
        page.goto(serve() + "/")

        assert page.locator("main code").count() == 1
        assert problems_of(page, "fault") == []
