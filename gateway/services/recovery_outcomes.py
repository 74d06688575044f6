"""What a person can meet at their recovery methods, apart from a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.account.recovery import RecoveryMethod
from gateway.services.new_method import MAX_ATTEMPTS


class Notice(StrEnum):
    """What happened at the page."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    UNREADABLE_REMOVED = "unreadable_removed"
    CHANGED_MEANWHILE = "changed_meanwhile"
    TOO_MANY = "too_many"
    KNOWN_ALREADY = "known_already"
    NOT_PRIVATE = "not_private"
    NOT_SENT = "not_sent"
    CODE_LIMITED = "code_limited"
    WRONG_TOO_OFTEN = "wrong_too_often"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_NOT_MADE = "passkey_not_made"


@dataclass(frozen=True, slots=True)
class Managing:
    """The person sees their methods."""

    ticket: str
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Confirming:
    """A new method waits for its confirmation."""

    ticket: str
    attempts_left: int = MAX_ATTEMPTS
    is_wrong: bool = False
    """Whether a wrong code was typed."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of a ticket."""

    login: str
    uuid: str
    methods: tuple[RecoveryMethod, ...] = ()
    new: RecoveryMethod | None = None
    """The method that waits for its confirmation."""
    challenge: str = ""
    unreadable: int = 0
    """The number of methods that no key of the settings opens."""
