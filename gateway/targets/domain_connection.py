"""The connection to a Windows domain's controllers. It is kept open, because a new one takes longer than a write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_INVALID_CREDENTIALS, RESULT_NO_SUCH_OBJECT
from ldap3.utils.conv import escape_filter_chars

from gateway.account.model import Secret
from gateway.ldap import (
    Result,
    bind,
    close,
    error_text,
    is_success,
    new_connection,
    open_connection,
    result_text,
    try_search,
)
from gateway.tls import verifying_context
from gateway.workstation.model import Unavailable

_WRONG_PASSWORD = (
    "the name or the password is wrong",
    "write its present password into bind_password_file, and its name as name@domain into bind_dn",
)
_BIND_TROUBLE = {
    "52e": _WRONG_PASSWORD,
    "525": ("there is no such account", "correct bind_dn: the account's name as name@domain"),
    "530": ("it may not log in at this hour", "allow it every hour in the domain (logonHours)"),
    "531": ("it may not log in from this machine", "take its list of workstations away in the domain"),
    "532": (
        "its password has expired: exempt it from expiry",
        "set a new password for it in the domain, let it never expire, and write it into bind_password_file",
    ),
    "533": ("it is disabled", "enable it in the domain (Enable-ADAccount, samba-tool user enable)"),
    "701": (
        "it has expired",
        "let it never expire (samba-tool user setexpiry --noexpiry)",
    ),
    "773": (
        "its password must be changed",
        (
            "set a new password for it in the domain without a change at the next login, and write it into "
            "bind_password_file"
        ),
    ),
    "775": (
        "it is locked",
        "unlock it in the domain (Unlock-ADAccount, samba-tool user unlock), and find out who tried wrong passwords",
    ),
}
"""Cause and fix by the code after `data` in the answer to a refused bind (Windows system error codes, in hex)."""


@dataclass(frozen=True, slots=True)
class ActiveDirectorySettings:
    """One section `[workstation.targets.<name>]` of the settings."""

    name: str
    servers: tuple[str, ...]
    """ldaps:// URLs in order of preference."""
    ca_file: Path | None
    bind_dn: str
    bind_password: Secret
    base: str
    filter: str = "(&(objectClass=user)(sAMAccountName={login}))"
    tls_strict: bool = True
    unlock: bool = False
    connect_timeout_seconds: int = 3
    receive_timeout_seconds: int = 10

    @property
    def domain(self) -> str:
        """The DN of the domain that `base` belongs to."""
        return ",".join(part for part in self.base.split(",") if part.strip().upper().startswith("DC="))


class DomainUnavailable(Exception):
    """No domain controller can be used; `outcome` says why."""

    def __init__(self, outcome: Unavailable) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(slots=True)
class DomainConnection:
    """A connection that is bound as the service account. Not for several threads at once."""

    settings: ActiveDirectorySettings
    _connection: Connection | None = None

    def get(self) -> Connection:
        """Return the open connection, or one to the first server that accepts our bind. Raises DomainUnavailable."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        worst = Unavailable("no server in the settings")
        for server in self.settings.servers:
            try:
                self._connection = _open(server, self.settings)
            except DomainUnavailable as error:
                worst = error.outcome if error.outcome.hint or not worst.hint else worst
                continue
            return self._connection
        raise DomainUnavailable(worst)

    def drop(self) -> None:
        """Close the connection; the next call of `get` opens a new one."""
        if self._connection is not None:
            close(self._connection)
            self._connection = None

    def find(self, login: str) -> tuple[Connection, list[str]]:
        """Return the connection and the DNs of all accounts that fit `login`.

        Opens a second connection if the first one fails, because an idle one may be dead. Raises DomainUnavailable.
        """
        base, wanted = self.settings.base, self.settings.filter.replace("{login}", escape_filter_chars(login))
        is_second = False
        while True:
            connection = self.get()
            try:
                found = try_search(connection, base, wanted, ["1.1"])
                break
            except (LDAPException, OSError) as error:
                self.drop()
                if is_second or "timed out" in str(error):
                    raise DomainUnavailable(Unavailable(f"search: {error_text(error)}")) from None
                is_second = True
        if found.code == RESULT_NO_SUCH_OBJECT:
            raise DomainUnavailable(Unavailable(f"{base} does not exist", "correct base in the settings"))
        if not is_success(found.result):
            raise DomainUnavailable(Unavailable(f"search: {code_and_text(found.result)}"))
        return connection, found.dns


def code_and_text(result: Result) -> str:
    """Return what administrators search for: the number of the result, its name, and the server's text."""
    return f"{result['result']} {result_text(result)}"


def _open(url: str, settings: ActiveDirectorySettings) -> Connection:
    """Return a bound connection to the server `url`. Raises DomainUnavailable."""
    try:
        connection = new_connection(
            url,
            user=settings.bind_dn,
            password=settings.bind_password.reveal(),
            tls=verifying_context(settings.ca_file, strict=settings.tls_strict),
            connect_timeout_seconds=settings.connect_timeout_seconds,
            receive_timeout_seconds=settings.receive_timeout_seconds,
        )
    except (LDAPException, OSError) as error:
        text = f"{url}: {error_text(error)}"
        raise DomainUnavailable(Unavailable(text, "check servers and ca_file in the settings")) from None
    try:
        open_connection(connection)
        result = bind(connection)
    except (LDAPException, OSError) as error:
        close(connection)
        raise DomainUnavailable(_connection_trouble(url, error)) from None
    if not is_success(result):
        close(connection)
        raise DomainUnavailable(_bind_trouble(url, settings.bind_dn, result))
    return connection


def _connection_trouble(url: str, error: Exception) -> Unavailable:
    text = error_text(error)
    if "certificate verify failed" in text.lower() or "CERTIFICATE_VERIFY_FAILED" in text:
        hint = (
            "ca_file must hold the domain's authority, and the server be named as in its certificate; "
            "`mamia check` reports whether tls_strict = false is needed"
        )
        return Unavailable(f"{url}: {text}", hint)
    return Unavailable(f"{url}: {text}")


def _bind_trouble(url: str, account: str, result: Result) -> Unavailable:
    if result["result"] != RESULT_INVALID_CREDENTIALS:
        return Unavailable(f"{url}: bind: {code_and_text(result)}")
    code = re.search(r"data ([0-9a-f]+)", str(result["message"]))
    why, fix = _BIND_TROUBLE.get(code.group(1) if code else "", _WRONG_PASSWORD)
    return Unavailable(f"{url} refuses {account}: {why}", f"the service account {account}: {why}; {fix}")
