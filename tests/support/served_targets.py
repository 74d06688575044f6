"""A Kerberos realm and a Windows domain in the network of a booted system, and the service set up for both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from gateway.demo.private_samba import PEOPLE as DOMAIN_PEOPLE
from gateway.demo.private_samba import REALM as DOMAIN
from gateway.demo.private_samba import SERVICE, PrivateSamba
from tests.support.kdc_server import REALM, KdcServer
from tests.support.polling import wait_until
from tests.support.served_system import (
    ADMIN_PASSWORD,
    LOGIN,
    SETTINGS,
    SUFFIX,
    ServedSystem,
    with_network,
)

FIRST_PASSWORD = "Premier-Poste-2030!"
METRICS_PORT = 9101
ONLY_LOOPBACK = 'SLAPD_SERVICES="ldap://127.0.0.1/ ldapi:///"'
"""The domain has an address of its own with the same port."""


@dataclass
class ServedTargets:
    """Both targets; PERSON has an account at each."""

    served: ServedSystem
    kdc: KdcServer
    domain: PrivateSamba

    def start(self) -> None:
        """In the network that the system has now; a reboot makes a new one."""
        with self.served.system.network():
            self.kdc.start()
            self.domain.start()
        # The domain makes new certificates at each start.
        self.served.system.write("/etc/mamia/domain-ca.pem", self.domain.authority.read_text())

    def stop(self) -> None:
        self.kdc.stop()
        self.domain.stop()

    def accept(self, password: str) -> bool:
        """Return whether both let the person in."""
        with self.served.system.network():
            return self.kdc.kinit(LOGIN, password) and self.domain.smb(LOGIN, password)

    def change_elsewhere(self, new: str) -> None:
        """Set the person's password without the service, and wait for both targets."""
        self.served.set_elsewhere(new)
        wait_until(lambda: self.accept(new))

    def states(self) -> str:
        """Return what `mamia sync status` prints."""
        return self.served.system.run("mamia", "sync", "status").stdout


@contextmanager
def served_targets(served: ServedSystem, folder: Path) -> Iterator[ServedTargets]:
    """Start both, and set up the worker and the capture by `mamia setup` and the commands that it then prints.

    The system keeps what setup does.
    """
    system = served.system
    system.shell(f"sed -i 's#^SLAPD_SERVICES=.*#{ONLY_LOOPBACK}#' /etc/default/slapd; systemctl restart slapd")
    with_network(system, "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libkadm5clnt-mit12", typed="")
    with system.network():
        (folder / "kdc").mkdir()
        kdc, domain = KdcServer(folder / "kdc"), PrivateSamba(folder / "dc")
        domain.create()
    targets = ServedTargets(served, kdc, domain)
    targets.start()
    try:
        kdc.add_person(LOGIN, FIRST_PASSWORD)
        with system.network():
            domain.add_people([LOGIN], FIRST_PASSWORD)
        _bring_files(served, targets)
        _write_targets(served, targets)
        _set_up(served)
        yield targets
    finally:
        targets.stop()


def _bring_files(served: ServedSystem, targets: ServedTargets) -> None:
    """What administrators of both targets hand over, with the owners that docs/workstation.md names."""
    system, worker = served.system, "mamia-sync:mamia-sync"
    system.write("/etc/mamia/krb5.conf", targets.kdc.krb5_conf.read_text())
    system.write("/etc/mamia/windows.password", targets.domain.password(SERVICE), mode=0o600, owner=worker)
    system.write("/etc/mamia/realm.keytab", "", mode=0o600, owner=worker)
    (system.root / "etc/mamia/realm.keytab").write_bytes(targets.kdc.keytab.read_bytes())


def _write_targets(served: ServedSystem, targets: ServedTargets) -> None:
    document = tomlkit.parse(served.system.read(SETTINGS))
    workstation = document["workstation"]
    assert isinstance(workstation, dict)
    workstation["targets"].update(
        realm={
            "type": "kerberos",
            "realm": REALM,
            "admin_principal": "gateway/admin",
            "keytab_file": "/etc/mamia/realm.keytab",
            "krb5_conf": "/etc/mamia/krb5.conf",
        },
        windows={
            "type": "active_directory",
            "servers": [targets.domain.url],
            "ca_file": "/etc/mamia/domain-ca.pem",
            "bind_dn": f"{SERVICE}@{DOMAIN.lower()}",
            "base": DOMAIN_PEOPLE,
        },
    )
    document["metrics"] = {"worker_port": METRICS_PORT}
    capture = document["capture"]
    assert isinstance(capture, dict)
    capture.pop("answer_only", None)
    (served.system.root / SETTINGS.lstrip("/")).write_text(tomlkit.dumps(document))


def _set_up(served: ServedSystem) -> None:
    served.system.write("/root/.admin", ADMIN_PASSWORD, mode=0o600)
    administrator = ["--bind-dn", f"cn=admin,{SUFFIX}", "--bind-password-file", "/root/.admin"]
    done = served.system.run("mamia", "setup", "--yes", "--apply", *administrator, check=False)
    _, heading, after = done.stdout.rpartition("Next\n----\n")
    assert heading, done.stdout + done.stderr
    for command in after.splitlines():
        served.system.shell(command)
    served.system.run("rm", "/root/.admin")
    served.wait_until_ready()
