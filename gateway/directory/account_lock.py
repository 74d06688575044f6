"""What slapd's ppolicy overlay makes of an entry's state: closed, locked until, changeable from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.directory import ppolicy
from gateway.directory.policies import Policy
from gateway.ldap import Entry


def is_closed_by_mark(entry: Entry, now: datetime) -> bool:
    """Locked by an administrator, or outside its time: a new password would not let anybody in, or must not."""
    validity = ppolicy.read_validity(entry.first(ppolicy.STARTS_AT), entry.first(ppolicy.ENDS_AT))
    return ppolicy.is_closed(entry.first(ppolicy.LOCKED_AT)) or not validity.holds(now)


def is_closed(entry: Entry, policy: Policy, now: datetime, records_logins: Callable[[], bool]) -> bool:
    """As `is_closed_by_mark`; also an account that was not used for too long, or is locked without an end."""
    return (
        is_closed_by_mark(entry, now)
        or idle_since(entry, policy, now, records_logins) is not None
        or (policy.locks and locked_until(entry, now) == ppolicy.MAX_VALIDITY)
    )


def idle_since(entry: Entry, policy: Policy, now: datetime, records_logins: Callable[[], bool]) -> datetime | None:
    """When an account was last used that slapd takes for idle (pwdMaxIdle): by a login, or by a change after it.

    None where slapd does not. A new password ends that state, so an idle account counts as closed. slapd looks at
    pwdMaxIdle only where it `records_logins` (olcLastBind).
    """
    used_at = entry.first(ppolicy.LAST_SUCCESS) or entry.first(ppolicy.CHANGED_AT)
    if not (policy.locks and policy.max_idle and used_at):
        return None
    # slapd takes for 1970 what it can't date.
    moment = ppolicy.read_time(used_at) or ppolicy.MIN_VALIDITY
    is_idle = now > moment + policy.max_idle
    return moment if is_idle and records_logins() else None


def locked_until(entry: Entry, now: datetime) -> datetime | None:
    """The end of a lock that slapd sets after each wrong password (pwdMinDelay); None where there is none now.

    It counts where the entry's policy has pwdLockout, and no change of the password lifts it. A time that slapd takes
    for another one (as in `ppolicy.read_validity`) is a lock without an end: `ppolicy.MAX_VALIDITY`.
    """
    text = entry.first(ppolicy.LOCKED_UNTIL)
    if not text:
        return None
    end = ppolicy.read_time(text)
    if end is None or not ppolicy.MIN_VALIDITY <= end < ppolicy.MAX_VALIDITY:
        return ppolicy.MAX_VALIDITY
    return end if now < end else None


def changeable_from(entry: Entry, policy: Policy, now: datetime) -> datetime | None:
    """When slapd takes another password (pwdMinAge); None where it does now. One that must be changed may be."""
    changed_at = ppolicy.read_time(entry.first(ppolicy.CHANGED_AT))
    if not changed_at or not policy.min_age or entry.first(ppolicy.MUST_CHANGE).upper() == "TRUE":
        return None
    start = changed_at + policy.min_age
    return start if now < start else None
