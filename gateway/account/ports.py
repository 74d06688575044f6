"""What the use cases need from the world: promises, not mechanics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.account.birth_date import BirthDate
from gateway.account.model import Account, Grant, LockedOut, Person, Secret
from gateway.account.outcomes import Changed, InitialRestored, Refused
from gateway.account.proofs import Candidate

Admits = Callable[[str], bool]
"""Counts an attempt at one account, whichever of its logins was typed; False once there were too many.

It gets the account's identity, or a text that no account has where the login is unknown. What it raises where it
cannot count passes through."""


class People(Protocol):
    """Looking people up, where a recent change may be missing. All raise DirectoryUnavailable."""

    def find_by_name(self, surname: str, given_name: str, birth_date: BirthDate) -> Sequence[Person]:
        """Those whose married OR birth name is `surname`, compared as the directory does."""

    def find_by_birth_date(self, birth_date: BirthDate) -> Sequence[Person]:
        """Everybody born that day."""

    def from_primary(self, person: Person) -> Person | None:
        """That person with every change that was ever confirmed; None for one who must not be served."""


class Passwords(Protocol):
    """Proving whose an account is, and replacing its password.

    The first two cost the directory the same work whether or not the account exists, is locked, or the answer
    is right. They ask `admits` first; beyond its limit the account is not touched, and the answer is None.
    All raise DirectoryUnavailable; the last two raise WriteUnconfirmed where it is not proved whether the directory
    has the new password. "Changed" and "restored" mean that it is.
    """

    def authenticate(self, login: str, current: Secret, admits: Admits) -> Account | LockedOut | None:
        """The account if `current` opens it, also when that password has expired.

        None for an unknown login, a wrong password, a locked, a closed or a protected account alike; LockedOut where
        this very password was one wrong one too many.
        """

    def verify_identity(
        self, login: str, candidates: Sequence[Candidate], birth_date: BirthDate, admits: Admits
    ) -> Account | None:
        """The account if it holds one of the `candidates` and the birth date; a locked one too.

        None for everything else alike, a closed or a protected account included.
        """

    def account_for(self, grant: Grant) -> Account | None:
        """The account once more, or None if its password changed, or it was closed or protected since the grant."""

    def set_password(self, account: Account, new: Secret) -> Changed | Refused:
        """Set `new`, lift a lock-out and the duty to change, and queue it for the workstation, in one write.

        GRANT_VOID where the password was changed, or the account closed, since `account` was read.
        """

    def reset_to_initial(self, account: Account, initial: Secret) -> InitialRestored | Refused:
        """Set `initial` even if it was used before, lift a lock-out, and demand a change at the next login."""


class Clock(Protocol):
    def monotonic(self) -> float:
        """Seconds that never run backwards."""

    def sleep_until(self, moment: float) -> None:
        """Return at `moment` of `monotonic`, or at once if it has passed."""
