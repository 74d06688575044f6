"""Results of the use cases that a person can meet. Failures of the infrastructure are in `errors`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.account.model import NO_LIMITS, DirectoryLimits, Grant, Person, Propagation
from gateway.account.policy import Rule


class Refusal(StrEnum):
    """Why a use case refused a request. The values are stable: logs, metrics and scripts rely on them."""

    NOT_FOUND = "not_found"
    """Nobody with that name was born on that day."""
    NOT_PROVED = "not_proved"
    """Login, number or birth date is wrong, or the account is closed; the answer does not say which."""
    CREDENTIALS = "credentials"
    """Unknown login, wrong password, locked or closed account; the answer does not say which."""
    GRANT_VOID = "grant_void"
    """The password was changed, or the account closed, after the person proved who they are."""
    RULES = "rules"
    """The new password violates rules of the academy, which `Refused.violations` lists."""
    IN_HISTORY = "in_history"
    TOO_YOUNG = "too_young"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    POOR_QUALITY = "poor_quality"
    NOT_CHANGEABLE = "not_changeable"
    """The directory's policy does not allow this person to change the password."""
    LOCKED = "locked"
    """The account is locked after wrong passwords, and no new password lifts the lock."""
    CHARTER = "charter"
    """The person has not accepted the acceptable use policy that is in force."""
    DIRECTORY_RULE = "directory_rule"
    """The directory refused the password and did not report by which rule."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was refused, and nothing was changed."""

    code: Refusal
    violations: tuple[Rule, ...] = ()
    limits: DirectoryLimits = NO_LIMITS
    """Values of the person's own policy, for the message that explains the refusal."""


@dataclass(frozen=True, slots=True)
class Found:
    """The people with these names and this birth date: usually one, several if they are namesakes."""

    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """The person proved who they are and may choose a password."""

    grant: Grant
    person: Person


@dataclass(frozen=True, slots=True)
class Changed:
    """The directory has the new password."""

    person: Person
    was_expired: bool = False
    propagation: Propagation | None = None
    """Delivery to the workstation; None for people without one."""
    charter: str = ""
    """Version of the acceptable use policy that the person accepted with it; "" if none was asked for."""


@dataclass(frozen=True, slots=True)
class InitialRestored:
    """The password is the initial one again and must be changed at the next login."""

    person: Person
    propagation: Propagation | None = None
