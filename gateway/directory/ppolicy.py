"""Control and attributes of password policies (draft-behera-ldap-password-policy-11), as slapd's ppolicy uses
them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from gateway.directory import ber
from gateway.needs.attributes import CHANGED_AT as CHANGED_AT
from gateway.needs.attributes import ENDS_AT as ENDS_AT
from gateway.needs.attributes import LAST_SUCCESS as LAST_SUCCESS
from gateway.needs.attributes import LOCKED_AT as LOCKED_AT
from gateway.needs.attributes import LOCKED_UNTIL as LOCKED_UNTIL
from gateway.needs.attributes import MUST_CHANGE as MUST_CHANGE
from gateway.needs.attributes import POLICY as POLICY
from gateway.needs.attributes import STARTS_AT as STARTS_AT
from gateway.needs.server import PASSWORD_POLICY

CONTROL_OID = PASSWORD_POLICY
REQUEST_CONTROL = (CONTROL_OID, False, None)

LOCKED_FOR_GOOD = "000001010000Z"
"""Value with which an administrator closes an account; no lock-out duration ends it."""
END_OF_YEAR_0 = "00001231235959Z"
EPOCH = "19700101000000Z"
"""Values that close an account are in the year 0, or are this one."""
MAX_TIME_CHARS = 60
WHOLE_SECONDS_CHARS = 15
MIN_YEAR, MAX_YEAR = 1900, 9000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_VALIDITY, MAX_VALIDITY = _EPOCH, datetime(2100, 1, 1, tzinfo=UTC)
_ERROR = ber.CONTEXT + 1
_GENERALIZED_TIME = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?:(?P<minute>\d\d)(?P<second>\d\d)?)?"
    r"(?:[.,](?P<fraction>\d+))?(?:Z|(?P<sign>[+-])(?P<offset_hours>\d\d)(?P<offset_minutes>\d\d)?)",
    re.ASCII,
)


class PolicyError(IntEnum):
    """Error codes of the response control (draft-behera-ldap-password-policy-11, 6.2)."""

    PASSWORD_EXPIRED = 0
    ACCOUNT_LOCKED = 1
    CHANGE_AFTER_RESET = 2
    PASSWORD_MOD_NOT_ALLOWED = 3
    MUST_SUPPLY_OLD_PASSWORD = 4
    INSUFFICIENT_QUALITY = 5
    TOO_SHORT = 6
    TOO_YOUNG = 7
    IN_HISTORY = 8
    TOO_LONG = 9


def policy_error(result: Mapping[str, Any]) -> PolicyError | None:
    """Return the error in the response control of an ldap3 `result`; None if there is none or it is unknown."""
    control = (result.get("controls") or {}).get(CONTROL_OID)
    value = (control or {}).get("value") or b""
    try:
        response = ber.elements(value, *ber.expect(ber.SEQUENCE, value, 0, len(value)))
        return next((PolicyError(ber.number_in(value, *at)) for tag, *at in response if tag == _ERROR), None)
    except ValueError:
        return None


def is_closed(locked_at: str) -> bool:
    """Return whether an administrator locked the account without an end.

    `locked_at` is pwdAccountLockedTime, "" if there is none. A value that cannot be read counts as closed, because a
    reset must not open that account.
    """
    return bool(locked_at) and read_time(locked_at) is None


@dataclass(frozen=True, slots=True)
class Validity:
    """Period (UTC) in which slapd accepts a password: pwdStartTime to pwdEndTime. None: no limit."""

    starts_at: datetime | None
    ends_at: datetime | None
    is_certain: bool
    """Whether slapd interprets both values as they are written."""

    def holds(self, now: datetime) -> bool:
        """Return whether `now` is in the period; False if it is not certain, because nobody may be able to log in."""
        if not self.is_certain or (self.starts_at and now < self.starts_at):
            return False
        return not (self.ends_at and now >= self.ends_at)


def read_validity(starts_at: str, ends_at: str) -> Validity:
    """Convert the two attributes' values, "" if there are none.

    ppolicy keeps 32 bits of a time, so times before 1970 or after 2100 become different ones: with pwdEndTime
    99991231235959Z nobody can log in (measured with slapd 2.5.13).
    """
    times = [read_time(text) for text in (starts_at, ends_at)]
    is_certain = all(
        not text or (time and MIN_VALIDITY <= time < MAX_VALIDITY)
        for time, text in zip(times, (starts_at, ends_at), strict=True)
    )
    return Validity(times[0], times[1], is_certain)


def is_locked(locked_at: str, lockout: timedelta, now: datetime) -> bool:
    """Return whether slapd refuses every password. `locked_at` is pwdAccountLockedTime, "" if there is none.

    A `lockout` of 0 lasts until the next change. A lock that has ended stays in the entry until the next successful
    bind or change; one with a time in the future has not begun.
    """
    if not locked_at:
        return False
    moment = read_time(locked_at)
    return moment is None or (moment <= now and (not lockout or now - moment < lockout))


def read_change_time(changed_at: str) -> datetime | None:
    """Convert pwdChangedTime (UTC); None if there is none, or if it is not in slapd's own form."""
    is_usual = changed_at[:14].isdecimal() and changed_at.isascii() and changed_at.endswith("Z")
    if not is_usual:
        return None
    if len(changed_at) == WHOLE_SECONDS_CHARS and "1971" <= changed_at[:4] < "9000" and changed_at[12:14] < "60":
        # The way of nearly all values, and many are read at once; `read_time` would return the same.
        try:
            return datetime.fromisoformat(f"{changed_at[:8]}T{changed_at[8:]}")
        except ValueError:
            return None
    return read_time(changed_at)


def read_time(generalized: str) -> datetime | None:
    """Convert a GeneralizedTime (RFC 4517, 3.3.13) to UTC, as in pwdChangedTime and pwdAccountLockedTime.

    Never raises. Returns None for text that is not a time, and for the values that slapd treats as "without an end":
    a time in the year 0000 (in its own zone perhaps in the year 1), and the first second of 1970. Years out of range
    are moved into the range in which adding a duration cannot overflow.
    """
    match = _GENERALIZED_TIME.fullmatch(generalized[:MAX_TIME_CHARS])
    if match is None or int(match["year"]) < 2:
        return None
    year, month, day, hour = (int(match[name]) for name in ("year", "month", "day", "hour"))
    minute, second = (int(match[name] or 0) for name in ("minute", "second"))
    smallest = 1 if match["second"] else 60 if match["minute"] else 3600
    try:
        # A leap second (60) counts as the last second of its minute.
        moment = datetime(min(max(year, MIN_YEAR), MAX_YEAR), month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    moment += timedelta(seconds=smallest * float(f"0.{match['fraction'] or 0}"))
    if match["sign"]:
        offset = timedelta(hours=int(match["offset_hours"]), minutes=int(match["offset_minutes"] or 0))
        moment += -offset if match["sign"] == "+" else offset
    return moment if moment != _EPOCH else None
