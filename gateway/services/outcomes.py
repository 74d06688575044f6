"""What a service returns besides the outcomes of the use cases (`account/outcomes.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.account.errors import DirectoryBusy, DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Grant, Person, Propagation
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.protection.tickets import TokenError

INFRASTRUCTURE_ERRORS = (DirectoryUnavailable, WriteUnconfirmed, StoreUnavailable)


@dataclass(frozen=True, slots=True)
class RateLimited:
    """The attempt came too often and nothing was done."""

    retry_after_seconds: int
    without_work: bool = False
    """It is the limit of forms that bring no proof of work."""


@dataclass(frozen=True, slots=True)
class NotHuman:
    """The form does not show that no script filled it in."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class TicketVoid:
    """The ticket that the form brought cannot be used (any more)."""

    reason: TokenError


@dataclass(frozen=True, slots=True)
class MayChoose:
    """The person proved who they are, with the second factor where one is required, and may choose a password."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Saved:
    """The directory holds the new password. Audit and notification are done."""

    person: Person
    propagation: Propagation | None
    """Where the password goes from there; None for people without a workstation."""
    was_expired: bool
    result_ticket: str
    """With it the result can be looked at for an hour; it permits nothing else."""


class Outage(Exception):
    """The infrastructure failed during a service. Log and audit have it already; the caller only shows it."""

    def __init__(self, code: str, *, retry_after_seconds: int = 0) -> None:
        """`code`: "directory_misconfigured", "busy", "directory_unavailable", "write_unconfirmed" or
        "store_unavailable". `retry_after_seconds` is 0 where nobody knows."""
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds

    @classmethod
    def of(cls, error: Exception) -> Outage:
        """Classify one of INFRASTRUCTURE_ERRORS."""
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
                # Without counts nothing may be let through: guesses would be free.
                return cls("store_unavailable")
