"""Interfaces (ports) that the use cases need; `gateway.directory` implements them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.account.birth_date import BirthDate
from gateway.account.model import Account, Grant, LockedOut, Names, Person, Secret
from gateway.account.outcomes import Changed, InitialRestored, Refused
from gateway.account.proofs import Candidate

Admits = Callable[[str], bool]
"""Counts an attempt at one account, whichever of its logins was typed, and returns False after too many.

Its argument is the account's identity, or a text that no account has if the login is unknown. An exception that it
raises when it cannot count is not caught.
"""


class People(Protocol):
    """Search for people. A very recent change may be missing. All methods raise DirectoryUnavailable."""

    def find_by_name(self, surname: str, given_name: str, birth_date: BirthDate) -> Sequence[Person]:
        """Return those whose married OR birth name is `surname`, compared as the directory compares."""

    def names_born_on(self, birth_date: BirthDate) -> Sequence[Names]:
        """Return the names of everybody born on that day."""

    def with_names(self, names: Names) -> Person | None:
        """Return the person whose names `names_born_on` returned; None if the entry is no longer there."""

    def from_primary(self, person: Person) -> Person | None:
        """Read the person again with every confirmed change; None for a person who must not be served."""


class Passwords(Protocol):
    """Verify whose account it is, and replace its password.

    The first two methods cost the directory the same work whether or not the account exists, is locked, or the answer
    is right. They call `admits` first; beyond its limit they do not touch the account and return None. All methods
    raise DirectoryUnavailable; the last two raise WriteUnconfirmed if it is not known whether the directory has the
    new password. Changed and InitialRestored mean that it has.
    """

    def authenticate(self, login: str, current: Secret, admits: Admits) -> Account | LockedOut | None:
        """Return the account if `current` opens it, also if that password has expired.

        Returns None alike for an unknown login, a wrong password, and a locked, closed or protected account;
        LockedOut if this very attempt locked the account.
        """

    def verify_identity(
        self, login: str, candidates: Sequence[Candidate], birth_date: BirthDate, admits: Admits
    ) -> Account | None:
        """Return the account if it has one of the `candidates` and the birth date, also if it is locked.

        Returns None in all other cases alike, also for a closed or protected account.
        """

    def account_for(self, grant: Grant) -> Account | None:
        """Read the account again; None if its password changed, or it was closed or protected, since the grant."""

    def set_password(self, account: Account, new: Secret, *, charter: str = "") -> Changed | Refused:
        """Set `new`, lift a lock-out and the duty to change, and queue it for the workstation, in one write.

        The same write records that the person accepted the version `charter` of the acceptable use policy, if any.
        Returns GRANT_VOID if the password was changed, or the account closed, since `account` was read.
        """

    def reset_to_initial(self, account: Account, initial: Secret) -> InitialRestored | Refused:
        """Set `initial` even if it was used before, lift a lock-out, and require a change at the next login."""


class Clock(Protocol):
    """A monotonic clock, which tests replace."""

    def monotonic(self) -> float:
        """Return seconds that never decrease, from an arbitrary start."""

    def sleep_until(self, moment: float) -> None:
        """Return at `moment` of `monotonic`, or at once if it has passed."""


class SharedTurns(Protocol):
    """Turns that the processes of one service share. No method waits, and one thread at a time calls them."""

    def take(self, *, is_due: bool) -> bool:
        """Take a free turn for this process, and return whether there was one.

        `is_due`: the process has fewer turns than its share. A process that is not due leaves turns to those that are
        and wait.
        """

    def give_back(self) -> None:
        """Give back one of the turns that this process has."""

    def tell(self, *, waits: bool, is_due: bool) -> None:
        """Let the other processes know whether attempts of this one wait, and whether it is due a turn."""

    def do_others_wait(self) -> bool:
        """Return whether attempts of another process wait."""
