"""A real smbd that keeps its accounts in the test's slapd (passdb backend ldapsam), as an NT4-style domain does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from gateway.demo.private_samba import own_run_samba
from tests.support.ports import free_address
from tests.support.slapd_server import SUFFIX, SlapdServer

DOMAIN = "RECTORAT"
SID = "S-1-5-21-1004336348-1177238915-682003330"
PORT = 4450
START_SECONDS = 60
READER = f"cn=smbd,ou=services,{SUFFIX}"
PASSWORD = "Smbd-Service-2026"
RULES = f"""dn: olcDatabase={{1}}mdb,cn=config
changetype: modify
add: olcAccess
olcAccess: {{0}}to dn.subtree="ou=people,{SUFFIX}" attrs=sambaNTPassword
  by dn.exact="{READER}" read
  by * break
olcAccess: {{1}}to dn.subtree="ou=people,{SUFFIX}"
  attrs=entry,objectClass,uid,uidNumber,gidNumber,cn,displayName,@sambaSamAccount
  by dn.exact="{READER}" write
  by * break
olcAccess: {{2}}to dn.subtree="sambaDomainName={DOMAIN},{SUFFIX}"
  by dn.exact="{READER}" write
  by * break
olcAccess: {{3}}to dn.base="{SUFFIX}" attrs=entry by dn.exact="{READER}" search by * break
"""
ENTRIES = f"""dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: smbd
userPassword: {PASSWORD}
pwdPolicySubentry: cn=services,ou=policies,{SUFFIX}

dn: sambaDomainName={DOMAIN},{SUFFIX}
objectClass: sambaDomain
sambaDomainName: {DOMAIN}
sambaSID: {SID}
"""
CONFIG = """[global]
    workgroup = {domain}
    netbios name = {domain}
    server role = standalone server
    security = user
    interfaces = {ip}/8
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    passdb backend = ldapsam:{url}
    ldap suffix = {suffix}
    ldap user suffix = ou=people
    ldap admin dn = {reader}
    ldap ssl = off
    ldapsam:trusted = no
    private dir = {folder}/private
    state directory = {folder}/state
    cache directory = {folder}/cache
    lock directory = {folder}/lock
    pid directory = {folder}/run
    ncalrpc dir = {folder}/ncalrpc
    load printers = no
    printing = bsd
    printcap name = /dev/null
    disable spoolss = yes
    log level = 1
[share]
    path = {folder}/share
    read only = yes
"""


class SmbdServer:
    """Accounts need a Unix user: nss_wrapper gives smbd a passwd file, and the machine's own stays as it is."""

    def __init__(self, directory: SlapdServer, folder: Path) -> None:
        ip = free_address()
        self.folder, self.ip = folder, ip
        for name in ["private", "state", "cache", "lock", "run", "ncalrpc", "share"]:
            (folder / name).mkdir(parents=True)
        (folder / "share").chmod(0o755)
        directory.load(RULES, as_config=True)
        directory.load(ENTRIES)
        values = {"folder": folder, "ip": ip, "port": PORT, "domain": DOMAIN, "url": directory.url, "suffix": SUFFIX}
        (folder / "smb.conf").write_text(CONFIG.format(reader=READER, **values))
        (folder / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
        (folder / "group").write_text("root:x:0:\nnogroup:x:65534:\nstaff:x:50:\n")
        wrapper = next(Path("/usr/lib").rglob("libnss_wrapper.so"))
        self.environment = {
            **os.environ,
            "LD_PRELOAD": str(wrapper),
            "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(folder / "group"),
        }
        self._run("smbpasswd", "-c", str(folder / "smb.conf"), "-W", "-s", text=f"{PASSWORD}\n{PASSWORD}\n")
        self._process: subprocess.Popen[bytes] | None = None

    def add_unix_user(self, login: str, number: int) -> None:
        with (self.folder / "passwd").open("a") as file:
            file.write(f"{login}:x:{number}:50::/nonexistent:/bin/false\n")

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            command = ["smbd", "--foreground", "--no-process-group", "--debug-stdout", f"-s{self.folder}/smb.conf"]
            self._process = subprocess.Popen(
                [*own_run_samba(), *command],
                stdout=log, stderr=log, env=self.environment, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((self.ip, PORT)) == 0:
                    return
            assert self._process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def lets_in(self, login: str, password: str) -> bool:
        """Whether a workstation's login with these would succeed."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
            file.write(f"username={login}\npassword={password}\ndomain={DOMAIN}\n")
            file.flush()
            command = ["smbclient", f"//{self.ip}/share", "-p", str(PORT), "-A", file.name, "-c", "ls"]
            return subprocess.run(command, capture_output=True).returncode == 0

    def _run(self, *command: str, text: str) -> None:
        done = subprocess.run(command, input=text, capture_output=True, text=True, env=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
