"""Where it can't be decided who is protected, nobody is served, and the reason is logged."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import ldap
import pytest
import requests

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.app import create_app
from tests.support.administrators import ADMINS, CHIEF, OTHER, RENAMED, add_group, delete, password_is_untouched
from tests.support.browser import Browser
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, PASSWORD, SUFFIX
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

NEW = "Nouveau-2025"
DATABASE = "dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\n"


def rename(directory):
    with directory.as_admin() as line:
        line.rename_s(ADMINS, RENAMED.partition(",")[0])


def remove(directory):
    delete(directory, ADMINS)


def replace_with_another_class(directory):
    delete(directory, ADMINS)
    directory.load(f"dn: {ADMINS}\nobjectClass: organizationalRole\nroleOccupant: {directory.dn(CHIEF)}\n")


BREAKS = [rename, remove, replace_with_another_class]
SETTINGS = {
    "protected_groups": {"protected_groups": [ADMINS]},
    "protected_filter": {"protected_filter": f"(memberOf={ADMINS})"},
}
CASES = [
    pytest.param(people, broken, id=f"{name}, {broken.__name__}")
    for name, people in SETTINGS.items()
    for broken in BREAKS
    if not (name == "protected_filter" and broken is replace_with_another_class)
]


def every_attempt(browser):
    """The pages, in turn for the administrator, somebody else and an unknown login."""
    for login, name in ((CHIEF, "Chief"), (OTHER, "Durand"), ("nobody", "Nadie")):
        yield browser.prove(login)
        yield browser.change(login, PASSWORD, NEW)
        if login != "nobody":
            yield browser.find(name, "François")


class TestReset:
    @pytest.mark.parametrize("people, broken", CASES)
    def test_when_a_group_is_gone_between_the_steps_then_the_password_stays(
        self, directory, of_group, build, people, broken
    ):
        browser = Browser(create_app(build(people=people)))
        second_step = browser.prove(OTHER)
        broken(directory)

        assert browser.choose(second_step, NEW).status == 503
        assert password_is_untouched(directory, OTHER)


@contextmanager
def without_right_to_search(directory, attribute):
    rule = f'to attrs={attribute} by dn.exact="cn=gateway,ou=services,{SUFFIX}" =rc by * break'
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
    try:
        yield
    finally:
        directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


@contextmanager
def without_right_to_compare(directory):
    rule = f'to dn.exact="{ADMINS}" by dn.exact="cn=gateway,ou=services,{SUFFIX}" none by * break'
    directory.load(f"{DATABASE}add: olcAccess\nolcAccess: {{0}}{rule}\n", as_config=True)
    try:
        yield
    finally:
        directory.load(f"{DATABASE}delete: olcAccess\nolcAccess: {{0}}\n", as_config=True)


class TestServices:
    @pytest.mark.parametrize("people, broken", CASES)
    def test_when_a_group_is_gone_while_they_run_then_nobody_is_served(
        self, directory, of_group, build, caplog, people, broken
    ):
        browser = Browser(create_app(build(people=people)))
        assert "ticket" in browser.prove(OTHER).fields
        broken(directory)

        pages = list(every_attempt(browser))

        assert {page.status for page in pages} == {503}
        assert all(password_is_untouched(directory, login) for login in (CHIEF, OTHER))
        assert ADMINS in caplog.text

    def test_when_the_group_is_there_again_then_people_are_served(self, directory, of_group, build):
        browser = Browser(create_app(build(people={"protected_groups": [ADMINS]})))
        remove(directory)
        assert browser.prove(OTHER).status == 503
        add_group("groupOfNames", "member")(directory)

        assert "ticket" in browser.prove(OTHER).fields

    @pytest.mark.parametrize(
        "filter_, attribute",
        [
            pytest.param("(adminCount=1)", "adminCount", id="no right"),
            pytest.param(f"(|(uid={CHIEF})(adminCount=1))", "adminCount", id="no right to one of two"),
            pytest.param("(noSuchAttribute=1)", "noSuchAttribute", id="unknown attribute"),
            pytest.param("(!(noSuchAttribute=1))", "noSuchAttribute", id="negated"),
        ],
    )
    def test_when_the_filter_can_not_be_decided_then_nobody_is_served(
        self, directory, build, caplog, filter_, attribute
    ):
        with without_right_to_search(directory, "adminCount"):
            pages = list(every_attempt(Browser(create_app(build(people={"protected_filter": filter_})))))

        assert {page.status for page in pages} == {503}
        assert attribute in caplog.text
        assert all(password_is_untouched(directory, login) for login in (CHIEF, OTHER))

    def test_when_the_group_can_not_be_compared_then_nobody_is_served(self, directory, of_group, build):
        browser = Browser(create_app(build(people={"protected_groups": [ADMINS]})))
        with without_right_to_compare(directory):
            assert {page.status for page in every_attempt(browser)} == {503}


class TestGroup:
    def test_when_its_class_changes_while_they_run_then_its_members_are_refused_at_once(self, directory, build):
        add_group("posixGroup", "memberUid")(directory)
        browser = Browser(create_app(build(people={"protected_groups": [ADMINS]})))
        assert "ticket" in browser.prove(CHIEF).fields
        delete(directory, ADMINS)
        directory.load(f"dn: {ADMINS}\nobjectClass: groupOfNames\nmember: {directory.dn(CHIEF)}\n")

        assert "ticket" not in browser.prove(CHIEF).fields


class TestLogin:
    def test_when_it_can_not_be_in_a_posix_group_then_the_person_is_served(self, directory, build):
        add_group("posixGroup", "memberUid")(directory)
        directory.add_person("chloé", mail="chloe@ac-example.fr")
        browser = Browser(create_app(build(people={"protected_groups": [ADMINS]})))

        assert "ticket" in browser.prove("chloé", NUMEN).fields

    def test_when_one_of_several_is_a_group_s_member_then_the_person_is_refused(self, directory, build):
        add_group("posixGroup", "memberUid")(directory)
        with directory.as_admin() as line:
            line.modify_s(directory.dn(CHIEF), [(ldap.MOD_ADD, "uid", [b"Root"])])
            line.modify_s(ADMINS, [(ldap.MOD_ADD, "memberUid", [b"root"])])

        assert "ticket" not in Browser(create_app(build(people={"protected_groups": [ADMINS]}))).prove(CHIEF).fields


class TestReady:
    def test_when_a_group_is_missing_then_it_is_not(self, directory, of_group, build):
        remove(directory)
        gateway = build(people={"protected_groups": [ADMINS]})

        answer = create_app(gateway).test_client().get("/health/ready")

        assert answer.status_code == 503
        assert answer.json
        assert answer.json["checks"]["directory: protected people"] == "FAIL"

    def test_when_the_groups_are_there_then_it_is(self, of_group, build):
        gateway = build(people={"protected_groups": [ADMINS]})

        answer = create_app(gateway).test_client().get("/health/ready")

        assert answer.json
        assert answer.json["checks"]["directory: protected people"] == "OK"


@pytest.fixture
def config(directory, of_group, tmp_path):
    """A settings file of both processes that names the group."""
    more = f"""
{worker_section(tmp_path, directory)}
{ABSENT_DOMAIN}"""

    def writer(port=8080):
        in_web = f"port = {port}\nsecure_cookies = false"
        people = f'protected_groups = ["{ADMINS}"]'
        return write_settings_file(tmp_path, directory, in_people=people, in_web=in_web, more=more)

    return writer


@contextmanager
def served(config, port):
    line = [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(config)]
    process = subprocess.Popen(line)
    try:
        yield f"http://127.0.0.1:{port}/health"
    finally:
        process.terminate()
        process.wait(60)


def answer_of(address):
    try:
        return requests.get(address, timeout=60).text
    except requests.ConnectionError:
        return ""


class TestStart:
    @pytest.mark.parametrize("command", ["serve", "sync"])
    @pytest.mark.parametrize("broken", BREAKS)
    def test_when_a_group_is_missing_then_it_is_refused_with_a_sentence(self, directory, config, command, broken):
        broken(directory)

        line = [sys.executable, "-m", "gateway.cli.main", command, "--config", config()]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120)

        assert done.returncode != 0
        assert f"mamia {command}: " in done.stderr
        assert ADMINS in done.stderr
        assert "Traceback" not in done.stderr

    def test_when_the_directory_is_down_then_the_service_starts_and_verifies_later(self, directory, config):
        port = free_port()
        file = config(port)
        remove(directory)
        directory.slapd.stop()
        try:
            with served(file, port) as health:
                wait_until(lambda: "alive" in answer_of(f"{health}/live"))
                directory.slapd.start()
                wait_until(lambda: '"directory: protected people":"FAIL"' in answer_of(f"{health}/ready"))
        finally:
            if not directory.slapd.is_running:
                directory.slapd.start()


class TestProtectedPeople:
    def test_when_nothing_is_configured_then_nothing_is_asked(self, directory, build):
        """A directory that is down makes every question fail."""
        unconfigured, configured = build(), build(people={"protected_groups": [ADMINS]})
        directory.slapd.stop()
        try:
            unconfigured.verify_protected()

            with pytest.raises(DirectoryUnavailable):
                configured.verify_protected()
        finally:
            directory.slapd.start()


class TestFilter:
    def test_when_it_is_no_filter_then_the_service_says_so(self, directory, build):
        with pytest.raises(DirectoryMisconfigured, match=r"\(uid\)"):
            build(people={"protected_filter": "(uid)"}).verify_protected()
