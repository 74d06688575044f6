"""A Windows domain: unicodePwd in clear over LDAPS, by an account with the delegated right to reset passwords.

Clear text and never a hash: a domain that is given a hash makes RC4 keys only, which current ones refuse. The result
codes are those of [MS-ADTS] 3.1.1.3.1.5 and Windows' system errors, as Samba 4 and Windows answer them.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ldap3 import BASE, MODIFY_REPLACE, NONE, SAFE_SYNC, SUBTREE, Connection, Server
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import (
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_INVALID_CREDENTIALS,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SUCCESS,
)
from ldap3.utils.conv import escape_filter_chars

from gateway.account.model import Secret
from gateway.ldap_tls import VerifyingTls
from gateway.targets.protected_accounts import ATTRIBUTES, can_be_judged, protection_of
from gateway.tls import verifying_context
from gateway.workstation.model import DomainRules, Done, Outcome, Probe, Reason, Refused, Unavailable

log = logging.getLogger(__name__)

COMPLEX = 1
"""The bit of pwdProperties that asks for three kinds of characters ([MS-SAMR] 2.2.4.2)."""
ANYBODY = "(&(objectClass=user)(!(objectClass=computer))(!(adminCount=1)))"
PRIVILEGED = "(&(objectClass=user)(|(adminCount=1)(memberOf=CN=Domain Admins,CN=Users,{domain})))"
MAX_TRIED = 20
"""Privileged accounts on which a check tries what may be written."""
NOT_A_PASSWORD = b"x"
"""Neither in quotes nor UTF-16: no domain takes it ([MS-ADTS] 3.1.1.3.1.5)."""
HARMLESS = ("lockoutTime", "pwdLastSet", "unicodePwd", "userPassword", "clearTextPassword", "dBCSPwd", "ntPwdHistory")
RULES = ["minPwdLength", "pwdProperties", "pwdHistoryLength", "minPwdAge"]
TICKS_A_SECOND = 10_000_000
_BIND_TROUBLE = {
    "52e": "the name or the password is wrong",
    "525": "there is no such account",
    "530": "it may not log in at this hour",
    "532": "its password has expired: exempt it from expiry",
    "533": "it is disabled",
    "701": "it has expired",
    "773": "its password must be changed",
    "775": "it is locked",
}
"""`data …` in the answer to a refused bind (Windows system error codes, hexadecimal)."""

_NAMED_RULES = {
    "already used": Reason.IN_HISTORY,
    "too short": Reason.TOO_SHORT,
    "complexity": Reason.TOO_SIMPLE,
    "too young": Reason.TOO_YOUNG,
}


@dataclass(frozen=True, slots=True)
class ActiveDirectorySettings:
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


class _Stopped(Exception):
    """No domain controller could be used; `outcome` says why."""

    def __init__(self, outcome: Unavailable) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(slots=True)
class ActiveDirectory:
    """`workstation.ports.Target` on a domain. One connection is kept: opening one costs more than a password."""

    settings: ActiveDirectorySettings
    _connection: Connection | None = None
    _own_sids: Sequence[bytes] = ()
    """Of the account that is bound and of its groups; empty until they were read."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return self.settings.name

    def set_password(self, login: str, password: Secret) -> Outcome:
        with self._lock:
            try:
                connection, found = self._find(login)
            except _Stopped as stopped:
                return stopped.outcome
            if len(found) != 1:
                return Refused(Reason.NO_ACCOUNT, f"{len(found)} accounts fit {self.settings.filter}")
            return self._obstacle(connection, found[0]) or self._write(connection, found[0], password)

    def rules(self) -> DomainRules | None:
        with self._lock:
            try:
                return self._read_rules(self._connected())
            except (_Stopped, LDAPException, OSError):
                self._drop()
                return None

    def probe(self) -> Probe:
        """With the right, a password that is none is badly encoded; without it, it is not even looked at."""
        with self._lock:
            try:
                return self._try_rights(self._connected())
            except _Stopped as stopped:
                return Probe(stopped.outcome)
            except (LDAPException, OSError) as error:
                self._drop()
                return Probe(Unavailable(_plain(error)))

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _try_rights(self, connection: Connection) -> Probe:
        _, result, answers, _ = connection.search(
            self.settings.base, ANYBODY, SUBTREE, attributes=["allowedAttributesEffective"], size_limit=1
        )
        people = [answer for answer in answers or () if answer["type"] == "searchResEntry"]
        if not people:
            return Probe(untried=f"nobody is found below {self.settings.base} ({_said(result)})")
        dn, writable = people[0]["dn"], people[0]["raw_attributes"].get("allowedAttributesEffective", [])
        excess = tuple(f"write {name.decode()}" for name in writable if name.decode() not in HARMLESS)
        excess += self._reached_administrators(connection)
        tried = _try_no_password(connection, dn)
        if tried["result"] == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            refused = self._refusal(connection, dn, Secret(""), tried)
            return Probe(refused if isinstance(refused, Unavailable) else None, excess)
        return Probe(excess=excess)

    def _reached_administrators(self, connection: Connection) -> tuple[str, ...]:
        """Privileged accounts whose password the delegated right reaches: whoever has our password could set it."""
        domain = self._domain
        wanted = PRIVILEGED.format(domain=domain)
        _, _, answers, _ = connection.search(domain, wanted, SUBTREE, attributes=["1.1"], size_limit=MAX_TRIED)
        names = [answer["dn"] for answer in answers or () if answer["type"] == "searchResEntry"]
        return tuple(
            f"set the password of the privileged account {dn}"
            for dn in names
            if _try_no_password(connection, dn)["result"] != RESULT_INSUFFICIENT_ACCESS_RIGHTS
        )

    @property
    def _domain(self) -> str:
        return ",".join(part for part in self.settings.base.split(",") if part.strip().upper().startswith("DC="))

    def _find(self, login: str) -> tuple[Connection, list[str]]:
        """The account's DNs, over a connection that is known to live: an idle one may have died."""
        wanted = self.settings.filter.replace("{login}", escape_filter_chars(login))
        for attempt in (1, 2):
            connection = self._connected()
            try:
                _, result, answers, _ = connection.search(self.settings.base, wanted, SUBTREE, attributes=["1.1"])
            except (LDAPException, OSError) as error:
                self._drop()
                if attempt == 1 and "timed out" not in str(error):
                    continue
                raise _Stopped(Unavailable(f"search: {_plain(error)}")) from None
            if result["result"] == RESULT_NO_SUCH_OBJECT:
                raise _Stopped(Unavailable(f"{self.settings.base} is not there", "correct base in the settings"))
            if result["result"] != RESULT_SUCCESS:
                raise _Stopped(Unavailable(f"search: {_said(result)}"))
            return connection, [answer["dn"] for answer in answers if answer["type"] == "searchResEntry"]
        raise AssertionError("unreachable")

    def _obstacle(self, connection: Connection, dn: str) -> Refused | Unavailable | None:
        """Why this account's password may not be set by us. What can't be read counts as protected."""
        try:
            _, result, answers, _ = connection.search(dn, "(objectClass=*)", BASE, attributes=ATTRIBUTES)
            account: Mapping[str, Sequence[bytes]]
            account = next((one["raw_attributes"] for one in answers if one["type"] == "searchResEntry"), {})
            self._own_sids = self._own_sids or _own_sids(connection)
        except (LDAPException, OSError) as error:
            self._drop()
            return Unavailable(f"search: {_plain(error)}")
        if not can_be_judged(account) or not self._own_sids:
            mend = f"let {self.settings.bind_dn} read {', '.join(ATTRIBUTES)} of people's accounts"
            return Unavailable(f"whether the account is protected can't be seen ({_said(result)})", mend)
        protection = protection_of(account, self._own_sids)
        return Refused(Reason.PROTECTED, f"{dn}: {protection}") if protection else None

    def _write(self, connection: Connection, dn: str, password: Secret) -> Outcome:
        quoted = f'"{password.reveal()}"'.encode("utf-16-le")
        try:
            result = connection.modify(dn, {"unicodePwd": [(MODIFY_REPLACE, [quoted])]})[1]
        except (LDAPException, OSError) as error:
            self._drop()
            return Unavailable(f"no answer to the write: {_plain(error)}", may_be_set=True)
        if result["result"] != RESULT_SUCCESS:
            return self._refusal(connection, dn, password, result)
        if self.settings.unlock:
            self._unlock(connection, dn)
        return Done()

    def _refusal(self, connection: Connection, dn: str, password: Secret, result: Mapping[str, Any]) -> Outcome:
        code, message = result["result"], str(result["message"])
        if code == RESULT_CONSTRAINT_VIOLATION or message.startswith("0000052D"):
            return Refused(self._broken_rule(connection, password, message), _said(result))
        if code == RESULT_NO_SUCH_OBJECT:
            return Refused(Reason.NO_ACCOUNT, _said(result))
        if code == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            mend = f'delegate "reset password" on {dn.partition(",")[2]} to {self.settings.bind_dn}'
            return Unavailable(f"the right to reset this password is missing ({_said(result)})", mend)
        return Unavailable(_said(result))

    def _broken_rule(self, connection: Connection, password: Secret, message: str) -> Reason:
        """Samba's text names the rule; Windows says only that one was broken, and its readable rules tell which."""
        for word, reason in _NAMED_RULES.items():
            if word in message:
                return reason
        try:
            rules = self._read_rules(connection)
        except (LDAPException, OSError):
            rules = None
        if rules is None:
            return Reason.POLICY
        if len(password) < rules.min_length:
            return Reason.TOO_SHORT
        if rules.complexity and _kinds(password.reveal()) < 3:
            return Reason.TOO_SIMPLE
        return Reason.POLICY

    def _unlock(self, connection: Connection, dn: str) -> None:
        """The password counts even where this fails: it is logged, and the lock-out ends by itself."""
        try:
            result = connection.modify(dn, {"lockoutTime": [(MODIFY_REPLACE, [b"0"])]})[1]
        except (LDAPException, OSError) as error:
            self._drop()
            log.warning("%s: the lock-out was not lifted: %s", self.name, _plain(error))
            return
        if result["result"] != RESULT_SUCCESS:
            log.warning(
                "%s: the lock-out was not lifted, is the right to lockoutTime given? %s", self.name, _said(result)
            )

    def _read_rules(self, connection: Connection) -> DomainRules | None:
        _, result, answers, _ = connection.search(self._domain, "(objectClass=*)", BASE, attributes=RULES)
        entries = [answer for answer in answers if answer["type"] == "searchResEntry"]
        if result["result"] != RESULT_SUCCESS or not entries:
            return None
        raw = entries[0]["raw_attributes"]
        length, properties, history, age = (int(next(iter(raw.get(name, [])), b"0")) for name in RULES)
        return DomainRules(length, bool(properties & COMPLEX), history, abs(age) // TICKS_A_SECOND)

    def _connected(self) -> Connection:
        """The connection that is there, or one to the first server that takes us. Raises _Stopped."""
        if self._connection is not None and not self._connection.closed:
            return self._connection
        worst = Unavailable("no server in the settings")
        for server in self.settings.servers:
            try:
                self._connection = self._open(server)
            except _Stopped as stopped:
                worst = stopped.outcome if stopped.outcome.mend or not worst.mend else worst
                continue
            return self._connection
        raise _Stopped(worst)

    def _open(self, url: str) -> Connection:
        settings = self.settings
        try:
            server = Server(
                url,
                get_info=NONE,
                connect_timeout=settings.connect_timeout_seconds,
                tls=VerifyingTls(verifying_context(settings.ca_file, strict=settings.tls_strict)),
            )
            connection = Connection(
                server,
                settings.bind_dn,
                # Bytes: ldap3 would normalise a text (RFC 4013) and so bind with another password.
                settings.bind_password.reveal().encode(),  # type: ignore[arg-type]
                client_strategy=SAFE_SYNC,
                receive_timeout=settings.receive_timeout_seconds,
                auto_referrals=False,
                check_names=False,
            )
        except (LDAPException, OSError) as error:
            raise _Stopped(
                Unavailable(f"{url}: {_plain(error)}", "check servers and ca_file in the settings")
            ) from None
        try:
            connection.open(read_server_info=False)
            bound, result, _, _ = connection.bind(read_server_info=False)
        except (LDAPException, OSError) as error:
            _close(connection)
            raise _Stopped(_connection_trouble(url, error)) from None
        if not bound:
            _close(connection)
            raise _Stopped(_bind_trouble(url, settings.bind_dn, result))
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            _close(self._connection)
            self._connection = None


def _try_no_password(connection: Connection, dn: str) -> Mapping[str, Any]:
    """The server looks at rights first and then refuses the value, so nothing is ever changed."""
    result: Mapping[str, Any] = connection.modify(dn, {"unicodePwd": [(MODIFY_REPLACE, [NOT_A_PASSWORD])]})[1]
    return result


def _own_sids(connection: Connection) -> Sequence[bytes]:
    """The root's tokenGroups ([MS-ADTS] 3.1.1.3.2.20)."""
    _, _, answers, _ = connection.search("", "(objectClass=*)", BASE, attributes=["tokenGroups"])
    return next((one["raw_attributes"]["tokenGroups"] for one in answers if one["type"] == "searchResEntry"), [])


def _close(connection: Connection) -> None:
    with suppress(LDAPException, OSError):
        connection.unbind()
    if connection.socket is not None:
        connection.socket.close()


def _connection_trouble(url: str, error: Exception) -> Unavailable:
    text = _plain(error)
    if "certificate verify failed" in text.lower() or "CERTIFICATE_VERIFY_FAILED" in text:
        mend = (
            "ca_file must hold the domain's authority, and the server be named as in its certificate; "
            "`mamia check` tells whether tls_strict = false is needed"
        )
        return Unavailable(f"{url}: {text}", mend)
    return Unavailable(f"{url}: {text}")


def _bind_trouble(url: str, account: str, result: Mapping[str, Any]) -> Unavailable:
    if result["result"] != RESULT_INVALID_CREDENTIALS:
        return Unavailable(f"{url}: bind: {_said(result)}")
    code = re.search(r"data ([0-9a-f]+)", str(result["message"]))
    why = _BIND_TROUBLE.get(code.group(1) if code else "", "the name or the password is wrong")
    return Unavailable(f"{url} refuses {account}: {why}", f"mend the service account {account}: {why}")


def _kinds(text: str) -> int:
    """How many of the five kinds of [MS-SAMR] 3.1.1.7.2 occur."""
    return sum(
        (
            any(sign.isupper() for sign in text),
            any(sign.islower() for sign in text),
            any(sign.isdigit() for sign in text),
            any(not sign.isalnum() for sign in text),
            any(sign.isalpha() and not sign.isupper() and not sign.islower() for sign in text),
        )
    )


def _said(result: Mapping[str, Any]) -> str:
    return re.sub(r"\s+", " ", f"{result['result']} {result['description']} {result['message']}").strip()


def _plain(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
