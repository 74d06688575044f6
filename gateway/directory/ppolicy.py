"""The password-policy control (draft-behera-ldap-password-policy-11) as slapd's ppolicy overlay speaks it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pyasn1.type import namedtype, tag, univ

CONTROL_OID = "1.3.6.1.4.1.42.2.27.8.5.1"
REQUEST_CONTROL = (CONTROL_OID, False, None)

CHANGED_AT = "pwdChangedTime"
LOCKED_AT = "pwdAccountLockedTime"
MUST_CHANGE = "pwdReset"
POLICY = "pwdPolicySubentry"
LOCKED_FOR_GOOD = "000001010000Z"
"""The value by which an administrator closes an account: no lock-out duration lifts it."""


class PolicyError(IntEnum):
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


def _context(number: int) -> tag.Tag:
    return tag.Tag(tag.tagClassContext, tag.tagFormatSimple, number)


class _Warning(univ.Choice):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("timeBeforeExpiration", univ.Integer().subtype(implicitTag=_context(0))),
        namedtype.NamedType("graceAuthNsRemaining", univ.Integer().subtype(implicitTag=_context(1))),
    )


_WARNING: Any = _Warning()


class _Response(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.OptionalNamedType("warning", _WARNING.subtype(explicitTag=_context(0))),
        namedtype.OptionalNamedType("error", univ.Enumerated().subtype(implicitTag=_context(1))),
    )


def policy_error(result: Mapping[str, Any]) -> PolicyError | None:
    """What the response control in an ldap3 `result` says, or None where it says nothing that is known."""
    control = (result.get("controls") or {}).get(CONTROL_OID)
    if not control:
        return None
    try:
        response, _ = decoder.decode(bytes(control["value"]), asn1Spec=_Response())
        return PolicyError(int(response["error"])) if response["error"].isValue else None
    except (PyAsn1Error, ValueError):
        return None


def is_locked(locked_at: str, lockout: timedelta, now: datetime) -> bool:
    """Whether slapd refuses every password: `locked_at` is pwdAccountLockedTime, empty where there is none.

    A `lockout` of 0 lasts until the next change. A lock that has run out stays in the entry until the next
    successful bind or change, and one dated ahead has not begun.
    """
    if not locked_at:
        return False
    moment = read_time(locked_at)
    return moment is None or (moment <= now and (not lockout or now < moment + lockout))


def read_change_time(changed_at: str) -> datetime | None:
    """Of pwdChangedTime (UTC); None where there is none, or where it is in another form than slapd's own."""
    try:
        return read_time(changed_at) if changed_at else None
    except ValueError:
        return None


def read_time(generalized: str) -> datetime | None:
    """A GeneralizedTime in UTC (RFC 4517, 3.3.13), with or without fractions; None for the mark "for good"."""
    if generalized == LOCKED_FOR_GOOD:
        return None
    return datetime.strptime(generalized[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
