"""Wrong passwords at our own pages, API and webmail plugin lock nobody out of the directory."""

from __future__ import annotations

import hashlib
from itertools import cycle, islice

import pytest
from api_token import TOKEN
from browser import CHANGE, Browser
from directory_server import PASSWORD

from gateway.app import create_app

NEW = "Nouveau-2025"
TRIES = 30
WRONG = {"login": "fdurand4", "current_password": "wrong", "new_password": NEW}
CLIENT = {
    "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    "services": ["change", "roundcube"],
    "addresses": ["192.0.2.0/24"],
}


def at_the_page(browser, address):
    page = browser.open(CHANGE)
    typed = {**page.fields, **WRONG, "confirmation": NEW}
    return browser.post(CHANGE, typed, environ_base={"REMOTE_ADDR": address}).answer


def at_the_api(browser, address):
    return portal_post(browser, "change", address, json=WRONG)


def at_the_webmail(browser, address):
    form = {"user": "fdurand4", "curpass": "wrong", "newpass": NEW}
    return portal_post(browser, "roundcube", address, data=form)


def portal_post(browser, path, address, **body):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return browser.client.post(f"/api/v1/{path}", headers=headers, environ_base={"REMOTE_ADDR": address}, **body)


@pytest.mark.parametrize(
    "entry_points",
    [[at_the_page], [at_the_api], [at_the_webmail], [at_the_page, at_the_api, at_the_webmail]],
    ids=["page", "API", "webmail", "all"],
)
def test_account_when_wrong_passwords_come_as_fast_as_they_are_let_through_then_it_is_not_locked(
    directory, build, entry_points
):
    directory.add_person("fdurand4")
    browser = Browser(create_app(build(api={"clients": {"portal": CLIENT}})))

    for number, attempt in enumerate(islice(cycle(entry_points), TRIES)):
        attempt(browser, f"192.0.2.{number}")

    assert 0 < len(directory.read("fdurand4")["pwdFailureTime"]) < 10
    assert directory.binds("fdurand4", PASSWORD)
