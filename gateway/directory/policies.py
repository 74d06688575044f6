"""Password policies of the directory, as slapd interprets them.

A policy is an entry of class pwdPolicy (draft-behera-ldap-password-policy).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ldap3 import Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS

from gateway.directory import ppolicy
from gateway.directory.configuration import read_configuration
from gateway.directory.context_csn import suffixes
from gateway.directory.pool import ConnectionPool
from gateway.ldap import ANYTHING, Entry, ServerUnavailable, bind, check_result, find_entry, is_success, try_search
from gateway.settings import Directory

log = logging.getLogger(__name__)

CLASS = "pwdPolicy"
MAX_AGE_SECONDS = 15.0
"""Seconds for which a policy is cached."""
MAX_REMEMBERED = 200
MAX_LOGIN_AGE = timedelta(days=1)
"""Maximum age of pwdLastSuccess right after a login.

An older value is from a time when slapd still wrote it. The difference of the clocks, and olcLastBindPrecision of
slapd 2.6, must be smaller.
"""
UNKNOWN_DEFAULT = (
    "the default password policy is not known: directory.default_policy must name olcPPolicyDefault of slapd, or "
    "ldif/47-configuration.ldif let the gateway read it. Until then slapd alone knows lengths, locks and ages"
)
MAX_DURATION = timedelta(days=36_500)
"""Maximum of an age or a lock-out, so that a time plus a duration stays within the range of `datetime`."""
_ATTRIBUTES = [
    "pwdMinAge", "pwdMaxAge", "pwdMaxIdle", "pwdMinLength", "pwdCheckQuality", "pwdInHistory", "pwdLockout",
    "pwdLockoutDuration", "pwdMaxFailure", "pwdMinDelay", "pwdMaxDelay", "pwdAllowUserChange", "pwdSafeModify",
    "pwdAttribute", "pwdMaxLength", "pwdMustChange", "pwdExpireWarning",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """One pwdPolicy entry. A duration or length of 0 means no limit, except for `lockout`."""

    dn: str = ""
    """DN of the policy; "" if none can be read: then these are the limits that slapd applies without a policy."""
    min_age: timedelta = timedelta(0)
    max_age: timedelta = timedelta(0)
    max_idle: timedelta = timedelta(0)
    min_length: int = 0
    history: int | None = None
    locks: bool = False
    lockout: timedelta = timedelta(0)
    """Duration of a lock; 0: until the next change of the password."""
    max_failures: int = 0
    max_delay: timedelta = timedelta(0)
    """Longest lock after a wrong password while pwdMaxFailure is not reached."""
    allows_user_change: bool = True
    needs_old_password: bool = False
    """pwdSafeModify: slapd then refuses every password that is set without the old one."""
    attribute: str = "userPassword"
    """pwdAttribute: the attribute that the policy is about."""
    checks_quality: bool = False
    """pwdCheckQuality: whether slapd looks at the length of a password."""
    max_length: int = 0
    """pwdMaxLength; 0: no limit."""
    must_change: bool = False
    """pwdMustChange: whether pwdReset forces a person to change the password."""
    expire_warning: timedelta = timedelta(0)
    """pwdExpireWarning: how long before its end a password is announced to end."""


def read_policy(entry: Entry) -> Policy:
    """Convert the entry of a policy. Never raises: values that cannot be read count as 0."""
    min_delay = _seconds(entry, "pwdMinDelay")
    return Policy(
        dn=entry.dn,
        min_age=_seconds(entry, "pwdMinAge"),
        max_age=_seconds(entry, "pwdMaxAge"),
        max_idle=_seconds(entry, "pwdMaxIdle"),
        # Without a check of quality slapd takes passwords of any length.
        min_length=_number(entry, "pwdMinLength") if _number(entry, "pwdCheckQuality") else 0,
        history=_number(entry, "pwdInHistory"),
        locks=_is_true(entry, "pwdLockout"),
        lockout=_seconds(entry, "pwdLockoutDuration"),
        max_failures=_number(entry, "pwdMaxFailure"),
        max_delay=min_delay and (_seconds(entry, "pwdMaxDelay") or min_delay),
        allows_user_change=_is_true(entry, "pwdAllowUserChange", default="TRUE"),
        needs_old_password=_is_true(entry, "pwdSafeModify"),
        attribute=entry.first("pwdAttribute") or "userPassword",
        checks_quality=bool(_number(entry, "pwdCheckQuality")),
        max_length=_number(entry, "pwdMaxLength"),
        must_change=_is_true(entry, "pwdMustChange"),
        expire_warning=_seconds(entry, "pwdExpireWarning"),
    )


@dataclass(slots=True)
class Policies:
    """Finds the policy of an entry: its own (pwdPolicySubentry), or the default one.

    Policies are cached for `MAX_AGE_SECONDS`. All methods raise DirectoryUnavailable.
    """

    pool: ConnectionPool
    without_any: Policy = Policy()
    """The policy that applies if none can be read."""
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Policy]] = field(default_factory=dict)
    _records_logins: tuple[float, bool] = (float("-inf"), False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _warned: bool = False

    def of(self, entry: Entry) -> Policy:
        """Return the policy of a person's entry, which must have been read with pwdPolicySubentry."""
        dn = entry.first(ppolicy.POLICY)
        with self._lock:
            until, known = self._known.get(dn, (float("-inf"), self.without_any))
        if self.monotonic() < until:
            return known
        policy = self.pool.run_idempotent(lambda connection: self._read(connection, dn)) or self.without_any
        with self._lock:
            if len(self._known) >= MAX_REMEMBERED:
                self._known.clear()
            self._known[dn] = self.monotonic() + MAX_AGE_SECONDS, policy
        return policy

    def records_logins(self) -> bool:
        """Return whether slapd records pwdLastSuccess (olcLastBind), tested by a login of the service account."""
        until, known = self._records_logins
        if self.monotonic() < until:
            return known
        found = self.pool.run_idempotent(self._bind_and_look)
        self._records_logins = self.monotonic() + MAX_AGE_SECONDS, found
        return found

    def _bind_and_look(self, connection: Connection) -> bool:
        """Bind once more and look: the bind that opened this connection may be days old."""
        if not is_success(bind(connection)):
            raise ServerUnavailable(f"refuses {connection.user}")
        return records_login(connection, self.pool.settings.bind_dn)

    def _read(self, connection: Connection, dn: str) -> Policy | None:
        if not dn:
            return self._default(connection)
        return find_policy(connection, dn)

    def _default(self, connection: Connection) -> Policy | None:
        policy = find_default_policy(connection, self.pool.settings)
        if policy is None and not self._warned:
            self._warned = True
            log.warning("%s", UNKNOWN_DEFAULT)
        return policy


def find_policies(connection: Connection) -> list[Policy]:
    """Return all policies that this account may read. Raises ServerUnavailable, DirectoryMisconfigured."""
    return _search(connection, f"(objectClass={CLASS})")


def find_default_policy(connection: Connection, settings: Directory) -> Policy | None:
    """Return the policy of people without one of their own; None if it is not known, or if there is none.

    It is the one that the setting names, else olcPPolicyDefault of slapd. Where neither is known, it is the only
    policy of the directory; of several none is guessed. Raises ServerUnavailable, DirectoryMisconfigured.
    """
    if settings.default_policy:
        return find_policy(connection, settings.default_policy)
    if configuration := read_configuration(connection, settings.decoy_dn):
        dn = configuration.policy.default_policy if configuration.policy else ""
        return find_policy(connection, dn) if dn else None
    known = find_policies(connection)
    return known[0] if len(known) == 1 else None


def records_login(connection: Connection, dn: str) -> bool:
    """Return whether slapd recorded the login of `dn`, as which this connection has just been bound (olcLastBind)."""
    entry = find_entry(connection, dn, ANYTHING, [ppolicy.LAST_SUCCESS])
    last = ppolicy.read_time(entry.first(ppolicy.LAST_SUCCESS)) if entry else None
    return last is not None and datetime.now(UTC) - last < MAX_LOGIN_AGE


def find_policy(connection: Connection, dn: str) -> Policy | None:
    """Return the policy `dn`; None if there is none or it can't be read. Raises as `find_policies`."""
    entry = find_entry(connection, dn, ANYTHING, _ATTRIBUTES)
    return read_policy(entry) if entry else None


def _search(connection: Connection, filter_: str) -> list[Policy]:
    found: list[Policy] = []
    for suffix in suffixes(connection):
        answered = try_search(connection, suffix, filter_, _ATTRIBUTES)
        # The account may have no access to one of the databases.
        check_result(answered.result, f"reading {suffix}", accepted=(RESULT_SUCCESS, RESULT_NO_SUCH_OBJECT))
        found += map(read_policy, answered.entries)
    return found


def _number(entry: Entry, attribute: str) -> int:
    try:
        return max(0, int(entry.first(attribute) or "0"))
    except ValueError:
        return 0


def _seconds(entry: Entry, attribute: str) -> timedelta:
    """Return a duration of at most a century."""
    return timedelta(seconds=min(_number(entry, attribute), int(MAX_DURATION.total_seconds())))


def _is_true(entry: Entry, attribute: str, default: str = "FALSE") -> bool:
    return (entry.first(attribute) or default).upper() == "TRUE"
