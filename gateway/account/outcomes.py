"""Everything that a person can meet. What is an infrastructure failure is in `errors`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.account.model import NO_LIMITS, DirectoryLimits, Grant, Person, Propagation
from gateway.account.policy import Rule


class Refusal(StrEnum):
    """Why a service said no. The values are stable: logs, metrics and scripts rely on them."""

    NOT_FOUND = "not_found"
    """Nobody of that name was born that day."""
    NOT_PROVED = "not_proved"
    """Login, number or birth date is wrong, or the account is closed: which one is not said."""
    CREDENTIALS = "credentials"
    """Unknown login, wrong password, locked or closed account: which one is not said."""
    GRANT_VOID = "grant_void"
    """The password was changed, or the account closed, since the person proved who they are."""
    RULES = "rules"
    """The new password breaks rules of the academy; `Refused.violations` names them."""
    IN_HISTORY = "in_history"
    TOO_YOUNG = "too_young"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    POOR_QUALITY = "poor_quality"
    NOT_CHANGEABLE = "not_changeable"
    """The directory's policy lets this person not change it."""
    LOCKED = "locked"
    """Locked after wrong passwords, by a lock that no new password lifts."""
    DIRECTORY_RULE = "directory_rule"
    """The directory refused the password and did not say by which rule."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed."""

    code: Refusal
    violations: tuple[Rule, ...] = ()
    limits: DirectoryLimits = NO_LIMITS
    """The numbers of the person's own policy, for the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """One person, or several who share names and birth date."""

    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """The person proved who they are and may choose a password."""

    grant: Grant
    person: Person


@dataclass(frozen=True, slots=True)
class Changed:
    """The directory holds the new password."""

    person: Person
    was_expired: bool = False
    propagation: Propagation | None = None
    """Where it goes from there; None for people without a workstation."""


@dataclass(frozen=True, slots=True)
class InitialRestored:
    """The password is the initial one again and must be changed at the next login."""

    person: Person
    propagation: Propagation | None = None
