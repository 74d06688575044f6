"""A real MIT KDC with its administration server, on loopback, in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.polling import freeze
from tests.support.ports import free_port

REALM = "KRB.EXAMPLE.TEST"
ADMIN = f"gateway/admin@{REALM}"
START_SECONDS = 60


class KdcServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kdc_port, self.admin_port, self.kpasswd_port = free_port(), free_port(), free_port()
        self.krb5_conf, self.keytab = folder / "krb5.conf", folder / "gateway.keytab"
        self._write_configuration()
        self._run("kdb5_util", "create", "-s", "-W", "-P", "a-master-key-of-a-test")
        self.admin("addpol -minlength 8 -minclasses 2 -history 3 people")
        self.admin(f"addprinc -randkey {ADMIN}")
        self.admin(f"ktadd -k {self.keytab} {ADMIN}")
        self._servers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        for command in (["krb5kdc", "-n"], ["kadmind", "-nofork"]):
            self._servers.append(
                subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
            )
        log.close()
        deadline = time.monotonic() + START_SECONDS
        for port in (self.kdc_port, self.admin_port):
            while not _listens(port):
                assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
                time.sleep(0.05)

    def stop(self) -> None:
        for server in self._servers:
            server.send_signal(signal.SIGCONT)
            server.terminate()
            server.wait(60)
        self._servers.clear()

    def suspend(self) -> None:
        for server in self._servers:
            freeze(server.pid)

    def go_on(self) -> None:
        for server in self._servers:
            server.send_signal(signal.SIGCONT)

    def add_person(self, login: str, password: str, policy: str = "people") -> str:
        self.admin(f'addprinc -policy {policy} -pw "{password}" {login}')
        return login

    def admin(self, command: str) -> str:
        """kadmin.local: the administrator at the machine itself."""
        return self._run("kadmin.local", "-q", command)

    def kinit(self, login: str, password: str) -> bool:
        """Whether the realm lets this person in."""
        done = subprocess.run(
            ["kinit", "-c", f"FILE:{self.folder}/tickets", f"{login}@{REALM}"],
            input=f"{password}\n".encode(), capture_output=True, env=self.environment,
        )  # fmt: skip
        return done.returncode == 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KRB5_CONFIG": str(self.krb5_conf),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "PATH": os.environ["PATH"] + ":/usr/sbin",
        }

    @property
    def target(self) -> str:
        """The section of a settings file that makes this realm a target named `realm`."""
        return f"""[workstation.targets.realm]
type = "kerberos"
realm = "{REALM}"
admin_principal = "{ADMIN.partition("@")[0]}"
keytab_file = "{self.keytab}"
krb5_conf = "{self.krb5_conf}"
"""

    def give_rights(self, rights: str) -> None:
        """What the gateway's principal may do, from the next start of kadmind on."""
        (self.folder / "kadm5.acl").write_text(f"{ADMIN} {rights} *@{REALM}\n")

    def _write_configuration(self) -> None:
        self.give_rights("c")
        self.krb5_conf.write_text(f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:{self.kdc_port}
  admin_server = 127.0.0.1:{self.admin_port}
 }}
""")
        (self.folder / "kdc.conf").write_text(f"""[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.kdc_port}
 kdc_tcp_listen = 127.0.0.1:{self.kdc_port}
[realms]
 {REALM} = {{
  database_name = {self.folder}/principal
  key_stash_file = {self.folder}/stash
  acl_file = {self.folder}/kadm5.acl
  kadmind_listen = 127.0.0.1:{self.admin_port}
  kpasswd_listen = 127.0.0.1:{self.kpasswd_port}
 }}
[logging]
 default = FILE:{self.folder}/log
""")

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
