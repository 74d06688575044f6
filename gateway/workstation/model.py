"""What a target can answer to a password, and what can be learnt of a target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a password will never be at a target. The values are stable: they are in the directory."""

    TOO_SHORT = "too_short"
    IN_HISTORY = "in_history"
    TOO_SIMPLE = "too_simple"
    TOO_YOUNG = "too_young"
    POLICY = "policy"
    """A rule of the domain that it did not name."""
    NO_ACCOUNT = "no_account"
    """Nobody there has that account, or several do."""
    PROTECTED = "protected"
    """A privileged account there: its password is set by hand, never by this service."""
    CONTROL_CHARACTER = "control_character"
    """It holds a control character: no workstation's login takes it, and it might be read as more than a password."""
    NOT_FOR_THIS_ENTRY = "not_for_this_entry"
    """The sealed password was made for another entry or another change."""
    NOT_PLAIN_TEXT = "not_plain_text"
    """It was changed at the directory with a hashed value, or with one that slapd made: nobody can read it."""
    NO_WORKSTATION = "no_workstation"
    """The entry is not, or no longer, one of those whose passwords are brought to workstations."""
    NOT_IN_FORCE = "not_in_force"
    """The sealed password does not open the entry in the directory, or an administrator closed it."""
    UNREADABLE = "unreadable"
    """No key of this worker opens it."""


@dataclass(frozen=True, slots=True)
class Done:
    """The target has the password."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Final: a retry with this password can't help."""

    reason: Reason
    detail: str = ""
    """The target's own words, for the operator; never a secret."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Not now: it will be tried again."""

    reason: str
    """For the operator: what happened, in one line, without a secret."""
    hint: str = ""
    """What the operator must do where time alone fixes nothing (certificate, credentials, missing right); such a
    failure is retried slowly and loudly. Empty for a passing one."""
    outcome_unknown: bool = False
    """The write was sent and its answer never came: the target may have set the password, or may do so yet."""


Outcome = Done | Refused | Unavailable


@dataclass(frozen=True, slots=True)
class Probe:
    """What a check found at a target without setting a password."""

    error: Unavailable | None = None
    """Why no password could be set; None if one could."""
    excess_rights: tuple[str, ...] = ()
    """What the service's account may do there although it need not."""
    skipped_reason: str = ""
    """Why the right to set passwords could not be tried."""
    clock_ahead_seconds: float = 0.0
    """By how much the target's clock is ahead of this machine's."""


@dataclass(frozen=True, slots=True)
class DomainRules:
    """A target's own rules for passwords, as far as it lets them be read."""

    min_length: int
    """Characters."""
    complexity: bool
    """Three of: lower case, upper case, digit, special character; and no login or name in it."""
    history: int
    """How many former passwords are refused."""
    min_age_seconds: int = 0
