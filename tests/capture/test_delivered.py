"""From ldappasswd to the workstation: slapd, listener, outbox, worker process, KDC."""

from __future__ import annotations

import pytest

from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.kdc_server import ADMIN, REALM, KdcServer
from tests.support.ldap_clients import Person, ldappasswd
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.xdist_group("kerberos")
NEW = "Neuf-Passe-2026!"


@pytest.fixture
def kdc(tmp_path):
    server = KdcServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def running(reporting, short_folder, kdc):
    """Listener and worker, with the realm as their target."""
    reporting.remove_everybody()
    target = f"""
[workstation.targets.realm]
type = "kerberos"
realm = "{REALM}"
admin_principal = "{ADMIN}"
keytab_file = "{kdc.keytab}"
krb5_conf = "{kdc.krb5_conf}"
"""
    config = write_capture_settings(short_folder, reporting, target)
    processes = CaptureProcess(short_folder, config), WorkerProcess(config, short_folder / "worker.log")
    for process in processes:
        process.start()
    yield
    for process in processes:
        process.stop()


class TestPassword:
    def test_when_it_is_changed_with_ldappasswd_then_the_workstation_takes_it(
        self, running, kdc, reporting, short_folder
    ):
        person = Person(reporting, short_folder, "fdurand4")
        kdc.add_person("fdurand4", PASSWORD)

        assert ldappasswd(reporting, "-s", NEW, bind_dn=person.dn, password=PASSWORD).returncode == 0

        wait_until(lambda: kdc.kinit("fdurand4", NEW))
        assert not kdc.kinit("fdurand4", PASSWORD)
        wait_until(lambda: [state.status for state in person.states.values()] == ["done"])

    def test_when_it_holds_commands_for_kadmin_then_nobody_elses_changes(self, running, kdc, reporting, short_folder):
        """As somebody with an account would send it, to become root of the realm."""
        person = Person(reporting, short_folder, "fdurand4")
        kdc.add_person("fdurand4", PASSWORD)
        kdc.add_person("root", PASSWORD)
        commands = f"{NEW}\n{NEW}\nchange_password root@{REALM}\nEvil-2026-x\nEvil-2026-x\nquit"

        assert ldappasswd(reporting, "-s", commands, bind_dn=person.dn, password=PASSWORD).returncode == 0

        wait_until(lambda: [state.status for state in person.states.values()] not in ([], ["pending"]))
        assert kdc.kinit("root", PASSWORD)
        assert not kdc.kinit("root", "Evil-2026-x")
        assert person.reason("realm") == "control_character"
        assert kdc.kinit("fdurand4", PASSWORD)
