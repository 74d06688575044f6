"""Why a server refuses one of our accounts: password, lock, expiry, missing entry, or a connection without TLS."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import (
    RESULT_CONFIDENTIALITY_REQUIRED,
    RESULT_INVALID_CREDENTIALS,
    RESULT_SUCCESS,
    RESULT_UNWILLING_TO_PERFORM,
)

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.checks.finding import Finding, fail
from gateway.directory import ppolicy
from gateway.directory.connection import connect
from gateway.directory.ppolicy import PolicyError
from gateway.directory.user_bind import bind_as
from gateway.ldap import Result, ServerUnavailable, close
from gateway.settings import Directory

FAST = 1 / 8
"""A bind that takes less than this part of a wrong password's time at the decoy did not check a password."""
MIN_DECOY_SECONDS = 0.02
"""A decoy that answers faster gives no measure."""
NEVER = (
    "pwdPolicySubentry: cn=services,ou=policies,… at the account, whose policy has neither pwdMaxAge nor pwdLockout"
)
TLS = "ldaps:// in directory.servers, or directory.start_tls = true: the server demands an encrypted connection"


@dataclass(frozen=True, slots=True)
class _Tried:
    """A bind with the account's password, and one with a wrong password at the decoy."""

    code: int
    has_control: bool
    error: PolicyError | None
    seconds: float
    decoy_has_control: bool
    decoy_seconds: float

    @property
    def is_missing(self) -> bool:
        """Return whether there is no such entry: ppolicy adds its control only to answers about an entry."""
        return self.decoy_has_control and not self.has_control

    @property
    def is_unchecked(self) -> bool:
        """Return whether slapd refused without checking the password, as it does while an account is locked."""
        return self.decoy_seconds > MIN_DECOY_SECONDS and self.seconds < FAST * self.decoy_seconds


def is_refused(text: str) -> bool:
    """Return whether the text of an exception says that a server refused one of our accounts."""
    return "refuses the service account" in text


def refused_bind(directory: Directory, url: str, subject: str, text: str) -> Finding:
    """Return the finding. The account is tried once more, with the control of the password policy."""
    who = directory.bind_dn
    tried = _try(directory, url)
    if tried is None or tried.code == RESULT_SUCCESS:
        return fail(subject, text, f"the account's DN and password, its entry, and {NEVER}")
    if tried.code == RESULT_CONFIDENTIALITY_REQUIRED:
        return fail(subject, f"{text}: it takes no password without TLS (olcSecurity)", TLS)
    if tried.code == RESULT_UNWILLING_TO_PERFORM:
        hint = "take bind out of olcRestrict and olcRequires, and bind_simple out of olcDisallows, in its cn=config"
        return fail(subject, f"{text}: it takes no simple binds", hint)
    if tried.code != RESULT_INVALID_CREDENTIALS:
        return fail(subject, text, "look at the log of slapd at that moment (olcLogLevel: stats)")
    if tried.is_missing:
        hint = "correct bind_dn, or add the account (70-services.ldif, 92-capture-account.ldif of ldif/)"
        return fail(subject, f"{text}: there is no entry {who}", hint)
    if tried.error is PolicyError.PASSWORD_EXPIRED:
        return fail(subject, f"{text}: its password has expired", f"{NEVER}; then set the password again")
    if tried.error is PolicyError.ACCOUNT_LOCKED or tried.is_unchecked:
        hint = (
            f"delete pwdAccountLockedTime of {who} as administrator; then {NEVER}, so that nobody can lock it again"
        )
        seems = "is locked" if tried.error else "seems to be locked: slapd did not look at the password"
        return fail(subject, f"{text}: the account {seems}", hint)
    return fail(
        subject,
        f"{text}: the password is wrong{_looks(directory)}, or the account is locked",
        _wrong(who, url),
    )


def _wrong(who: str, url: str) -> str:
    return (
        f"correct bind_dn, or its password in bind_password_file; try both: ldapwhoami -x -H {url} -D {who} -y FILE; "
        f"else set that password at {who} as administrator, and delete pwdAccountLockedTime there"
    )


def _looks(directory: Directory) -> str:
    """Return what is strange about the password without showing it."""
    password = directory.password
    if not password:
        return " (none is set)"
    return " (it begins or ends in a blank)" if password != password.strip() else ""


def _try(directory: Directory, url: str) -> _Tried | None:
    try:
        connection = connect(url, directory, as_service=False)
    except (LDAPException, OSError, DirectoryUnavailable):
        return None
    try:
        # The first answer over a connection takes longer: the account must not seem to be locked.
        own, seconds = _timed(connection, directory.bind_dn, Secret(directory.password))
        decoy, decoy_seconds = _timed(connection, directory.decoy_dn, Secret("wrong"))
    except (LDAPException, OSError, ServerUnavailable):
        return None
    finally:
        close(connection)
    controls, decoy_controls = own.get("controls") or {}, decoy.get("controls") or {}
    return _Tried(
        code=own["result"],
        has_control=ppolicy.CONTROL_OID in controls,
        error=ppolicy.policy_error(own),
        seconds=seconds,
        decoy_has_control=ppolicy.CONTROL_OID in decoy_controls,
        decoy_seconds=decoy_seconds,
    )


def _timed(connection: Connection, dn: str, password: Secret) -> tuple[Result, float]:
    started = time.perf_counter()
    result = bind_as(connection, dn, password)
    return result, time.perf_counter() - started
