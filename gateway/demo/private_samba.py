"""A private Samba AD domain controller on a loopback address, for the demo and the tests. It needs root.

The service account has only the delegated right to reset passwords below OU=People.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.demo.certificates import make_certificates
from gateway.demo.samba_configuration import write_configuration
from gateway.ldap import add, bound_connection, is_success, result_text
from gateway.tls import verifying_context

REALM = "AD.EXAMPLE.TEST"
DOMAIN = "ADTEST"
BASE = "DC=ad,DC=example,DC=test"
PEOPLE = f"OU=People,{BASE}"
HOST = "dc1.ad.example.test"
SERVICE = "svc-gateway"
REQUIRED = ("samba", "samba-tool", "smbclient", "kinit")
PORTS = (389, 636, 88, 445)
START_SECONDS = 60
MAX_FOLDER_CHARS = 70
"""Maximum characters of the folder's path, because the path of a Unix socket has at most 107 bytes."""
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"  # noqa: S105 - the right's GUID ([MS-ADTS] 5.1.3.2.1)
LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"
"""Schema GUID of the attribute lockoutTime."""
NORMAL_ACCOUNT = 0x200
"""Value of userAccountControl ([MS-ADTS] 2.2.16)."""
USER = "bf967aba-0de6-11d0-a285-00aa003049e2"


class SambaFailed(Exception):
    """The domain controller cannot be made or started. The text says why and how to fix it."""


@dataclass(slots=True)
class PrivateSamba:
    """A domain controller whose data is in `folder`."""

    folder: Path
    ip: str = "127.0.0.10"
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Return the LDAPS URL."""
        return f"ldaps://{self.ip}"

    @property
    def authority(self) -> Path:
        """Return the PEM file of the certificate authority."""
        return self.folder / "tls" / "ca.pem"

    @property
    def exists(self) -> bool:
        """Return whether `create` was completed."""
        return (self.folder / "ready").exists()

    @property
    def is_running(self) -> bool:
        """Return whether the process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def log_file(self) -> Path:
        """Return Samba's log file."""
        return self.folder / "samba.log"

    def password_file(self, account: str) -> Path:
        """Return the file with the password of Administrator or of the service account, without a line end."""
        return self.folder / f"{account}.password"

    def password(self, account: str) -> str:
        """Return the password of Administrator or of the service account."""
        return self.password_file(account).read_text()

    def create(self) -> None:
        """Provision a new domain, in about ten seconds. Raises SambaFailed."""
        missing = [program for program in REQUIRED if shutil.which(program) is None]
        if missing or os.geteuid() != 0:
            raise SambaFailed(
                f"a domain controller needs root and {', '.join(REQUIRED)} "
                f"(missing: {', '.join(missing) or 'root'}): "
                "apt-get install samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind "
                "krb5-user smbclient"
            )
        if len(str(self.folder)) > MAX_FOLDER_CHARS:
            raise SambaFailed(f"{self.folder}: the path is too long for Samba's sockets; choose a shorter --state")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        for account in ("Administrator", SERVICE):
            self._write_secret(account, "Aa1-" + secrets.token_urlsafe(18))
        write_configuration(self.folder, self.ip, realm=REALM, domain=DOMAIN)
        self._provision()
        (self.folder / "ready").touch()

    @property
    def is_made_for_its_address(self) -> bool:
        """Return whether the domain was made for this IP address."""
        return f"{self.ip}/8" in (self.folder / "etc" / "smb.conf").read_text().split()

    def start(self) -> None:
        """Start it and wait until people can log in. It ends with this process in any case. Raises SambaFailed."""
        for port in PORTS:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if probe.connect_ex((self.ip, port)) == 0:
                    raise SambaFailed(f"{self.ip}:{port} is taken: another domain controller runs there")
        # Samba's own certificate names no host (subjectAltName). Make one at each start, so that it never expires.
        make_certificates(self.folder / "tls", HOST, self.ip)
        command = [*own_run_samba(), "samba", "-i", "--debug-stdout", f"--configfile={self.folder}/etc/smb.conf"]
        with self.log_file.open("ab") as log:
            # samba -i stops at the end of its standard input, so it ends with this process.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while not (_listens(self.ip) and self.smb("Administrator", self.password("Administrator"))):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SambaFailed(f"Samba did not start; see {self.log_file}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it and all its processes."""
        if self._process is None:
            return
        self.signal_all(signal.SIGCONT)
        assert self._process.stdin
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(8)
        # Its child processes end a little later, and keep the ports until then.
        while self.processes():
            self.signal_all(signal.SIGKILL)
            time.sleep(0.05)
        self._process.wait()
        self._process = None

    def signal_all(self, number: int) -> None:
        """Send a signal to every process of the domain controller; they have their own session."""
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def processes(self) -> list[int]:
        """Return the ids of the running processes, without zombies."""
        if self._process is None:
            return []
        command = ["pgrep", "--session", str(self._process.pid), "--runstates", "DIRSTt"]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        return [int(process) for process in found.stdout.split()]

    def add_people(self, logins: list[str], password: str) -> None:
        """Add accounts below OU=People to the running domain controller. Raises SambaFailed.

        It uses LDAP, because samba-tool takes a second per account.
        """
        administrator, secret = f"Administrator@{REALM.lower()}", self.password("Administrator")
        with bound_connection(self.url, administrator, secret, tls=verifying_context(self.authority)) as connection:
            for login in logins:
                result = add(connection, f"CN={login},{PEOPLE}", _account(login, password))
                if not is_success(result):
                    raise SambaFailed(f"the account {login} could not be made: {result_text(result)}")

    def tool(self, *arguments: str, password: str | None = None) -> str:
        """Run samba-tool on our database, and return its output.

        The password is sent on standard input. Raises SambaFailed.
        """
        command = ["samba-tool", *arguments, f"--configfile={self.folder}/etc/smb.conf"]
        text = f"{password}\n{password}\n" if password is not None else None
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SambaFailed(f"samba-tool {' '.join(arguments[:3])}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def smb(self, login: str, password: str) -> bool:
        """Return whether a person can log in as at a workstation: an SMB session with name and password."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, encoding="utf-8") as file:
            file.write(f"username={login}\npassword={password}\ndomain={DOMAIN}\n")
            file.flush()
            command = ["smbclient", f"--configfile={self.folder}/etc/smb.conf", f"//{self.ip}/IPC$"]
            return (
                subprocess.run([*command, "-A", file.name, "-c", "exit"], capture_output=True, check=False).returncode
                == 0
            )

    def kinit(self, login: str, password: str) -> bool:
        """Return whether the domain's KDC issues a ticket."""
        environment = {**os.environ, "KRB5_CONFIG": str(self.folder / "etc" / "krb5.conf")}
        command = ["kinit", "-c", f"FILE:{self.folder}/tickets", f"{login}@{REALM}"]
        done = subprocess.run(
            command, input=f"{password}\n".encode(), capture_output=True, env=environment, check=False
        )
        return done.returncode == 0

    def grant_unlock(self) -> None:
        """Grant the service account the right to lift lock-outs, which it does not have by default."""
        self._delegate(f"(OA;CIIO;WP;{LOCKOUT_TIME};{USER};{{sid}})")

    def _delegate(self, entry: str) -> None:
        shown = self.tool("user", "show", SERVICE, "--attributes=objectSid")
        sid = next(line.split()[1] for line in shown.splitlines() if line.startswith("objectSid"))
        self.tool("dsacl", "set", f"--objectdn={PEOPLE}", f"--sddl={entry.format(sid=sid)}")

    def _provision(self) -> None:
        options = {"realm": REALM, "domain": DOMAIN, "server-role": "dc", "dns-backend": "NONE", "host-name": "dc1"}
        self.tool(
            "domain", "provision", *(f"--{name}={value}" for name, value in options.items()), f"--host-ip={self.ip}",
            # Temporary: the final password is set next, through standard input.
            f"--adminpass=Aa1-{secrets.token_urlsafe(18)}",
        )  # fmt: skip
        self.tool("user", "setpassword", "Administrator", password=self.password("Administrator"))
        settings = (
            "--min-pwd-age=0",
            "--max-pwd-age=0",
            "--min-pwd-length=8",
            "--complexity=on",
            "--history-length=3",
        )
        self.tool("domain", "passwordsettings", "set", *settings, "--account-lockout-threshold=0")
        self.tool("ou", "create", PEOPLE)
        self.tool("ou", "create", f"OU=Service,{BASE}")
        self.tool("user", "add", SERVICE, "--userou=OU=Service", password=self.password(SERVICE))
        self._delegate(f"(OA;CIIO;CR;{RESET_PASSWORD};{USER};{{sid}})")

    def _write_secret(self, account: str, text: str) -> None:
        file = self.password_file(account)
        file.touch(mode=0o600)
        file.write_text(text)


def _listens(ip: str) -> bool:
    for port in PORTS:
        with socket.socket() as probe:
            if probe.connect_ex((ip, port)) != 0:
                return False
    return True


def _account(login: str, password: str) -> dict[str, list[str | bytes]]:
    """Return the attributes of an ordinary account of the domain."""
    return {
        "objectClass": ["user"],
        "sAMAccountName": [login],
        "userPrincipalName": [f"{login}@{REALM.lower()}"],
        "unicodePwd": [f'"{password}"'.encode("utf-16-le")],
        "userAccountControl": [str(NORMAL_ACCOUNT)],
    }


def own_run_samba() -> list[str]:
    """Return a command prefix that gives a command its own /run/samba.

    That path of winbind's socket is compiled into its clients. In a plain chroot, whose root is not a mount point,
    the propagation cannot be changed and stays as it is.
    """
    shell = 'mkdir -p /run/samba; mount -t tmpfs tmpfs /run/samba; exec "$@"'
    for propagation in ("private", "unchanged"):
        unshare = ["unshare", "--mount", f"--propagation={propagation}"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode == 0:
            return [*unshare, "sh", "-c", shell, "sh"]
    return []
