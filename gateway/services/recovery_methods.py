"""The recovery methods of one account, opened: what pages, resets and commands read and change."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.account.model import Grant, Person
from gateway.account.ports import Admits
from gateway.account.recovery import Held, RecoveryKind, RecoveryMethod
from gateway.protection.recovery_seal import RecoverySeals
from gateway.services.ports import RecoveryValues

log = logging.getLogger(__name__)

WRITES_AGAINST_ANOTHER = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """The methods of an account, each with the value that the directory holds of it."""

    held: Held
    by_value: tuple[tuple[bytes, RecoveryMethod], ...]
    rested: frozenset[str] = frozenset()
    """The ids of the methods that may serve a reset."""

    @property
    def methods(self) -> tuple[RecoveryMethod, ...]:
        """Return the methods, the oldest first."""
        return _in_order(method for _, method in self.by_value)

    @property
    def unreadable(self) -> tuple[bytes, ...]:
        """Return the values that no key opens."""
        readable = {value for value, _ in self.by_value}
        return tuple(value for value in self.held.values if value not in readable)

    @property
    def person(self) -> Person:
        """Return the owner, with the addresses of the methods beside those of the directory.

        A phone is among them once it has rested: a text message shows what happens to the account, and costs money.
        """
        return with_addresses(self.held.account.person, self.methods, self.rested)

    def find(self, id_: str) -> tuple[bytes, RecoveryMethod] | None:
        """Return the method with this id, and its value."""
        return next((pair for pair in self.by_value if pair[1].id == id_), None)


@dataclass(frozen=True, slots=True)
class RecoveryMethods:
    """Reads and writes methods. All methods raise what `RecoveryValues` raises."""

    values: RecoveryValues
    seals: RecoverySeals
    rest: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def with_login(self, login: str, admits: Admits) -> Opened | None:
        """Return the methods of the account with this login; None alike for all that are not to be served."""
        held = self.values.with_login(login, admits)
        return None if held is None else self._opened(held)

    def of(self, grant: Grant) -> Opened | None:
        """Return the methods of the account of `grant`; None if the grant is void."""
        held = self.values.of(grant)
        return None if held is None else self._opened(held)

    def at(self, dn: str) -> tuple[RecoveryMethod, ...]:
        """Return the methods of an entry, the oldest first, also of one that is not served."""
        uuid, values = self.values.sealed_at(dn)
        return _in_order(method for value in values if (method := self.seals.open(value, uuid)))

    def ready(self, opened: Opened) -> list[RecoveryMethod]:
        """Return the methods that may serve a reset now."""
        return [method for method in opened.methods if method.is_ready(self.now(), self.rest)]

    def rested(self, methods: Iterable[RecoveryMethod]) -> frozenset[str]:
        """Return the ids of those of the methods that may serve a reset now."""
        now = self.now()
        return frozenset(method.id for method in methods if method.is_ready(now, self.rest))

    def resting(self, opened: Opened) -> list[tuple[bytes, RecoveryMethod]]:
        """Return the methods that may not serve a reset yet, each with its value."""
        now = self.now()
        return [(value, method) for value, method in opened.by_value if not method.is_ready(now, self.rest)]

    def add(self, grant: Grant, method: RecoveryMethod) -> bool:
        """Add a confirmed method; return False if the grant is void, or if others write all the time."""
        for _ in range(WRITES_AGAINST_ANOTHER):
            opened = self.of(grant)
            if opened is None:
                return False
            if self.values.replace(opened.held, None, self.seals.seal(method, opened.held.account.uuid)):
                return True
        return False

    def change(self, opened: Opened, value: bytes, method: RecoveryMethod) -> bool:
        """Write `method` in the place of `value`; return False if that was changed since it was read."""
        return self.values.replace(opened.held, value, self.seals.seal(method, opened.held.account.uuid))

    def remove(self, opened: Opened, value: bytes) -> bool:
        """Remove one method; return False if it was changed since it was read."""
        return self.values.replace(opened.held, value, None)

    def seal_anew(self, opened: Opened) -> None:
        """Seal with the newest key what an older one sealed, so that the old one can be removed one day."""
        uuid = opened.held.account.uuid
        for value, method in opened.by_value:
            if not self.seals.is_current(value, uuid):
                self.change(opened, value, method)

    def _opened(self, held: Held) -> Opened:
        opened = ((value, self.seals.open(value, held.account.uuid)) for value in held.values)
        by_value = tuple((value, method) for value, method in opened if method)
        found = Opened(held, by_value, self.rested(method for _, method in by_value))
        if found.unreadable:
            log.error(
                "%d recovery methods of entry %s cannot be used: web.secret_keys lacks the key of their seal, or "
                "what they contain is odd",
                len(found.unreadable),
                held.account.uuid,
            )
        return found


def with_addresses(person: Person, methods: Sequence[RecoveryMethod], rested: frozenset[str]) -> Person:
    """Return `person` with the addresses of the methods beside those of the directory.

    Of the phones those count whose methods are in `rested`.
    """
    mails = [one.address for one in methods if one.kind is RecoveryKind.MAIL]
    phones = [one.address for one in methods if one.kind is RecoveryKind.MOBILE and one.id in rested]
    return replace(person, other_mails=(*person.other_mails, *mails), other_phones=(*person.other_phones, *phones))


def _in_order(methods: Iterable[RecoveryMethod]) -> tuple[RecoveryMethod, ...]:
    return tuple(sorted(methods, key=lambda one: (one.added_at, one.id)))
