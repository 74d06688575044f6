"""A target: a Windows domain, where an account with the right to reset passwords sets unicodePwd over LDAPS.

The password is sent in plain text, never as a hash: from a hash a domain makes only RC4 keys, which current domains
refuse. The result codes are those of [MS-ADTS] 3.1.1.3.1.5 and Windows' system errors, as Samba 4 and Windows send
them.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ldap3 import BASE, MODIFY_REPLACE, Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import (
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_INVALID_DN_SYNTAX,
    RESULT_NO_SUCH_OBJECT,
    RESULT_REFERRAL,
)

from gateway.account.model import Secret
from gateway.ldap import ANYTHING, Result, error_text, is_success, modify, raw_values, try_search
from gateway.targets.domain_connection import (
    ActiveDirectorySettings,
    DomainConnection,
    DomainUnavailable,
    code_and_text,
)
from gateway.targets.domain_rules import broken_rule, read_rules
from gateway.targets.protected_accounts import ATTRIBUTES, can_be_judged, protection_of
from gateway.workstation.model import DomainRules, Done, Outcome, Probe, Reason, Refused, Unavailable

log = logging.getLogger(__name__)

ANYBODY = "(&(objectClass=user)(!(objectClass=computer))(!(adminCount=1)))"
PRIVILEGED = "(&(objectClass=user)(|(adminCount=1)(memberOf=CN=Domain Admins,CN=Users,{domain})))"
EXAMPLE_FILTER = "(&(objectClass=user)(sAMAccountName={login}))"
NO_SUCH_BASE = (RESULT_NO_SUCH_OBJECT, RESULT_REFERRAL, RESULT_INVALID_DN_SYNTAX)
"""Results of a search below a base that is not in this domain, or is no DN."""
MAX_TRIED = 20
"""Maximum privileged accounts on which a check tries to write the password."""
NOT_A_PASSWORD = b"x"
"""Neither in quotes nor UTF-16, so that every domain refuses it ([MS-ADTS] 3.1.1.3.1.5)."""
WRITABLE = "allowedAttributesEffective"
HARMLESS = ("lockoutTime", "pwdLastSet", "unicodePwd", "userPassword", "clearTextPassword", "dBCSPwd", "ntPwdHistory")


@dataclass(slots=True)
class ActiveDirectory:
    """A `workstation.ports.Target` that is a domain."""

    settings: ActiveDirectorySettings
    _domain: DomainConnection = field(init=False)
    _own_sids: Sequence[bytes] = ()
    """The SIDs of the account that is bound and of its groups; empty until they are read."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._domain = DomainConnection(self.settings)

    @property
    def name(self) -> str:
        """As in the settings."""
        return self.settings.name

    def set_password(self, login: str, password: Secret) -> Outcome:
        """Set the password of the one account that fits `login`, unless the account is privileged. Raises nothing.

        With `settings.unlock` also lifts the lock-out. Calls from several threads run one after another.
        """
        with self._lock:
            try:
                connection, found = self._domain.find(login)
            except DomainUnavailable as error:
                return error.outcome
            if len(found) != 1:
                return Refused(Reason.NO_ACCOUNT, f"{len(found)} accounts fit {self.settings.filter}")
            return self._obstacle(connection, found[0]) or self._write(connection, found[0], password)

    def rules(self) -> DomainRules | None:
        """Return the domain's rules for passwords; None if they cannot be read."""
        with self._lock:
            try:
                return read_rules(self._domain.get(), self.settings.domain)
            except (DomainUnavailable, LDAPException, OSError):
                self._domain.drop()
                return None

    def probe(self) -> Probe:
        """Try to write a value that is not a password to an account, which changes nothing, to find our rights.

        With the right, the domain refuses the encoding; without the right, it refuses the write itself.
        """
        with self._lock:
            try:
                return self._try_rights(self._domain.get())
            except DomainUnavailable as error:
                return Probe(error.outcome)
            except (LDAPException, OSError) as error:
                self._domain.drop()
                return Probe(Unavailable(error_text(error)))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._domain.drop()

    def _try_rights(self, connection: Connection) -> Probe:
        found = try_search(connection, self.settings.base, ANYBODY, [WRITABLE], size_limit=1)
        if found.code in NO_SUCH_BASE:
            text = f"{self.settings.base} does not exist in the domain ({code_and_text(found.result)})"
            return Probe(Unavailable(text, f"correct base: it must end in {_naming_context(connection)}"))
        if error := self._misleading_filter(connection):
            return Probe(error)
        if not found.answers:
            text = f"nobody is found below {self.settings.base} ({code_and_text(found.result)})"
            return Probe(skipped_reason=text)
        dn, writable = found.dns[0], [name.decode() for name in raw_values(found.answers[0], WRITABLE)]
        excess = tuple(f"write {name}" for name in writable if name not in HARMLESS)
        excess += self._reached_administrators(connection)
        tried = _try_no_password(connection, dn)
        if tried["result"] == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            refused = self._refusal(connection, dn, Secret(""), tried)
            return Probe(refused if isinstance(refused, Unavailable) else None, excess)
        return Probe(excess_rights=excess, clock_ahead_seconds=_clock_ahead(connection))

    def _misleading_filter(self, connection: Connection) -> Unavailable | None:
        """Return an error if the filter matches accounts whatever the login is, or no account of any login."""
        base, filter_ = self.settings.base, self.settings.filter
        nobody = f"mamia-check-{secrets.token_hex(4)}"
        found = try_search(connection, base, filter_.replace("{login}", nobody), ["1.1"], size_limit=2)
        if found.answers:
            text = f"filter {filter_} finds {found.dns[0]} for a login that nobody has"
            return Unavailable(text, f"correct filter: {EXAMPLE_FILTER} for logins that are names of accounts")
        anybody = try_search(connection, base, ANYBODY, ["1.1"], size_limit=1)
        if (
            anybody.answers
            and not try_search(connection, base, filter_.replace("{login}", "*"), ["1.1"], size_limit=1).answers
        ):
            text = f"filter {filter_} finds nobody below {base}, although accounts are there"
            return Unavailable(text, f"correct filter: {EXAMPLE_FILTER} for logins that are names of accounts")
        return None

    def _reached_administrators(self, connection: Connection) -> tuple[str, ...]:
        """Return the privileged accounts whose password we may set: a thief of our password could set it too."""
        domain = self.settings.domain
        wanted = PRIVILEGED.format(domain=domain)
        return tuple(
            f"set the password of the privileged account {dn}"
            for dn in try_search(connection, domain, wanted, ["1.1"], size_limit=MAX_TRIED).dns
            if _try_no_password(connection, dn)["result"] != RESULT_INSUFFICIENT_ACCESS_RIGHTS
        )

    def _obstacle(self, connection: Connection, dn: str) -> Refused | Unavailable | None:
        """Return why we must not set this account's password, or None. What cannot be read counts as protected."""
        try:
            found = try_search(connection, dn, ANYTHING, ATTRIBUTES, BASE)
            self._own_sids = self._own_sids or _own_sids(connection)
        except (LDAPException, OSError) as error:
            self._domain.drop()
            return Unavailable(f"search: {error_text(error)}")
        account: Mapping[str, Sequence[bytes]] = found.answers[0]["raw_attributes"] if found.answers else {}
        if not can_be_judged(account) or not self._own_sids:
            hint = f"let {self.settings.bind_dn} read {', '.join(ATTRIBUTES)} of people's accounts"
            text = f"whether the account is protected can't be seen ({code_and_text(found.result)})"
            return Unavailable(text, hint)
        protection = protection_of(account, self._own_sids)
        return Refused(Reason.PROTECTED, f"{dn}: {protection}") if protection else None

    def _write(self, connection: Connection, dn: str, password: Secret) -> Outcome:
        quoted = f'"{password.reveal()}"'.encode("utf-16-le")
        try:
            result = modify(connection, dn, {"unicodePwd": [(MODIFY_REPLACE, [quoted])]})
        except (LDAPException, OSError) as error:
            self._domain.drop()
            return Unavailable(f"no answer to the write: {error_text(error)}", outcome_unknown=True)
        if not is_success(result):
            return self._refusal(connection, dn, password, result)
        if self.settings.unlock:
            self._unlock(connection, dn)
        return Done()

    def _refusal(self, connection: Connection, dn: str, password: Secret, result: Result) -> Outcome:
        code, message, text = result["result"], str(result["message"]), code_and_text(result)
        if code == RESULT_CONSTRAINT_VIOLATION or message.startswith("0000052D"):
            return Refused(broken_rule(connection, self.settings.domain, password, message), text)
        if code == RESULT_NO_SUCH_OBJECT:
            return Refused(Reason.NO_ACCOUNT, text)
        if code == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            hint = f'delegate "reset password" on {dn.partition(",")[2]} to {self.settings.bind_dn}'
            return Unavailable(f"the right to reset this password is missing ({text})", hint)
        return Unavailable(text)

    def _unlock(self, connection: Connection, dn: str) -> None:
        """Lift the lock-out. A failure is only logged: the password is set, and the lock-out ends automatically."""
        try:
            result = modify(connection, dn, {"lockoutTime": [(MODIFY_REPLACE, [b"0"])]})
        except (LDAPException, OSError) as error:
            self._domain.drop()
            log.warning("%s: the lock-out was not lifted: %s", self.name, error_text(error))
            return
        if not is_success(result):
            text = code_and_text(result)
            log.warning(
                "%s: the lock-out was not lifted; has the account the right to write lockoutTime? %s", self.name, text
            )


def _naming_context(connection: Connection) -> str:
    """Return the domain's own DN; a general one if the root DSE does not show it."""
    answers = try_search(connection, "", ANYTHING, ["defaultNamingContext"], BASE).answers
    values = raw_values(answers[0], "defaultNamingContext") if answers else []
    return values[0].decode() if values else "the domain's DC=…"


def _clock_ahead(connection: Connection) -> float:
    """Return by how many seconds the domain's clock is ahead of ours; 0 if the root DSE does not show it."""
    answers = try_search(connection, "", ANYTHING, ["currentTime"], BASE).answers
    values = raw_values(answers[0], "currentTime") if answers else []
    try:
        there = datetime.strptime(values[0].decode()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return 0.0
    return there.timestamp() - time.time()


def _try_no_password(connection: Connection, dn: str) -> Result:
    """Try to write NOT_A_PASSWORD. The server checks rights first and then refuses the value, so nothing changes."""
    return modify(connection, dn, {"unicodePwd": [(MODIFY_REPLACE, [NOT_A_PASSWORD])]})


def _own_sids(connection: Connection) -> Sequence[bytes]:
    """Return the tokenGroups of the root DSE ([MS-ADTS] 3.1.1.3.2.20); empty if they cannot be read."""
    answers = try_search(connection, "", ANYTHING, ["tokenGroups"], BASE).answers
    return raw_values(answers[0], "tokenGroups") if answers else []
