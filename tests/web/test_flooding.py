"""One caller with many networks, wrong tokens, or audio: the pages stay open to everybody else."""

from __future__ import annotations

import hashlib

import pytest

from gateway.app import create_app
from tests.support.api_token import TOKEN
from tests.support.browser import CHANGE, Browser
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
TYPED = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
WIDE = dict.fromkeys(("per_address", "per_login"), "10000/minute")


def api(**client):
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    named = {"token_sha256": [digest], "services": ["change"], "addresses": ["127.0.0.0/8"], **client}
    return {"clients": {"intranet": named}}


class TestPages:
    @pytest.mark.parametrize("length", [56, 48])
    def test_when_one_site_sends_more_forms_than_all_may_then_another_address_is_served(
        self, directory, open_browser, length
    ):
        directory.add_person("fdurand4")
        browser = open_browser(rate_limits={"per_address": "3/5 minutes", "overall": "60/5 minutes"})
        page = browser.open(CHANGE)

        for number in range(100):
            address = f"2001:db8:1:{257 * number % (1 << 64 - length):x}::1"
            typed = {**TYPED, "login": f"u{number}", "current_password": "wrong"}
            browser.post(CHANGE, {**page.fields, **typed}, environ_base={"REMOTE_ADDR": address})

        served = browser.post(CHANGE, {**page.fields, **TYPED}, environ_base={"REMOTE_ADDR": "192.0.2.1"})
        assert served.status == 200
        assert directory.binds("fdurand4", NEW)

    def test_when_wrong_tokens_and_audio_come_in_numbers_then_they_are_open(self, directory, build):
        directory.add_person("fdurand4")
        gateway = build(rate_limits={**WIDE, "overall": "10/5 minutes"}, api=api())
        browser, captcha = Browser(create_app(gateway)), gateway.protection.robot_check.captcha

        for number in range(10):
            elsewhere = {"REMOTE_ADDR": f"192.0.2.{number}"}
            wrong = {"Authorization": "Bearer wrong"}
            assert browser.client.get("/api/v1/policy", headers=wrong, environ_base=elsewhere).status_code == 401
            sound = f"/captcha/{captcha.challenge('change')}.mp3"
            assert browser.client.get(sound, environ_base=elsewhere).status_code == 200

        assert browser.change("fdurand4", PASSWORD, NEW).status == 200


class TestApiClient:
    @pytest.mark.parametrize("full", ["overall", "per_service"])
    def test_when_the_pages_are_full_then_it_is_served(self, directory, build, full):
        directory.add_person("fdurand4")
        browser = Browser(create_app(build(rate_limits={**WIDE, full: "3/5 minutes"}, api=api())))
        statuses = [browser.change(f"u{number}", "wrong", NEW).status for number in range(4)]

        body = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = browser.client.post("/api/v1/change", json=body, headers=headers)

        assert statuses == [422, 422, 422, 429]
        assert answer.status_code == 200
        assert directory.binds("fdurand4", NEW)
