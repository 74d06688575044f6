"""Two nodes with one Redis behind nginx: each a web service and a worker, of this version or of the former one."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.former_version import install_former_version
from tests.support.kdc_server import ADMIN, REALM, KdcServer
from tests.support.load_generator import LIMITS, WIDE
from tests.support.mamia_command import run_mamia
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.slapd_server import PEOPLE, SUFFIX, SlapdServer
from tests.support.worker_process import WorkerProcess

THIS_VERSION = (sys.executable, "-m", "gateway.cli.main")
FORMER_SETTINGS = """\
# As an administrator wrote it for the version before.
[directory]
servers = ["{url}"]
bind_dn = "cn=gateway,ou=services,{suffix}"
bind_password_file = "{folder}/gateway"
decoy_dn = "cn=decoy,ou=services,{suffix}"
connect_timeout_seconds = 30
receive_timeout_seconds = 30

[people]
base = "{people}"

[web]
host = "127.0.0.1"
hosts = ["localhost", "127.0.0.1"]   # the proxy, and the tests
port = {port}
health_port = 0
processes = 2
trusted_proxies = 1
secret_keys = ["0123456789abcdefghijklmnopqrstuvwxyz"]

[captcha]
ways = ["picture", "automatic"]
required = []

[throttle]
store = "{store}"
{limits}

[audit]
to = "file"
file = "{own}/audit.log"

[password]
sign = 0

[workstation]
give_up_hours = 48
public_key_file = "{folder}/worker.pub"
private_key_files = ["{folder}/worker.key"]
bind_dn = "cn=sync,ou=services,{suffix}"
bind_password_file = "{folder}/sync"
lease_seconds = 2
poll_seconds = 0.1
[workstation.targets.realm]
type = "kerberos"
realm = "{realm}"
admin_principal = "{principal}"
keytab_file = "{keytab}"
krb5_conf = "{krb5_conf}"
"""


@dataclass
class Node:
    """One machine, with settings of its own."""

    config: Path
    """With former names; the migrated ones are beside it."""
    web: ServeProcess
    worker: WorkerProcess

    @property
    def service(self) -> str:
        """As nginx writes its address."""
        return f"127.0.0.1:{self.web.port}"

    @property
    def audit(self) -> Path:
        """The file in which both processes report."""
        return self.config.with_name("audit.log")

    def upgrade(self) -> None:
        """Both processes are of this version at their next start, and have the migrated settings."""
        migrated = self.config.with_name("mamia.toml.new")
        if not migrated.exists():
            done = run_mamia("settings", "--migrate", self.config)
            assert done.returncode == 0, done.stderr
        for process in (self.web, self.worker):
            process.config, process.program = migrated, THIS_VERSION

    def stop(self) -> None:
        self.worker.stop()
        self.web.stop()


@dataclass
class Site:
    """Where the nodes are: what they share."""

    folder: Path
    directory: SlapdServer
    store: str
    kdc: KdcServer
    limits: str = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)

    def former_node(self) -> Node:
        """A node of the former version; it does not run yet."""
        port = free_port()
        own = self.folder / str(port)
        own.mkdir()
        config = own / "mamia.toml"
        config.write_text(self._former_settings(own, port))
        program = (str(install_former_version()),)
        return Node(
            config,
            ServeProcess(config, port, own / "web.log", program=program),
            WorkerProcess(config, own / "worker.log", program=program),
        )

    def _former_settings(self, own: Path, port: int) -> str:
        for account in ("gateway", "sync"):
            (self.folder / account).write_text(self.directory.slapd.password(account))
        return FORMER_SETTINGS.format(
            url=self.directory.url, suffix=SUFFIX, people=PEOPLE, folder=self.folder, own=own, port=port,
            store=self.store, limits=self.limits, realm=REALM, principal=ADMIN.partition("@")[0],
            keytab=self.kdc.keytab, krb5_conf=self.kdc.krb5_conf,
        )  # fmt: skip
