"""What a screen reader says of each service, from the first form to the result.

The texts beside this file were read and approved by a person: see CONTRIBUTING.md.
"""

from __future__ import annotations

from gateway.workstation.state import DeliveryStatus
from tests.stories.conftest import LOGIN, NEW, assert_told
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.page_actions import change, choose, fill, prove, send
from tests.support.pending_deliveries import move_to, pending_deliveries
from tests.support.slapd_server import PASSWORD

WEAK = "Soleil2026"
NOBODY = {"surname": "Nemo", "given_name": "Nobody", "birth_date": "27/03/1985"}
EVERYWHERE = {"captcha": {"required": ["find", "reset", "change"]}}
LINKS = {
    "academy": {
        "home_url": "https://www.ac-example.fr/",
        "webmail_url": "https://webmail.ac-example.fr/",
        "iprof_url": "https://iprof.ac-example.fr/",
        "portal_url": "https://arena.ac-example.fr/",
    }
}


class TestHome:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        page.goto(serve(**LINKS))
        story.tell("the page", page)

        assert_told(story, "home")


class TestFind:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        page.goto(serve(**EVERYWHERE, **LINKS) + FIND)
        story.tell("the form", page)
        send(page)
        story.tell("sent with nothing in it", page)
        fill(page, **NOBODY)
        send(page)
        story.tell("nobody is found", page)
        fill(page, surname="Durand", given_name="François")
        send(page)
        story.tell("found", page)

        assert_told(story, "find")


class TestReset:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        address = serve(**EVERYWHERE, **LINKS) + RESET
        page.goto(address)
        story.tell("the form", page)
        send(page)
        story.tell("sent with nothing in it", page)
        prove(page, address)
        story.tell("the proofs are right", page)
        choose(page, WEAK)
        story.tell("a password that breaks the rules", page)
        choose(page, NEW)
        story.tell("the result", page)

        assert_told(story, "reset")


class TestCode:
    def test_when_told_then_it_is_as_approved(self, page, serve, story, directory, mail_server, tmp_path):
        directory.set(LOGIN, "mail", ["moi@exemple.org", "francois@fournisseur.exemple.net"])
        address = serve(
            people={"private_mail": "mail"},
            second_factor={"methods": ["mail"]},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )
        prove(page, address + RESET)
        story.tell("where the code shall go", page)
        page.locator("[name=channel]").first.check()
        send(page)
        story.tell("the code is asked for", page)
        fill(page, code="000000")
        send(page)
        story.tell("a wrong code", page)

        assert_told(story, "code")


class TestChange:
    def test_when_told_then_it_is_as_approved(self, page, serve, story, directory, tmp_path):
        page.goto(serve(**EVERYWHERE) + CHANGE)
        story.tell("the form", page)
        send(page)
        story.tell("sent with nothing in it", page)
        page.goto(serve() + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=WEAK, confirmation="Soleil")
        wait_for_what_follows_typing(page)
        story.tell("a weak password is typed", page)
        change(page, serve(**LINKS, workstation=pending_deliveries(tmp_path)) + CHANGE, PASSWORD, NEW)
        story.tell("the workstation waits", page)
        move_to(directory, LOGIN, DeliveryStatus.DONE)
        page.reload()
        story.tell("the workstation has it", page)

        assert_told(story, "change")


class TestRateLimited:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        address = serve(rate_limits={"per_address": "1/hour"}) + FIND
        for _ in range(2):
            page.goto(address)
            fill(page, **NOBODY)
            send(page)
        story.tell("too many tries", page)

        assert_told(story, "rate-limited")


class TestHelp:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        page.goto(serve(**LINKS) + "/assistance")
        story.tell("the page", page)

        assert_told(story, "help")


class TestRobotCheck:
    def test_when_told_without_javascript_then_it_is_as_approved(self, directory, serve, open_page, story):
        page = open_page(locale=story.language, java_script_enabled=False)
        page.goto(serve(**EVERYWHERE) + FIND)
        story.tell("without JavaScript", page)

        assert_told(story, "robot-check")

    def test_when_told_after_the_work_is_done_then_it_is_as_approved(self, page, serve, story):
        page.goto(serve(**EVERYWHERE) + FIND)
        page.locator("[name=surname]").focus()
        page.locator("#captcha-automatique[data-state=done]").wait_for()
        story.tell("the check is done", page)

        assert_told(story, "robot-check-done")


def wait_for_what_follows_typing(page):
    """The strength of what was typed, and the rules that it keeps, are told a little later."""
    for place in ("[data-strength-of=new_password]", "[data-strength-of=confirmation]", "#regles [role=status]"):
        page.wait_for_function("place => document.querySelector(place).innerText.trim()", arg=place)
