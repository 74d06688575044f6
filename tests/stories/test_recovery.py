"""What a screen reader says of the recovery methods, and of the box for the acceptable use policy."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pyotp
import pytest

from gateway.demo.post_office import post_office
from tests.stories.conftest import LOGIN, NEW, assert_told
from tests.support.authenticator import Authenticator
from tests.support.browser import CHANGE, RESET
from tests.support.page_actions import fill, prove, send
from tests.support.ports import free_port
from tests.support.recovery_browser import KINDS, RECOVERY, Methods, recovery_settings
from tests.support.recovery_values import rewrite
from tests.support.slapd_server import PASSWORD

KEY = "the same for every gateway of a test, 1234"
MAIL, PHONE = "francois@exemple.org", "06 12 34 56 99"
REST_HOURS = 48
RESTING, RESTED, USED = 2126, 2025, datetime(2026, 1, 13, 9, 0, tzinfo=UTC)
"""A method that was added in a hundred years rests on every day."""


@pytest.fixture
def methods(page, serve, tmp_path):
    """A site with all kinds of methods, each of which rests first."""
    port = free_port()
    address = f"http://localhost:{port}"
    with post_office(tmp_path / "post", lambda *_: None) as post:
        serve(
            port=port,
            web={"secret_keys": [KEY]},
            **recovery_settings(address, post, tmp_path / "spool", rest_hours=REST_HOURS),
        )
        yield Methods(page, address, post)


@pytest.fixture
def date_methods(directory):
    """Lets all methods have been added in a year, one each day."""

    def dated(year, used_at=None):
        def on_its_day(method):
            added_at = datetime(year, 3, 10 + KINDS.index(method.kind), 9, 0, tzinfo=UTC)
            return replace(method, added_at=added_at, used_at=used_at)

        rewrite(directory, LOGIN, KEY, on_its_day)

    return dated


class TestMethods:
    def test_when_told_then_it_is_as_approved(self, methods, story, date_methods):
        page = methods.page
        page.goto(methods.address + RECOVERY)
        story.tell("the form", page)
        methods.sign_in()
        story.tell("no method yet", page)
        methods.begin("mail", "francois")
        story.tell("a wrong address", page)
        methods.begin("mail", MAIL)
        story.tell("the code is asked for", page)
        methods.confirm("000000x")
        story.tell("a wrong code", page)
        methods.confirm(methods.code_to(MAIL))
        date_methods(RESTING)
        page.reload()
        story.tell("a method was added and rests", page)
        methods.begin("mobile", PHONE)
        methods.confirm(methods.code_to(PHONE.replace(" ", "")))
        methods.begin("totp")
        story.tell("the app is shown its key", page)
        methods.confirm(pyotp.TOTP(re.sub(r"\s", "", page.inner_text(".key"))).now())
        methods.begin("passkey")
        story.tell("the passkey is made", page)
        # The end of the session that reads the tree would end it too.
        Authenticator(page)
        page.click("#service button.btn-brand")
        page.wait_for_selector(".recovery-methods > li:nth-child(4)")
        date_methods(RESTED, USED)
        page.reload()
        story.tell("all methods count", page)
        page.locator(".recovery-methods summary").first.click()
        with page.expect_navigation():
            page.locator("[name=action][value=remove]").first.click()
        story.tell("a method was removed", page)

        assert_told(story, "recovery")


class TestCharter:
    def test_when_told_then_it_is_as_approved(self, page, serve, story):
        address = serve(
            charter={"version": "2026-09", "url": "https://www.ac-example.fr/charte"}, captcha={"required": []}
        )
        page.goto(address + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)
        story.tell("the box was left empty", page)
        prove(page, address + RESET)
        story.tell("the proofs are right", page)

        assert_told(story, "charter")
