"""A Kerberos realm of MIT's, by its own administration client with a keytab.

`kadmin` reads its commands and the passwords from standard input, so that none stands in an argument list. It runs
once a password, in a process of its own: time limits hold, and no library's global state meets our threads. It exits
with 0 whatever happened, so its words decide; they are asked for in English.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from gateway.account.model import Secret
from gateway.workstation.model import DomainRules, Done, Outcome, Probe, Reason, Refused, Unavailable

PLAIN_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""No / and no @: such a login would name another principal, and a blank or a quote another command."""
_REFUSED = {
    "Password is too short": Reason.TOO_SHORT,
    "does not contain enough character classes": Reason.TOO_SIMPLE,
    "Password is in the password dictionary": Reason.TOO_SIMPLE,
    "Cannot reuse password": Reason.IN_HISTORY,
    "password cannot be changed": Reason.TOO_YOUNG,
    "Current password's minimum life has not expired": Reason.TOO_YOUNG,
    "Principal does not exist": Reason.NO_ACCOUNT,
    "Principal is protected": Reason.NO_ACCOUNT,
}
_MENDS = {
    "Operation requires": "give {admin} the right c (change passwords) in kadm5.acl",
    "Keytab": "check keytab_file",
    "keytab": "check keytab_file",
    "key table": "check keytab_file",
    "Client not found": "create {admin}, or correct admin_principal",
    "Client '": "create {admin}, or correct admin_principal",
    "Preauthentication failed": "the keytab's key is old: write a new one with ktadd",
    "Cannot find KDC for realm": "name the realm in krb5_conf",
    "Required parameters in kdc.conf missing": "correct krb5_conf",
    "Can't open/find Kerberos configuration file": "correct krb5_conf",
}


@dataclass(frozen=True, slots=True)
class KerberosSettings:
    name: str
    realm: str
    admin_principal: str
    keytab_file: Path
    krb5_conf: Path
    principal: str = "{login}"
    timeout_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Kerberos:
    """`workstation.ports.Target` on a realm."""

    settings: KerberosSettings

    @property
    def name(self) -> str:
        return self.settings.name

    def set_password(self, login: str, password: Secret) -> Outcome:
        if not PLAIN_LOGIN.fullmatch(login):
            return Refused(Reason.NO_ACCOUNT, "the login can't be part of a principal")
        kadmin = shutil.which("kadmin", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
        if kadmin is None:
            return Unavailable("kadmin is not installed", "apt-get install krb5-user")
        principal = f"{self.settings.principal.replace('{login}', login)}@{self.settings.realm}"
        typed = password.reveal()
        try:
            said = self._run(kadmin, f"change_password {principal}\n{typed}\n{typed}\n")
        except subprocess.TimeoutExpired:
            return Unavailable(f"no answer within {self.settings.timeout_seconds} s", may_be_set=True)
        return self._outcome(principal, said.replace(typed, "•"))

    def rules(self) -> DomainRules | None:
        """Reading a policy needs a right (i) that the service's principal does not have."""
        return None

    def probe(self) -> Probe:
        """By a principal that can't be there: with the right to change passwords, that alone is missing."""
        outcome = self.set_password(f"mamia-check-{secrets.token_hex(8)}", Secret(secrets.token_urlsafe(24)))
        return Probe(outcome if isinstance(outcome, Unavailable) else None)

    def close(self) -> None:
        """Nothing is kept open."""

    def _run(self, kadmin: str, commands: str) -> str:
        settings = self.settings
        arguments = ["-r", settings.realm, "-p", settings.admin_principal, "-k", "-t", str(settings.keytab_file)]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "LC_ALL": "C.UTF-8",
            "KRB5_CONFIG": str(settings.krb5_conf),
        }
        done = subprocess.run(
            [kadmin, *arguments],
            input=commands.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=settings.timeout_seconds, env=environment, check=False, start_new_session=True,
        )  # fmt: skip
        return done.stdout.decode("utf-8", "replace")

    def _outcome(self, principal: str, said: str) -> Outcome:
        if f'Password for "{principal}" changed.' in said:
            return Done()
        line = _telling_line(said)
        for words, reason in _REFUSED.items():
            if words in line:
                return Refused(reason, line)
        for words, mend in _MENDS.items():
            if words in line:
                return Unavailable(line, mend.format(admin=self.settings.admin_principal))
        return Unavailable(line, may_be_set="change_password" in line)


def _telling_line(said: str) -> str:
    """kadmin's own message among its prompts."""
    lines = [
        line.strip()
        for line in said.splitlines()
        if " while " in line or line.startswith(("change_password:", "kadmin:"))
    ]
    telling = [line for line in lines if " while " in line]
    return (telling or lines or ["kadmin said nothing"])[-1]
