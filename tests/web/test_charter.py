"""The acceptable use policy: accepted once with a change or reset, and asked again when its version changes."""

from __future__ import annotations

import json
import re

import ldap
import pytest

from gateway.account.model import Secret
from gateway.account.outcomes import Changed
from tests.support.authenticated import account_of
from tests.support.browser import CHANGE
from tests.support.slapd_server import PASSWORD

NEW, NEWER = "Nouveau-2025", "Troisieme-2026!"
URL = "https://www.ac-example.fr/charte"
IN_FORCE = {"charter": {"version": "2026-09", "url": URL}}
MISSING = "Vous n’avez pas encore accepté"
UNTICKED = ""
ACCEPTED = re.compile(r"2026-09;\d{14}Z")


@pytest.fixture
def browser(directory, open_browser):
    directory.add_person("fdurand4")
    return open_browser(**IN_FORCE)


def accepted(directory, login="fdurand4"):
    return directory.read(login).get("mamiaCharter", [])


class TestChange:
    def test_when_the_box_is_ticked_then_version_and_time_are_saved_with_the_password(self, browser, directory):
        browser.change("fdurand4", PASSWORD, NEW, charter="2026-09")

        assert directory.binds("fdurand4", NEW)
        [value] = accepted(directory)
        assert ACCEPTED.fullmatch(value)

    def test_when_the_box_is_ticked_then_the_audit_says_which_version(self, directory, open_browser, tmp_path):
        directory.add_person("fdurand4")
        file = tmp_path / "audit.log"
        browser = open_browser(**IN_FORCE, audit={"destination": "file", "file": file})

        browser.change("fdurand4", PASSWORD, NEW, charter="2026-09")
        browser.change("fdurand4", NEW, NEWER, charter=UNTICKED)

        changes = [json.loads(line) for line in file.read_text().splitlines()]
        assert [one.get("charter") for one in changes if one["outcome"] == "changed"] == ["2026-09", None]

    def test_when_it_is_not_ticked_then_nothing_changes_and_the_page_says_why(self, browser, directory):
        page = browser.change("fdurand4", PASSWORD, NEW, charter=UNTICKED)

        assert page.status == 422
        assert MISSING in page.main
        assert directory.binds("fdurand4", PASSWORD)
        assert accepted(directory) == []

    def test_when_it_was_accepted_before_then_the_box_may_stay_empty(self, browser, directory):
        browser.change("fdurand4", PASSWORD, NEW, charter="2026-09")
        before = accepted(directory)

        browser.change("fdurand4", NEW, NEWER, charter=UNTICKED)

        assert directory.binds("fdurand4", NEWER)
        assert accepted(directory) == before

    def test_when_the_version_changes_then_it_is_asked_again(self, browser, directory, open_browser):
        browser.change("fdurand4", PASSWORD, NEW, charter="2026-09")
        later = open_browser(charter={"version": "2027-01", "url": URL})

        refused = later.change("fdurand4", NEW, NEWER, charter=UNTICKED)
        later.change("fdurand4", NEW, NEWER, charter="2027-01")

        assert MISSING in refused.main
        assert directory.binds("fdurand4", NEWER)
        assert accepted(directory)[0].startswith("2027-01;")

    def test_when_a_page_of_the_former_version_is_sent_then_the_new_text_is_not_accepted(self, browser, directory):
        page = browser.change("fdurand4", PASSWORD, NEW, charter="2025-09")

        assert MISSING in page.main
        assert accepted(directory) == []

    def test_when_the_password_is_wrong_then_the_page_does_not_say_whether_it_was_accepted(self, browser, directory):
        directory.add_person("jmartin")

        pages = [browser.change(login, "wrong", NEW, charter=UNTICKED).main for login in ("jmartin", "unknown")]

        assert not any(MISSING in page for page in pages)

    def test_when_another_program_changed_the_password_then_it_was_not_stopped(self, browser, directory):
        with directory.as_person("fdurand4") as line:
            line.modify_s(directory.dn("fdurand4"), [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])

        assert directory.binds("fdurand4", NEW)

    def test_when_another_part_holds_the_class_already_then_it_is_saved_too(self, browser, directory):
        directory.add_person("jmartin", objectClass=["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"])

        browser.change("jmartin", PASSWORD, NEW, charter="2026-09")

        assert len(accepted(directory, "jmartin")) == 1

    def test_when_the_page_is_opened_then_it_links_to_the_text_and_the_box_is_empty(self, browser):
        source = browser.open(CHANGE).source

        assert f'href="{URL}"' in source
        [box] = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", source)
        assert 'value="2026-09"' in box
        assert "checked" not in box

    def test_when_the_form_comes_back_with_another_error_then_the_tick_stays(self, browser):
        page = browser.change("fdurand4", PASSWORD, "short", charter="2026-09")

        assert re.search(r"<input[^>]*name=\"charter\"[^>]* checked", page.source)

    def test_when_the_settings_name_none_then_no_page_asks(self, directory, open_browser):
        directory.add_person("fdurand4")
        browser = open_browser()

        assert "checkbox" not in browser.open(CHANGE).source
        browser.change("fdurand4", PASSWORD, NEW)
        assert directory.binds("fdurand4", NEW)


class TestOthersWrite:
    def test_when_another_part_adds_the_class_after_the_entry_was_read_then_the_password_is_saved_too(
        self, directory, build
    ):
        directory.add_person("fdurand4")
        passwords = build(**IN_FORCE).directory.passwords
        account = account_of(passwords, "fdurand4", PASSWORD)
        directory.set("fdurand4", "objectClass", ["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"])

        outcome = passwords.set_password(account, Secret(NEW), charter="2026-09")

        assert isinstance(outcome, Changed)
        assert directory.binds("fdurand4", NEW)
        assert len(accepted(directory)) == 1


class TestReset:
    def test_when_the_box_is_ticked_then_it_is_saved_with_the_new_password(self, browser, directory):
        browser.choose(browser.prove("fdurand4"), NEW, charter="2026-09")

        assert directory.binds("fdurand4", NEW)
        assert ACCEPTED.fullmatch(accepted(directory)[0])

    def test_when_it_is_not_then_the_person_can_tick_it_and_go_on(self, browser, directory):
        refused = browser.choose(browser.prove("fdurand4"), NEW, charter=UNTICKED)
        browser.choose(refused, NEW, charter="2026-09")

        assert MISSING in refused.main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_rights_are_those_of_ldif_then_the_gateway_adds_no_other_class(self, browser, directory):
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(directory.dn("fdurand4"), [(ldap.MOD_ADD, "objectClass", [b"extensibleObject"])])
