"""Wrong passwords at our own pages, API and webmail plugin lock nobody out of the directory."""

from __future__ import annotations

import hashlib
import json
from itertools import cycle, islice

import pytest

from gateway.app import create_app
from tests.support.api_token import TOKEN
from tests.support.browser import CHANGE, Browser
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
TRIES = 30
MAX_WRONG = 5
"""Of the default rate_limits.per_login."""
OTHER_LOGINS = [f"francois.durand{number}" for number in range(10)]
WRONG = {"login": "fdurand4", "current_password": "wrong", "new_password": NEW}
CLIENT = {
    "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    "services": ["change", "roundcube"],
    "addresses": ["192.0.2.0/24"],
}


def at_the_page(browser, address, login="fdurand4"):
    page = browser.open(CHANGE)
    typed = {**page.fields, **WRONG, "login": login, "confirmation": NEW}
    return browser.post(CHANGE, typed, environ_base={"REMOTE_ADDR": address}).answer


def at_the_api(browser, address, login="fdurand4"):
    return api_client_post(browser, "change", address, json={**WRONG, "login": login})


def at_the_webmail(browser, address, login="fdurand4"):
    form = {"user": login, "curpass": "wrong", "newpass": NEW}
    return api_client_post(browser, "roundcube", address, data=form)


def api_client_post(browser, path, address, **body):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return browser.client.post(f"/api/v1/{path}", headers=headers, environ_base={"REMOTE_ADDR": address}, **body)


class TestAccount:
    @pytest.mark.parametrize(
        "entry_points",
        [[at_the_page], [at_the_api], [at_the_webmail], [at_the_page, at_the_api, at_the_webmail]],
        ids=["page", "API", "webmail", "all"],
    )
    def test_when_wrong_passwords_come_as_fast_as_they_are_let_through_then_it_is_not_locked(
        self, directory, build, entry_points
    ):
        directory.add_person("fdurand4")
        browser = Browser(create_app(build(api={"clients": {"intranet": CLIENT}})))

        for number, attempt in enumerate(islice(cycle(entry_points), TRIES)):
            attempt(browser, f"192.0.2.{number}")

        assert 0 < len(directory.read("fdurand4")["pwdFailureTime"]) < 10
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("attempt", [at_the_page, at_the_api, at_the_webmail], ids=["page", "API", "webmail"])
    def test_when_it_has_many_logins_then_wrong_passwords_at_all_of_them_count_together(
        self, directory, build, attempt
    ):
        directory.add_person("fdurand4", uid=["fdurand4", *OTHER_LOGINS])
        browser = Browser(create_app(build(api={"clients": {"intranet": CLIENT}})))

        for number, login in zip(range(TRIES), cycle(OTHER_LOGINS), strict=False):
            attempt(browser, f"192.0.2.{number}", login)

        assert len(directory.read("fdurand4")["pwdFailureTime"]) == MAX_WRONG

    def test_when_its_logins_were_tried_too_often_then_the_right_password_gets_the_answer_of_a_wrong_one(
        self, directory, open_browser, tmp_path
    ):
        directory.add_person("fdurand4", uid=["fdurand4", *OTHER_LOGINS])
        browser = open_browser(audit={"destination": "file", "file": tmp_path / "audit.log"})
        wrong = [browser.change(login, "wrong", NEW) for login in OTHER_LOGINS[:MAX_WRONG]]

        page = browser.change("fdurand4", PASSWORD, NEW)

        assert (page.status, page.main) == (wrong[0].status, wrong[0].main.replace(OTHER_LOGINS[0], "fdurand4"))
        assert directory.binds("fdurand4", PASSWORD)
        lines = [json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines()]
        assert [line["limit"] for line in lines if line["outcome"] == "rate_limited"] == ["account"]

    def test_when_it_has_many_logins_then_wrong_proofs_at_all_of_them_count_together(self, directory, open_browser):
        directory.add_person("fdurand4", uid=["fdurand4", *OTHER_LOGINS])
        browser = open_browser(rate_limits={"per_login_reset": "5/hour"})
        for number in range(5):
            browser.prove(OTHER_LOGINS[number], proof=f"12E853456{number}ABD")

        page = browser.prove("fdurand4")

        assert page.status == 422
        assert "new_password" not in page.fields


DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"
HIDDEN_IDENTITY = """add: olcAccess
olcAccess: {0}to dn.subtree="ou=people,dc=ac-example,dc=fr" attrs=entryUUID
  by * none
"""


@pytest.fixture
def directory_without_identities(directory):
    """Its rules let nobody read entryUUID."""
    directory.load(DATABASE + HIDDEN_IDENTITY, as_config=True)
    yield directory
    directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


class TestAccounts:
    def test_when_their_identities_are_hidden_then_they_do_not_share_one_count(
        self, directory_without_identities, open_browser
    ):
        logins = [f"person{number}" for number in range(MAX_WRONG + 1)]
        for login in logins:
            directory_without_identities.add_person(login)
        browser = open_browser()
        for login in logins[:-1]:
            browser.change(login, "wrong", NEW)

        browser.change(logins[-1], "wrong", NEW)

        assert len(directory_without_identities.read(logins[-1])["pwdFailureTime"]) == 1
