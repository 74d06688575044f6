"""The acceptable use policy (charte informatique): whether a person still has to accept it.

Acceptance is recorded as `version;time`, in the write that sets the password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.account.model import Account
from gateway.account.outcomes import Refusal, Refused

TIME = "%Y%m%d%H%M%SZ"
"""GeneralizedTime (RFC 4517, 3.3.13), in UTC and in seconds."""


@dataclass(frozen=True, slots=True)
class Charter:
    """The version in force; "": nobody is asked."""

    version: str = ""

    def is_missing(self, account: Account) -> bool:
        """Return whether the person has not accepted this version yet."""
        return bool(self.version) and account.charter != self.version

    def refuse(self, account: Account, accepts: str) -> Refused | None:
        """Return the refusal of a password whose owner did not accept the version in force; None if it can be set.

        `accepts` is the version that the form showed: an old page does not accept a new text. Call it only for
        people who proved whose account it is, because the answer reveals that the account exists.
        """
        return Refused(Refusal.CHARTER) if self.is_missing(account) and accepts != self.version else None

    def accepted(self, account: Account) -> str:
        """Return the version to record with the new password; "" if nothing is to be recorded."""
        return self.version if self.is_missing(account) else ""


NO_CHARTER = Charter()


def write_acceptance(version: str, now: datetime) -> str:
    """Return the value that records an acceptance."""
    return f"{version};{now.astimezone(UTC).strftime(TIME)}"


def read_acceptance(value: str) -> str:
    """Return the version that was accepted; "" if none was."""
    return value.partition(";")[0]
