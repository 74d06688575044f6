"""Passwords of protected people that are changed at slapd, and what the listener's account can do to the outbox."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import ldap
import pytest

from gateway.account.model import Secret
from gateway.composition.worker import build_worker
from gateway.protection.seal import Sealer, read_public_key
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryStatus, pending
from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.fake_target import FakeTarget
from tests.support.ldap_clients import Person, ldappasswd
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD, SUFFIX
from tests.support.workstation_settings import ABSENT_DOMAIN

TARGETS = f"""
[workstation.targets.poste]
type = "samba_nt"
{ABSENT_DOMAIN}"""
NEW, EVIL = "Neuf-Passe-2026!", "Pirate-2026!"
GROUP = f"cn=protected,ou=groups,{SUFFIX}"


@pytest.fixture
def guarding(reporting, short_folder, listener):
    """A listener whose settings name the group of protected people."""
    config = write_capture_settings(short_folder, reporting, TARGETS, f'protected_groups = ["{GROUP}"]')
    process = CaptureProcess(short_folder, config)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def chief(reporting, short_folder, guarding):
    person = Person(reporting, short_folder, "chief")
    member = "member", [person.dn.encode()]
    with reporting.as_admin() as line:
        line.modify_s(GROUP, [(ldap.MOD_ADD, *member)])
    yield person
    with reporting.as_admin() as line:
        line.modify_s(GROUP, [(ldap.MOD_DELETE, *member)])


class TestPassword:
    def test_when_a_protected_person_changes_it_then_no_workstation_is_to_get_it(self, chief, guarding):
        done = ldappasswd(chief.directory, "-s", NEW, bind_dn=chief.dn, password=PASSWORD)

        assert done.returncode == 0, done.stderr
        wait_until(lambda: [line["outcome"] for line in guarding.audit] == ["protected"])
        assert guarding.audit[0]["login"] == "chief"
        assert chief.directory.binds("chief", NEW)
        assert (chief.states, chief.nt_hash) == ({}, "")
        assert "mamiaPendingSecret" not in chief.directory.read("chief")

    def test_when_somebody_else_changes_it_then_it_waits_for_the_workstation(self, chief, reporting, short_folder):
        durand = Person(reporting, short_folder, "fdurand4")

        ldappasswd(reporting, "-s", NEW, bind_dn=durand.dn, password=PASSWORD)

        wait_until(lambda: durand.waiting == NEW)


class TestOutbox:
    @pytest.mark.parametrize(
        "department, reason",
        [
            pytest.param("rectorat", Reason.NOT_IN_FORCE, id="another password"),
            pytest.param("0751234A", Reason.NO_WORKSTATION, id="no workstation"),
        ],
    )
    def test_when_the_listener_s_account_is_stolen_then_it_can_set_no_password_at_a_workstation(
        self, reporting, short_folder, guarding, department, reason
    ):
        victim = Person(reporting, short_folder, "fdurand4")
        reporting.set("fdurand4", "departmentNumber", department)
        [identity] = reporting.read("fdurand4")["entryUUID"]
        seal = Sealer(read_public_key(short_folder / "worker.pub")).seal
        state = pending("domain", "f0f0f0f0f0f0", datetime.now(UTC))
        with reporting.as_service("capture") as line:
            sealed = seal(Secret(EVIL), uuid=identity, change=state.change)
            written = {"mamiaPendingSecret": sealed, "mamiaSyncState": str(state).encode()}
            line.modify_s(victim.dn, [(ldap.MOD_REPLACE, name, [value]) for name, value in written.items()])

        settings, domain = load(guarding.config), FakeTarget()
        with closing(build_worker(settings, workers_directory(settings))) as worker:
            replace(worker.delivery_worker, targets={"domain": domain}).run_once()

        assert domain.writes == []
        assert (victim.status(), victim.reason()) == (DeliveryStatus.REJECTED, reason)
