"""Signs that nobody sees come with copy and paste: names do without them, and passwords must not hold them."""

from __future__ import annotations

import hashlib

import pytest

from gateway.app import create_app
from tests.support.api_token import TOKEN
from tests.support.browser import Browser
from tests.support.slapd_server import NUMEN, PASSWORD

NEW = "Nouveau-2025"
INVISIBLE = ["\u200b", "\ufeff", "\u200e", "\u00ad", "\u202a", "\u2060", "\u200d"]
CLIENT = {
    "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    "services": ["change", "find", "roundcube"],
    "addresses": ["127.0.0.1"],
}
pytestmark = pytest.mark.parametrize("sign", INVISIBLE, ids=lambda sign: f"U+{ord(sign):04X}")


class TestPages:
    def test_when_what_is_typed_holds_one_then_it_is_read_without(self, directory, browser, sign):
        directory.add_person("fdurand4")

        found = browser.find(f"Du{sign}rand", f"{sign}François", f"27/03/1985{sign}")
        proved = browser.prove(f"fdurand4{sign}", f"{NUMEN[:4]}{sign}{NUMEN[4:]}", f"{sign}27/03/1985")
        browser.change(f"{sign}fdurand4", PASSWORD, NEW)

        assert "fdurand4" in found.main
        assert "ticket" in proved.fields
        assert directory.binds("fdurand4", NEW)

    def test_when_a_new_password_holds_one_then_it_is_refused_with_the_reason(self, directory, browser, sign):
        directory.add_person("fdurand4")
        ticket = browser.prove("fdurand4")

        pages = [
            browser.change("fdurand4", PASSWORD, f"Orage-Violet-5{sign}"),
            browser.choose(ticket, f"Orage{sign}-Violet-5"),
        ]

        assert [page.status for page in pages] == [422] * 2
        assert all("caractère invisible" in page.main for page in pages)
        assert directory.binds("fdurand4", PASSWORD)


class TestApiClients:
    def test_when_they_send_one_then_logins_and_names_are_read_without_and_passwords_refused(
        self, directory, build, sign
    ):
        directory.add_person("fdurand4")
        client = Browser(create_app(build(api={"clients": {"intranet": CLIENT}}))).client
        headers = {"Authorization": f"Bearer {TOKEN}"}

        def change(new):
            body = {"login": f"fdurand4{sign}", "current_password": PASSWORD, "new_password": new}
            return client.post("/api/v1/change", headers=headers, json=body)

        name = {"surname": f"Dur{sign}and", "given_name": "François", "birth_date": "1985-03-27"}
        found = client.post("/api/v1/find", headers=headers, json=name)
        refused = change(f"Orage-Violet-5{sign}")
        form = {"user": f"fdurand4{sign}", "curpass": PASSWORD, "newpass": NEW}
        saved = client.post("/api/v1/roundcube", headers=headers, data=form)

        assert found.json
        assert found.json["accounts"][0]["login"] == "fdurand4"
        assert refused.status_code == 409
        assert "invisible" in str(refused.json)
        assert saved.text.strip() == "ok"
        assert directory.binds("fdurand4", NEW)
