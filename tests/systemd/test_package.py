"""Upgrade, removal and purge of the package while a real systemd runs its services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.built_packages import built_package, with_version
from tests.support.debian_root import SUITES
from tests.support.served_system import (
    ADMIN_PASSWORD,
    LOGIN,
    SETTINGS,
    SUFFIX,
    ServedSystem,
    binds,
    served_system,
)
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.install

UNITS = ("mamia.service", "mamia-capture.service", "mamia-capture.socket", "mamia-check.timer")
NEWER = "1.0.1-1"
OTHER = "nroux"
PLANTED = "lock-out by strangers"
"""The rate limits of the tests let too many attempts through."""
NEW_SECTIONS: dict[str, dict[str, object]] = {
    "notifications": {"spool": "/var/lib/mamia/mails", "smtp_host": "127.0.0.1"},
    "helpdesk": {
        "bind_dn": f"cn=helpdesk,ou=services,{SUFFIX}",
        "bind_password_file": "/etc/mamia/helpdesk.password",
        "agents_filter": f"(uid={LOGIN})",
        "networks": ["127.0.0.0/8"],
    },
    "reminders": {
        "bind_dn": f"cn=reminders,ou=services,{SUFFIX}",
        "bind_password_file": "/etc/mamia/reminders.password",
        "digest_to": "assistance@ac-mine.fr",
    },
    "recovery": {"methods": ["mail", "totp"]},
    "charter": {"version": "2026-09", "url": "https://www.ac-mine.fr/charte"},
}
"""Sections of a version that came after the first installation."""


@pytest.fixture(scope="module", params=sorted(SUITES))
def system(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSystem]:
    """One of its own, because these tests end with a machine without the package."""
    with served_system(str(request.param), tmp_path_factory.mktemp("package")) as one:
        yield one


def setup(served: ServedSystem, *options: str) -> str:
    """Run `mamia setup` as the directory's administrator, and return what it prints."""
    served.system.write("/root/.admin", ADMIN_PASSWORD, mode=0o600)
    administrator = ["--bind-dn", f"cn=admin,{SUFFIX}", "--bind-password-file", "/root/.admin"]
    done = served.system.run("mamia", "setup", *options, *administrator, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def mail_server(system: ServedSystem) -> Iterator[SmtpServer]:
    """On the system's own loopback address, where its services look for one."""
    one = SmtpServer(port=25)
    with system.system.network():
        one.start()
    yield one
    one.stop()


def bring(served: ServedSystem, package: Path) -> str:
    """Bring a package's file inside, and return its path there."""
    (served.system.root / "root" / package.name).write_bytes(package.read_bytes())
    return f"/root/{package.name}"


class TestPackage:
    """The tests of this class follow each other: upgrade, new sections, removal with a new installation, purge."""

    def test_when_upgraded_then_the_new_version_serves_with_the_same_settings(self, system, tmp_path, request):
        suite = request.node.callspec.params["system"]
        file = bring(system, with_version(built_package(suite), NEWER, tmp_path))
        settings = system.system.read(SETTINGS)
        former = {unit: system.system.property(unit, "MainPID") for unit in UNITS[:2]}
        socket = system.system.property("mamia-capture.socket", "InvocationID")

        system.system.run("dpkg", "-i", file)

        system.wait_until_ready()
        system.change("Apres-La-Nouvelle-2060!a")
        assert system.system.read(SETTINGS) == settings
        assert {unit: system.system.property(unit, "ActiveState") for unit in UNITS} == dict.fromkeys(UNITS, "active")
        assert not set(former.values()) & {system.system.property(unit, "MainPID") for unit in former}
        # slapd waits at it meanwhile.
        assert system.system.property("mamia-capture.socket", "InvocationID") == socket

    def test_when_sections_are_written_as_the_handbook_has_them_then_setup_makes_the_rest(self, system, mail_server):
        """Those whose accounts, password files, schema and rules a directory of an earlier version lacks."""
        system.write(**NEW_SECTIONS)

        said = setup(system, "--yes", "--apply")
        assert "changes are in the directory" in said, said
        system.restart("mamia.service")

        checked = system.system.run("mamia", "check", check=False).stdout
        failed = [line for line in checked.splitlines() if line.startswith("FAIL  ")]
        assert [line for line in failed if PLANTED not in line] == []
        opened = ("/guichet/connexion", "/mes-moyens-de-secours")
        assert [system.status_of(path) for path in opened] == [200, 200]
        assert "charte" in system.text_of("/modifier-mon-mot-de-passe")
        system.system.run("systemctl", "start", "mamia-remind.service")
        given = system.system.run("mamia", "account", OTHER, "give-code", "--reason", "Ticket 4711").stdout
        assert "the code is " in given
        assert system.system.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""

    def test_when_removed_after_the_undo_then_slapd_takes_passwords_and_a_later_installation_goes_on(
        self, system, request
    ):
        package = bring(system, built_package(request.node.callspec.params["system"]))
        settings = system.system.read(SETTINGS)
        setup(system, "--undo", "/etc/mamia/undo")

        system.system.run("dpkg", "--remove", "mamia")

        assert system.system.read(SETTINGS) == settings
        assert units_in_use(system) == set()
        assert binds(system.system, system.password)
        system.set_elsewhere("Sans-Le-Service-2061!b")

        system.system.run("dpkg", "-i", package)
        setup(system, "--yes", "--apply")
        system.system.run("systemctl", "enable", "--now", *UNITS)
        setup(system, "--yes", "--apply")
        system.wait_until_ready()
        system.change("De-Nouveau-Servi-2062!c")

    def test_when_purged_then_no_unit_user_folder_or_failed_state_is_left(self, system):
        system.system.run("dpkg", "--purge", "mamia")

        assert units_in_use(system) == set()
        assert "mamia" not in system.system.run("systemctl", "--failed").stdout
        assert "mamia" not in system.system.shell("getent passwd; getent group").stdout
        folders = "/etc/mamia /opt/mamia /run/mamia* /var/lib/mamia* /var/log/mamia*"
        assert system.system.shell(f"ls -d {folders}", check=False).stdout == ""


def units_in_use(served: ServedSystem) -> set[str]:
    """Return the units of ours that run, listen, wait or have failed."""
    states = "--state=active,reloading,activating,deactivating,failed"
    listed = served.system.run("systemctl", "list-units", states, "--plain", "--no-legend", "mamia*").stdout
    return {line.split()[0] for line in listed.splitlines()}
