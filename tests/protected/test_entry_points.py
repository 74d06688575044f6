"""Somebody who knows an administrator's login, number, birth date and even password, at every entry point."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys

import pytest

from gateway.app import create_app
from gateway.demo.private_slapd import ADMIN
from tests.support.administrators import ADMINS, CHIEF, OTHER, password_is_untouched
from tests.support.api_token import TOKEN
from tests.support.browser import RESET, Browser
from tests.support.matching import first_match
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import BIRTH_DATE, NUMEN, PASSWORD

NEW = "Nouveau-2025"
HELPDESK = "Certains comptes ne sont gérés que par elle"


def bare(page, *typed):
    """Status and body without tokens and without what was typed."""
    body = re.sub(r'value="[^"]{40,}"', 'value="token"', page.source)
    body = re.sub(r"/captcha/[\w-]{40,}", "/captcha/token", body)
    for text in typed:
        body = body.replace(text, "typed")
    return page.status, body


@pytest.fixture
def browse(build, way):
    """Opens a browser before a gateway with the settings that protect CHIEF, and more of them."""

    def opener(**sections):
        return Browser(create_app(build(people={**way.people, **sections.pop("people", {})}, **sections)))

    return opener


@pytest.fixture
def call(build, protected):
    """Calls the API as a client with a token: `call("/find", {…})`."""
    client = {
        "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
        "services": ["find", "change", "roundcube"],
        "addresses": ["127.0.0.0/8"],
    }
    app = create_app(build(people=protected.people, api={"clients": {"intranet": client}}))

    def caller(path, **options):
        return app.test_client().post("/api/v1" + path, headers={"Authorization": f"Bearer {TOKEN}"}, **options)

    return caller


class TestFind:
    def test_when_the_person_is_protected_then_the_answer_is_that_for_nobody(self, protected, browse):
        nobody = browse().find("Nadie", "François")

        page = browse().find("Chief", "François")

        assert bare(page, "Chief") == bare(nobody, "Nadie")
        assert page.status == 422
        assert HELPDESK in page.main

    def test_when_somebody_else_is_protected_then_a_person_is_found(self, protected, browse):
        assert OTHER in browse().find("Durand", "François").main


class TestChange:
    def test_when_the_person_is_protected_then_even_the_right_password_is_refused_as_for_an_unknown_login(
        self, directory, protected, browse
    ):
        unknown = browse().change("nobody", PASSWORD, NEW)

        page = browse().change(CHIEF, PASSWORD, NEW)

        assert bare(page, CHIEF) == bare(unknown, "nobody")
        assert page.status == 422
        assert HELPDESK in page.main
        assert password_is_untouched(directory)

    def test_when_wrong_passwords_are_tried_on_a_protected_person_then_the_directory_counts_none(
        self, directory, protected, browse
    ):
        browse().change(CHIEF, "Certainement-Faux-1", NEW)

        assert "pwdFailureTime" not in directory.read(CHIEF)


class TestServices:
    def test_when_somebody_else_is_protected_then_people_are_served(self, directory, protected, browse):
        browser = browse()

        browser.change(OTHER, PASSWORD, NEW)
        assert directory.binds(OTHER, NEW)
        browser.choose(browser.prove(OTHER), "Encore-Neuf-2026")
        assert directory.binds(OTHER, "Encore-Neuf-2026")


class TestApiFind:
    def test_when_the_person_is_protected_then_it_is_not_found(self, call):
        wanted = {"given_name": "François", "birth_date": "1985-03-27"}

        chief, nobody = (call("/find", json={"surname": surname, **wanted}) for surname in ("Chief", "Nadie"))

        assert chief.status_code == nobody.status_code == 404
        assert {**chief.json, "request_id": ""} == {**nobody.json, "request_id": ""}


class TestApiChange:
    def test_when_the_person_is_protected_then_it_is_refused_as_an_unknown_login(self, directory, call):
        sent = {"current_password": PASSWORD, "new_password": NEW}

        chief, nobody = (call("/change", json={"login": login, **sent}) for login in (CHIEF, "nobody"))

        assert chief.status_code == nobody.status_code == 403
        assert {**chief.json, "request_id": ""} == {**nobody.json, "request_id": ""}
        assert password_is_untouched(directory)


class TestRoundcube:
    def test_when_the_person_is_protected_then_it_is_refused_as_an_unknown_login(self, directory, call):
        chief, nobody = (
            call("/roundcube", data={"user": login, "curpass": PASSWORD, "newpass": NEW})
            for login in (CHIEF, "nobody")
        )

        assert (chief.status_code, chief.text) == (nobody.status_code, nobody.text)
        assert HELPDESK in chief.text
        assert password_is_untouched(directory)


class TestReset:
    def test_when_the_person_is_protected_then_the_answer_is_that_for_an_unknown_login(
        self, directory, protected, browse
    ):
        unknown = browse().prove("nobody")

        page = browse().prove(CHIEF)

        assert bare(page, CHIEF) == bare(unknown, "nobody")
        assert page.status == 422
        assert HELPDESK in page.main
        assert "ticket" not in page.fields

    def test_when_it_restores_the_initial_password_then_a_protected_one_stays(self, directory, protected, browse):
        page = browse(reset={"mode": "initial"}).prove(CHIEF)

        assert page.status == 422
        assert password_is_untouched(directory)
        assert not directory.binds(CHIEF, NUMEN)

    def test_when_the_person_becomes_protected_between_the_steps_then_the_password_stays(
        self, directory, way, browse
    ):
        browser = browse()
        second_step = browser.prove(CHIEF)
        assert "ticket" in second_step.fields
        way.protect(directory)

        page = browser.choose(second_step, NEW)

        assert page.status == 422
        assert HELPDESK in page.main
        assert password_is_untouched(directory)

    def test_when_the_person_becomes_protected_while_a_code_is_asked_then_the_password_stays(
        self, directory, way, browse, mail_server, tmp_path
    ):
        directory.set(CHIEF, "privateMail", "moi@exemple.org")
        browser = browse(
            people={"private_mail": "privateMail"},
            second_factor={"methods": ["mail"]},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )
        asked = browser.prove(CHIEF)
        way.protect(directory)
        text = mail_server.to("moi@exemple.org").get_body(("plain",)).get_content()

        third_step = browser.send(RESET, asked, code=first_match(r"\b\d{6}\b", text).group())
        page = browser.choose(third_step, NEW)

        assert page.status == 422
        assert password_is_untouched(directory)

    def test_when_the_filter_lists_logins_then_those_are_protected(self, directory, build):
        browser = Browser(create_app(build(people={"protected_filter": f"(|(uid=root)(uid={CHIEF}))"})))

        assert "ticket" not in browser.prove(CHIEF).fields
        assert "ticket" in browser.prove(OTHER).fields


@pytest.fixture
def command(directory, of_group, tmp_path):
    """Runs `mamia` as an operator who holds the directory's administrator: `command("account", CHIEF, "unlock")`."""
    (tmp_path / "admin").write_text(directory.slapd.password("admin"))
    more = f'[audit]\ndestination = "file"\nfile = "{tmp_path}/audit.log"\n'
    config = write_settings_file(tmp_path, directory, in_people=f'protected_groups = ["{ADMINS}"]', more=more)

    def runner(*arguments, as_admin=True):
        own = ["--bind-dn", ADMIN, "--bind-password-file", tmp_path / "admin"] if as_admin else []
        line = [sys.executable, "-m", "gateway.cli.main", *arguments, "--config", config, *own]
        return subprocess.run(line, capture_output=True, text=True)

    return runner


class TestAccount:
    @pytest.mark.parametrize("action", ["unlock", "force-change"])
    def test_when_the_helpdesk_acts_on_a_protected_person_then_it_is_refused(self, directory, command, action):
        directory.lock(CHIEF)

        done = command("account", CHIEF, action, as_admin=action == "unlock")

        assert done.returncode == 1
        assert "protected" in done.stderr
        assert "pwdAccountLockedTime" in directory.read(CHIEF)
        assert "pwdReset" not in directory.read(CHIEF)

    def test_when_it_shows_a_protected_person_then_it_says_so(self, command):
        assert json.loads(command("account", CHIEF, "--json", as_admin=False).stdout)["protected"] is True
        assert json.loads(command("account", OTHER, "--json", as_admin=False).stdout)["protected"] is False


HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
DURAND = "Durand;;François;27/03/1985;12E8534567ABD;;rectorat\n"


@pytest.fixture
def staff_file(directory, tmp_path):
    """Written with this text: `staff_file(HEAD + DURAND)`. The two people have different numbers."""
    directory.set(OTHER, "numen", "12E8534567ABD")
    file = tmp_path / "staff.csv"

    def write(text):
        file.write_text(text, encoding="utf-8")
        return file

    return write


class TestImport:
    def test_when_a_row_changes_a_protected_person_then_the_entry_is_left_as_it_is_and_named(
        self, directory, command, staff_file
    ):
        row = f"Intrus;;François;01/01/1990;{NUMEN};;rectorat\n"

        done = command("people", "import", staff_file(HEAD + DURAND + row))

        assert "1 protected and left alone" in done.stdout
        assert f"{CHIEF}: protected and left as it is" in done.stdout
        assert (directory.read(CHIEF)["sn"], directory.read(CHIEF)["birthDate"]) == (["Chief"], [BIRTH_DATE])

    def test_when_a_protected_person_is_not_in_the_file_then_the_account_is_not_closed(
        self, directory, command, staff_file
    ):
        done = command(
            "people", "import", staff_file(HEAD + DURAND), "--mark-leavers", "--max-leavers-percent", "100"
        )

        assert done.returncode == 0, done.stderr
        assert "0 marked as leavers, 1 protected and left alone" in done.stdout
        assert "pwdAccountLockedTime" not in directory.read(CHIEF)
