"""Outcomes of services, besides the outcomes of the use cases (`account/outcomes.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.errors import DirectoryBusy, DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Grant, Person, Propagation
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.protection.tickets import TokenError

INFRASTRUCTURE_ERRORS = (DirectoryUnavailable, WriteUnconfirmed, StoreUnavailable)
OUTAGES = ("directory_misconfigured", "busy", "directory_unavailable", "write_unconfirmed", "store_unavailable")
"""The codes of `Outage`. They are stable: logs, metrics and alerts rely on them."""


@dataclass(frozen=True, slots=True)
class RateLimited:
    """There were too many attempts, and nothing was done."""

    retry_after_seconds: int
    without_work: bool = False
    """Whether the limit is that of forms without a proof of work."""


@dataclass(frozen=True, slots=True)
class NotHuman:
    """The form's answer to the CAPTCHA or proof of work is missing or wrong; `verdict` says which."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TicketVoid:
    """The ticket of the form cannot be used, or cannot be used any more."""

    reason: TokenError


@dataclass(frozen=True, slots=True)
class MayChoose:
    """The person proved who they are, with the second factor where one is required, and may choose a password."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Saved:
    """The directory has the new password. The audit is written, and the notification is queued."""

    person: Person
    propagation: Propagation | None
    """The targets that receive the password too; None for people without a workstation."""
    was_expired: bool
    result_ticket: str
    """A ticket that shows the result for an hour and permits nothing else."""


class Outage(Exception):
    """The infrastructure failed during a service. Log and audit are written; the caller only shows the error."""

    def __init__(self, code: str, *, retry_after_seconds: int = 0) -> None:
        """`code`: one of OUTAGES. `retry_after_seconds` is 0 if it is unknown."""
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds

    @classmethod
    def of(cls, error: Exception) -> Outage:
        """Return the Outage for one of INFRASTRUCTURE_ERRORS."""
        match error:
            case DirectoryMisconfigured():
                return cls("directory_misconfigured")
            case DirectoryBusy():
                return cls("busy", retry_after_seconds=error.retry_after_seconds)
            case DirectoryUnavailable():
                return cls("directory_unavailable")
            case WriteUnconfirmed():
                return cls("write_unconfirmed")
            case _:
                # Without counts every request is refused, because guesses would be unlimited.
                return cls("store_unavailable")
