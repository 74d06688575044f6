"""Lock state of an entry, as slapd's ppolicy overlay computes it: closed, locked until, changeable from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.directory import ppolicy
from gateway.directory.policies import Policy
from gateway.ldap import Entry


def is_closed_by_mark(entry: Entry, now: datetime) -> bool:
    """Return whether an administrator closed the account, or `now` is outside pwdStartTime and pwdEndTime.

    A new password would then open an account that must stay closed, or would open nothing.
    """
    validity = ppolicy.read_validity(entry.first(ppolicy.STARTS_AT), entry.first(ppolicy.ENDS_AT))
    return ppolicy.is_closed(entry.first(ppolicy.LOCKED_AT)) or not validity.holds(now)


def is_closed(entry: Entry, policy: Policy, now: datetime, records_logins: Callable[[], bool]) -> bool:
    """Return whether `is_closed_by_mark`, or the account was not used for too long, or is locked without an end."""
    return (
        is_closed_by_mark(entry, now)
        or idle_since(entry, policy, now, records_logins) is not None
        or (policy.locks and locked_until(entry, now) == ppolicy.MAX_VALIDITY)
    )


def idle_since(entry: Entry, policy: Policy, now: datetime, records_logins: Callable[[], bool]) -> datetime | None:
    """Return when an account was last used that slapd treats as idle (pwdMaxIdle); None if it does not.

    The last use is the last login or a later change. A new password ends that state, so an idle account counts as
    closed. slapd applies pwdMaxIdle only if it records logins (olcLastBind): `records_logins`.
    """
    used_at = entry.first(ppolicy.LAST_SUCCESS) or entry.first(ppolicy.CHANGED_AT)
    if not (policy.locks and policy.max_idle and used_at):
        return None
    # slapd reads a time that it cannot parse as 1970.
    moment = ppolicy.read_time(used_at) or ppolicy.MIN_VALIDITY
    is_idle = now > moment + policy.max_idle
    return moment if is_idle and records_logins() else None


def locked_until(entry: Entry, now: datetime) -> datetime | None:
    """Return the end (UTC) of a lock that slapd sets after each wrong password (pwdMinDelay).

    Returns None if there is none now. It applies if the entry's policy has pwdLockout, and no change of the password
    lifts it. For a time that slapd misreads (as in `ppolicy.read_validity`) the lock has no end:
    `ppolicy.MAX_VALIDITY`.
    """
    text = entry.first(ppolicy.LOCKED_UNTIL)
    if not text:
        return None
    end = ppolicy.read_time(text)
    if end is None or not ppolicy.MIN_VALIDITY <= end < ppolicy.MAX_VALIDITY:
        return ppolicy.MAX_VALIDITY
    return end if now < end else None


def changeable_from(entry: Entry, policy: Policy, now: datetime) -> datetime | None:
    """Return when (UTC) slapd accepts another password (pwdMinAge); None if it does now.

    A password that must be changed (pwdReset) can always be changed.
    """
    changed_at = ppolicy.read_time(entry.first(ppolicy.CHANGED_AT))
    if not changed_at or not policy.min_age or entry.first(ppolicy.MUST_CHANGE).upper() == "TRUE":
        return None
    start = changed_at + policy.min_age
    return start if now < start else None
