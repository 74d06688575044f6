"""A private slapd with its own folder and its own loopback port, run by any user, for the demo and the tests.

It is set up as an academy would set up its directory: a plain slapd, then the files of `ldif/` in their order.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from gateway.demo.sample_times import sample_times

SUFFIX = "dc=ac-example,dc=fr"
ADMIN = f"cn=admin,{SUFFIX}"
HOST = "127.0.0.1"
CONFIG_FILES = (
    "schema/mamia.ldif",
    "schema/mamia-worker.ldif",
    "schema/mamia-recovery.ldif",
    "schema/samba.ldif",
    "10-modules.ldif",
    "20-indices.ldif",
    "30-access.ldif",
    "35-workstation-nt.ldif",
    "40-password-policy.ldif",
    "41-charter.ldif",
    "42-recoverable.ldif",
    "44-helpdesk.ldif",
    "47-configuration.ldif",
    "48-recovery.ldif",
    "49-reminders.ldif",
)
DATA_FILES = (
    "50-base-tree.ldif",
    "60-policies.ldif",
    "70-services.ldif",
    "71-helpdesk-account.ldif",
    "72-reminders-account.ldif",
    "75-protected-people.ldif",
)
SAMPLE_FILES = ("80-sample-staff.ldif", "81-sample-helpdesk.ldif")
REPLICATOR_FILE = "90-replicator.ldif"
MIRROR_FILE = "91-mirror.ldif"
SERVICES = ("gateway", "sync", "helpdesk", "reminders", "decoy")
REPLICATOR = "replicator"
CAPTURE = "capture"
CAPTURE_ACCOUNT_FILE = "92-capture-account.ldif"
ORACLE_FILE = "45-password-oracle.ldif"
CAPTURE_FILES = ("93-capture.ldif", "94-capture-nt.ldif")
HASH_COST = "m=19456 t=3 p=1"
"""Cost of Argon2 in `10-modules.ldif`: kilobytes, rounds, lanes (as OWASP recommends)."""
START_SECONDS = 60
STOP_SECONDS = 8
ASK_SECONDS = 5
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where Debian installs slapd, which is not in every user's PATH."""


class SlapdFailed(Exception):
    """slapd cannot be set up or started. The text says why and how to fix it."""


def ldif_folder() -> Path:
    """Return the folder `ldif/`, in a checkout and in an installed wheel."""
    return Path(str(files("gateway.templates"))).parent / "ldif"


@dataclass(slots=True)
class PrivateSlapd:
    """A slapd with its data in the folder `state`, which serves ldap://127.0.0.1:`port`."""

    state: Path
    port: int
    max_size: int = 1 << 30
    """Maximum bytes of the database."""
    tls: str = ""
    """More lines for cn=config, such as the certificate's."""
    more_urls: tuple[str, ...] = ()
    hash_cost: str = HASH_COST
    """Cost of Argon2. A smaller one than academies use makes a test fast."""
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Return the LDAP URL."""
        return f"ldap://{HOST}:{self.port}"

    @property
    def log_file(self) -> Path:
        """Return slapd's log file."""
        return self.state / "slapd.log"

    @property
    def is_running(self) -> bool:
        """Return whether the process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def exists(self) -> bool:
        """Return whether `create` was completed; an interrupted one does not count."""
        return self._fingerprint_file.exists()

    @property
    def is_outdated(self) -> bool:
        """Return whether the files of `ldif/` have changed since `create`."""
        return self._fingerprint_file.read_text() != _fingerprint()

    @property
    def has_accounts(self) -> bool:
        """Return whether it was made with all service accounts; an earlier version knew fewer."""
        return all(self.password_file(account).exists() for account in SERVICES)

    @property
    def reports_writes(self) -> bool:
        """Return whether it reports writes, so that a listener must run for any write on people."""
        return self.password_file(CAPTURE).exists()

    def password_file(self, account: str) -> Path:
        """Return the file with an account's password (admin, gateway, sync, …).

        It has no line end, as `ldapsearch -y` requires.
        """
        return self.state / f"{account}.password"

    def password(self, account: str) -> str:
        """Return an account's password."""
        return self.password_file(account).read_text()

    def create(
        self, *, with_sample_staff: bool = True, is_empty: bool = False, report_socket: Path | None = None
    ) -> None:
        """Delete the folder and make it again. Raises SlapdFailed, and then `exists` stays False.

        A folder that contains anything but a server's state is refused and not changed. `is_empty`: configured but
        without entries, like the second server of a pair. `report_socket`: as in `report_writes_to`.
        """
        self._refuse_foreign()
        shutil.rmtree(self.state, ignore_errors=True)
        for folder in (self.state, self.state / "config", self.state / "data"):
            folder.mkdir(mode=0o700, parents=True)
        for account in ("admin", *SERVICES):
            self._write_secret(account, secrets.token_urlsafe(24))
        _run(["slapadd", "-n0", "-F", str(self.state / "config")], self.filled("private/config.ldif"))
        self.start()
        try:
            self._apply_files(CONFIG_FILES, "cn=config")
            if not is_empty:
                self._apply_files((*DATA_FILES, *(SAMPLE_FILES if with_sample_staff else ())), ADMIN)
            if report_socket:
                self.report_writes_to(report_socket)
        finally:
            self.stop()
        self._fingerprint_file.write_text(_fingerprint())

    def start(self) -> None:
        """Start slapd and wait until it listens. It ends with this process in any case. Raises SlapdFailed."""
        _refuse_taken(self.port)
        urls = " ".join((self.url + "/", *self.more_urls))
        command = ["setpriv", "--pdeathsig", "TERM", _slapd(), "-F", str(self.state / "config"), "-h", urls]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "-d", "0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                # Its own process group: Ctrl-C at the demo must not end the directory before its clients.
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if self._process.poll() is not None:
                self.kill()
                raise SlapdFailed(f"slapd did not start: {_reason(command)}")
            if time.monotonic() > deadline:
                self.stop()
                raise SlapdFailed(f"slapd does not answer on port {self.port} after {START_SECONDS} s")
            time.sleep(0.02)

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL if it does not end."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send_signal(self, number: int) -> None:
        """Send a signal to the running server."""
        if self._process is not None:
            self._process.send_signal(number)

    @property
    def process_id(self) -> int:
        """Return the process id of the running server."""
        assert self._process
        return self._process.pid

    @property
    def _fingerprint_file(self) -> Path:
        return self.state / "made-from"

    def _write_secret(self, account: str, text: str) -> None:
        file = self.password_file(account)
        file.touch(mode=0o600)
        file.write_text(text)

    def mirror(self, peer: PrivateSlapd, server_id: int) -> None:
        """Make this running server one of a pair with `peer`; server 1 also makes the replicator's account."""
        self._write_secret(REPLICATOR, secrets.token_urlsafe(24) if server_id == 1 else peer.password(REPLICATOR))
        values = {"SERVER_ID": str(server_id), "PEER_URL": peer.url, "REPLICATOR_PASSWORD": self.password(REPLICATOR)}
        self.apply(self.filled(MIRROR_FILE, values), MIRROR_FILE, "cn=config")
        if server_id == 1:
            self.apply(self.filled(REPLICATOR_FILE, values), REPLICATOR_FILE)

    def report_writes_to(self, socket_path: Path) -> None:
        """Make this running server report its writes on people at `socket_path`, where a listener must run."""
        if not self.reports_writes:
            self._write_secret(CAPTURE, secrets.token_urlsafe(24))
            values = {"CAPTURE_PASSWORD": self.password(CAPTURE)}
            self.apply(self.filled(CAPTURE_ACCOUNT_FILE, values), CAPTURE_ACCOUNT_FILE)
        for name in (ORACLE_FILE, *CAPTURE_FILES):
            self.apply(self.filled(name, {"CAPTURE_SOCKET": str(socket_path)}), name, "cn=config")

    def ask_before_writes(self, socket_path: Path) -> None:
        """Make this running server ask at `socket_path` before ppolicy examines a password.

        The listener there may run with capture.answer_only.
        """
        self.apply(self.filled(ORACLE_FILE, {"CAPTURE_SOCKET": str(socket_path)}), ORACLE_FILE, "cn=config")

    def filled(self, name: str, more: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """A file of ldif/ with what only this server knows put in its places, and `more`."""
        text = (ldif_folder() / name).read_text(encoding="utf-8")
        values = {
            "STATE": str(self.state),
            "TLS": self.tls + "\n" if self.tls else "",
            "MAX_SIZE": str(self.max_size),
            "ADMIN_HASH": _ssha(self.password("admin")),
            **{f"{account.upper()}_PASSWORD": self.password(account) for account in SERVICES},
            **sample_times(),
            **more,
        }
        for place, value in values.items():
            text = text.replace(f"@{place}@", value)
        return text.replace(HASH_COST, self.hash_cost).encode()

    def apply(self, text: bytes, what: str, administrator: str = ADMIN) -> None:
        """Load an LDIF with entries and changes. Raises SlapdFailed with slapd's message about `what`."""
        # relax: the sample has states that only slapd sets otherwise (locked, expired).
        password_file = str(self.password_file("admin"))
        command = ["ldapadd", "-x", "-H", self.url, "-D", administrator, "-y", password_file, "-e", "relax"]
        _run(command, text, what)

    def _apply_files(self, names: Iterable[str], administrator: str) -> None:
        """Load files of ldif/ by one ldapadd: one for each file took twice as long."""
        self.apply(b"\n".join(self.filled(name) for name in names), "a file of ldif/", administrator)

    def _refuse_foreign(self) -> None:
        """Refuse a folder with other files, which must not be deleted. An incomplete state of our own is accepted."""
        if self.exists or not self.state.exists():
            return
        if not self.state.is_dir():
            raise SlapdFailed(f"{self.state} is not a folder; choose another")
        if foreign := sorted(name for name in _names(self.state) if not _is_slapds(name)):
            raise SlapdFailed(f"{self.state} holds {foreign[0]} and is no directory's state; choose an empty folder")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SlapdFailed(
                f"port {port}: {error.strerror}; choose another: make demo DIRECTORY_PORT={port + 1}"
            ) from None


def _reason(command: list[str]) -> str:
    """Return why a start failed, by a second start: slapd prints nothing at `-d 0`, and at "none" a line per bind."""
    try:
        again = subprocess.run([*command, "-d", "none"], capture_output=True, timeout=ASK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "it ended at once and gives no reason; the next start may succeed"
    lines = again.stderr.decode(errors="replace").splitlines()
    return " ".join(line.strip() for line in lines) or "it gives no reason"


def _names(state: Path) -> list[str]:
    """Return the paths in the folder and in the two folders that `create` makes in it."""
    found = [path for pattern in ("*", "config/*", "data/*") for path in state.glob(pattern)]
    return [path.relative_to(state).as_posix() for path in found]


def _is_slapds(name: str) -> bool:
    """Return whether `create` or slapd may have made the file."""
    known = {"config", "data", "data/data.mdb", "data/lock.mdb", "slapd.log", "slapd.pid", "slapd.args"}
    return name in known or name.startswith("config/cn=config") or ("/" not in name and name.endswith(".password"))


def _slapd() -> str:
    found = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if found is None:
        raise SlapdFailed("slapd is not installed: apt-get install slapd ldap-utils")
    return found


def _run(command: list[str], text: bytes, what: str = "the configuration") -> None:
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{SBIN}"}
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        raise SlapdFailed(f"{command[0]} is not installed: apt-get install slapd ldap-utils")
    done = subprocess.run([program, *command[1:]], input=text, capture_output=True, env=environment, check=False)
    if done.returncode:
        # The last line of ldapadd's standard output names the entry that it was at.
        said = [*done.stdout.strip().splitlines()[-1:], *done.stderr.splitlines()]
        reason = b" ".join(filter(None, map(bytes.strip, said))).decode(errors="replace")
        raise SlapdFailed(f"{command[0]} refused {what}: {reason}")


def _ssha(password: str) -> str:
    """Hash the administrator's password of a private server; slapd hashes all other passwords, with Argon2."""
    salt = secrets.token_bytes(8)
    digest = hashlib.sha1(password.encode() + salt).digest()  # noqa: S324 - {SSHA} is the one scheme without a module
    return "{SSHA}" + base64.b64encode(digest + salt).decode()


def _fingerprint() -> str:
    folder = ldif_folder()
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.ldif")):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
