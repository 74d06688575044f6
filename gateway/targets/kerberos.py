"""A target: an MIT Kerberos realm, whose administration protocol sets passwords with a keytab.

A separate process (`kadm5_client.py`) sets each password, so that time limits hold. Request and answer are JSON on
its standard streams: a password is in no argument list, no environment and no command of kadmin.
"""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.account.model import Secret
from gateway.workstation.model import DomainRules, Done, Outcome, Probe, Reason, Refused, Unavailable

if TYPE_CHECKING:
    from gateway.targets.kadm5_client import Answer, Request

CLIENT = Path(__file__).with_name("kadm5_client.py")
PLAIN_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Logins without / and @, which would name another principal."""
RESERVED = frozenset({"root", "admin", "kadmin", "krbtgt", "kiprop", "changepw"})
"""Principals with special rights: hosts let root@REALM log in as root (auth_to_local in krb5.conf(5)), the others are
the realm's services. Their passwords are never set, whoever has such a login."""
_KADM5 = 43_787_520
"""The first code of kadm_err.et."""
_NOT_ALLOWED = _KADM5 + 45
"""KADM5_AUTH_CHANGEPW: the right is missing, or this principal is excluded from it (kadm5.acl, lockdown_keys)."""
_RIGHT_HINT = (
    "give {admin} the right c (change passwords) in kadm5.acl; a principal that is excluded there on purpose, or has "
    "lockdown_keys, takes no password from here"
)
_REFUSED = {
    _KADM5 + 12: Reason.NO_ACCOUNT,
    _KADM5 + 22: Reason.TOO_SHORT,
    _KADM5 + 23: Reason.TOO_SIMPLE,
    _KADM5 + 24: Reason.TOO_SIMPLE,
    _KADM5 + 25: Reason.IN_HISTORY,
    _KADM5 + 26: Reason.TOO_YOUNG,
    _KADM5 + 30: Reason.PROTECTED,
    _KADM5 + 57: Reason.POLICY,
    _KADM5 + 61: Reason.PROTECTED,
}
"""KADM5_UNK_PRINC, …PASS_Q_TOOSHORT, …PASS_Q_CLASS, …PASS_Q_DICT, …PASS_REUSE, …PASS_TOOSOON, …PROTECT_PRINCIPAL,
…PASS_Q_GENERIC, …PROTECT_KEYS."""
_HINTS = {
    "suitable keys": "write the key of {admin} into keytab_file (kadmin: ktadd -k FILE {admin}), or correct "
    "admin_principal",
    "keytab": "keytab_file must be a keytab that can be read: kadmin: ktadd -k FILE {admin}",
    "key table": "keytab_file must be a keytab that can be read: kadmin: ktadd -k FILE {admin}",
    "no such file": "krb5_conf: the path of the krb5.conf that names the realm's servers",
    "clock skew": "synchronise the clocks of this machine and of the realm with a time server (timedatectl)",
    "client not found": "create {admin}, or correct admin_principal",
    "client '": "create {admin}, or correct admin_principal",
    "preauthentication failed": "the keytab's key is old: write a new one with ktadd",
    "incorrect password": "the keytab's key is old: write a new one with ktadd",
    "cannot find kdc for realm": "name the realm in krb5_conf",
    "missing parameters": "name the realm and its admin_server in krb5_conf",
    "configuration file": "correct krb5_conf",
    "libraryloaderror": "apt-get install libkadm5clnt-mit12",
}
"""Hints by words of the libraries' messages in lower case, because the libraries have many codes for one cause."""


@dataclass(frozen=True, slots=True)
class KerberosSettings:
    """One section `[workstation.targets.<name>]` of the settings."""

    name: str
    realm: str
    admin_principal: str
    keytab_file: Path
    krb5_conf: Path
    principal: str = "{login}"
    timeout_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Kerberos:
    """A `workstation.ports.Target` that is a realm."""

    settings: KerberosSettings

    @property
    def name(self) -> str:
        """As in the settings."""
        return self.settings.name

    def set_password(self, login: str, password: Secret) -> Outcome:
        """Set the password of the principal of `login`. Raises nothing."""
        if not PLAIN_LOGIN.fullmatch(login):
            return Refused(Reason.NO_ACCOUNT, "the login can't be part of a principal")
        principal = f"{self.settings.principal.replace('{login}', login)}@{self.settings.realm}"
        if login.casefold() in RESERVED or principal == self._admin_principal:
            return Refused(Reason.PROTECTED, f"{principal} has rights of its own")
        return self._change(principal, password)

    def rules(self) -> DomainRules | None:
        """Return None: reading a policy needs a right (i) that the service's principal does not have."""
        return None

    def probe(self) -> Probe:
        """Try a principal that can't exist: if the server reports that, it accepted our login."""
        outcome = self.set_password(f"mamia-check-{secrets.token_hex(8)}", Secret(secrets.token_urlsafe(24)))
        return Probe(outcome if isinstance(outcome, Unavailable) else None)

    def close(self) -> None:
        """Do nothing, because nothing is kept open."""

    @property
    def _admin_principal(self) -> str:
        name = self.settings.admin_principal
        return name if "@" in name else f"{name}@{self.settings.realm}"

    def _change(self, principal: str, password: Secret) -> Outcome:
        settings = self.settings
        request: Request = {
            "realm": settings.realm,
            "admin_principal": settings.admin_principal,
            "keytab": str(settings.keytab_file),
            "principal": principal,
            "password": password.reveal(),
        }
        environment = {"LC_ALL": "C.UTF-8", "KRB5_CONFIG": str(settings.krb5_conf)}
        try:
            done = subprocess.run(
                # -I: neither the working directory nor PYTHONPATH adds a module.
                [sys.executable, "-I", str(CLIENT)],
                input=json.dumps(request).encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=settings.timeout_seconds, env=environment, check=False, start_new_session=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Unavailable(f"no answer within {settings.timeout_seconds} s", outcome_unknown=True)
        except OSError as error:
            return Unavailable(f"{CLIENT.name} can't be started: {type(error).__name__}")
        if done.returncode:
            return Unavailable(f"{CLIENT.name} ended with {done.returncode}", outcome_unknown=True)
        return self._outcome(json.loads(done.stdout))

    def _outcome(self, answer: Answer) -> Outcome:
        if answer["step"] == "changed" or answer.get("is_in_force"):
            return Done()
        code, message, admin = answer["code"], answer["message"], self.settings.admin_principal
        if reason := _REFUSED.get(code):
            return Refused(reason, message)
        if code == _NOT_ALLOWED:
            return Unavailable(message, _RIGHT_HINT.format(admin=admin))
        hint = next((hint for words, hint in _HINTS.items() if words in message.lower()), "")
        return Unavailable(message, hint.format(admin=admin), outcome_unknown=answer["step"] == "change")
