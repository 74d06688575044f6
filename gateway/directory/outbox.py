"""The outbox in the directory: entries whose sealed secret waits, claimed and recorded by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection
from ldap3.core.results import (
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)

from gateway.directory import ppolicy
from gateway.directory.context_csn import suffix_of
from gateway.directory.mapping import IDENTITY
from gateway.directory.pool import ConnectionPool
from gateway.directory.server_time import WITH_TIMES, read_back, write_time
from gateway.ldap import (
    ANYTHING,
    RETRYABLE_FOR_WRITES,
    Answer,
    Entry,
    Result,
    entry_of,
    find_answer,
    is_below,
    modify,
    raw_values,
    read_entry,
    search_pages,
)
from gateway.ldap import Changes as Changes
from gateway.ldap import check_result as check_ldap_result
from gateway.settings import People
from gateway.workstation.lease import with_lease, write_leases
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryState, DeliveryStatus, read_state

SECRET = "mamiaPendingSecret"  # noqa: S105 - the attribute's name
STATE = "mamiaSyncState"
LEASE = "mamiaSyncLease"
WAITING = f"({SECRET}=*)"
PAGE = 500
"""Entries asked for at a time."""
MAX_TRIES = 100
"""Of a write while others write on the same entry: each of their writes is one of few that they do for a password."""
MAX_UNCHANGED = 3
"""Of these tries, one after the other on an entry that looks the same: others may have claimed it and let it go."""
CAS_CONFLICT = (
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_OBJECT,
)
"""The results of a compare-and-set that came too late; the lease is single-valued, so a second one is refused."""


class LdapOutbox:
    """`workstation.ports.Outbox` on LDAP, over connections bound as the worker's account."""

    def __init__(self, worker: ConnectionPool, people: People) -> None:
        self._worker = worker
        self._people = people
        self._attributes = [people.login, IDENTITY, SECRET, STATE, LEASE]

    def waiting(self) -> Iterable[Waiting]:
        return self._worker.run_idempotent(lambda connection: self._search_pages(connection, WAITING))

    def all_entries(self) -> Iterable[Waiting]:
        """Every entry with a state, done ones too, and with the time of its last change of password.

        `sealed` is empty where nothing waits any more.
        """
        return self._worker.run_idempotent(
            lambda connection: self._search_pages(connection, f"({STATE}=*)", more=[ppolicy.CHANGED_AT])
        )

    def moved_out(self) -> list[Waiting]:
        """Every entry with a sealed secret that was moved out of people.base."""
        found = self._worker.run_idempotent(
            lambda connection: self._search_pages(connection, WAITING, base=self._top(connection))
        )
        return [item for item in found if item.is_outside]

    def read(self, dn: str) -> Waiting | None:
        def read_waiting(connection: Connection) -> Waiting | None:
            attributes = [*self._attributes, ppolicy.CHANGED_AT]
            answer = find_answer(connection, dn, ANYTHING, attributes, unfit=RETRYABLE_FOR_WRITES)
            return None if answer is None else self._waiting(answer)

        return self._worker.run_idempotent(read_waiting)

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        state, former = item.state_at(target), item.leases.get(target, "")
        for now in self._while_others_write(item):
            if not now.sealed or now.state_at(target) != state:
                return None
            if now.leases.get(target, "") != former:
                # Sent twice, as `_compare_and_set` may: the first one was written.
                return now if now.leases.get(target) == lease else None
            claimed = write_leases(with_lease(now.leases, target, lease))
            states = _encoded(now.states)
            # The states are taken away and put back: slapd refuses the whole write where one is not there any more.
            changes: Changes = {
                LEASE: _swap(now.lease, claimed),
                STATE: [(MODIFY_DELETE, states), (MODIFY_ADD, states)],
            }
            if after := self._compare_and_set(item.dn, changes):
                changed_at = ppolicy.read_change_time(after.first(ppolicy.CHANGED_AT))
                return replace(now, lease=claimed, changed_at=changed_at, read_at=write_time(after))
        return None

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        for _ in range(MAX_TRIES):
            now = self.read(dn)
            if now is None or now.leases.get(target) != lease:
                return
            left = write_leases(with_lease(now.leases, target, late_write_marker))
            if self._compare_and_set(dn, {LEASE: _swap(now.lease, left)}):
                return

    def record(
        self, item: Waiting, old: DeliveryState, new: DeliveryState, *, lease: str = "", late_write_marker: str = ""
    ) -> bool:
        for now in self._while_others_write(item):
            if old not in now.states or (lease and now.leases.get(old.target) != lease):
                # Sent twice, as `_compare_and_set` may: the first one was written.
                return new in now.states
            if self._compare_and_set(item.dn, _recorded(now, old, new, lease, late_write_marker)):
                return True
        return False

    def forget(self, item: Waiting, now: datetime) -> bool:
        """Erase the sealed secret and end every state that is not final; take them all away where the directory has
        a newer password. False when a newer one came meanwhile.

        Where the entry was moved out of people.base all of it is erased, unread.
        """
        if item.is_outside:
            return self._erase(item.dn)
        changes: Changes = {STATE: _without(item.states) if item.is_stale else _ended(item.states, now)}
        if item.sealed:
            changes[SECRET] = [(MODIFY_DELETE, [item.sealed])]
        return self._compare_and_set(item.dn, changes) is not None

    def _while_others_write(self, item: Waiting) -> Iterator[Waiting]:
        """`item`, and after a write on it that came too late the entry as it is then; nothing once it is gone.

        It ends where the entry stays as it is and refuses the write all the same: a state in a form that we do not
        write can't be taken away.
        """
        yield item
        unchanged = 0
        for _ in range(MAX_TRIES):
            now = self.read(item.dn)
            if now is None:
                return
            is_same = (now.states, now.lease) == (item.states, item.lease)
            unchanged = unchanged + 1 if is_same else 0
            if unchanged == MAX_UNCHANGED:
                return
            item = now
            yield now

    def _erase(self, dn: str) -> bool:
        """False where the entry is there no longer."""
        changes: Changes = {name: [(MODIFY_REPLACE, [])] for name in (SECRET, STATE, LEASE)}

        def write(connection: Connection) -> bool:
            result = modify(connection, dn, changes)
            if result["result"] == RESULT_NO_SUCH_OBJECT:
                return False
            check_result(result, f"erasing the outbox of {dn}")
            return True

        return self._worker.run_idempotent(write)

    def _top(self, connection: Connection) -> str:
        """The suffix that people.base belongs to, if the worker's account may search there."""
        top = suffix_of(connection, self._people.base)
        return top if top and read_entry(connection, top, ["1.1"]) else self._people.base

    def _search_pages(
        self, connection: Connection, filter_: str, more: Sequence[str] = (), base: str = ""
    ) -> list[Waiting]:
        attributes, base = [*self._attributes, *more], base or self._people.base
        pages = search_pages(connection, base, filter_, attributes, PAGE, unfit=RETRYABLE_FOR_WRITES)
        return [self._waiting(answer) for answer in pages]

    def _waiting(self, answer: Answer) -> Waiting:
        entry = entry_of(answer)
        states = map(read_state, entry.without_options(STATE))
        return Waiting(
            dn=entry.dn,
            login=entry.first(self._people.login),
            other_logins=entry.all(self._people.login)[1:],
            uuid=entry.first(IDENTITY),
            sealed=next(iter(raw_values(answer, SECRET)), b""),
            states=tuple(state for state in states if state is not None),
            lease=next(iter(entry.without_options(LEASE)), ""),
            changed_at=ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT)),
            is_outside=not is_below(entry.dn, self._people.base),
        )

    def _compare_and_set(self, dn: str, changes: Changes) -> Entry | None:
        """The entry's times after the write; None where the entry was not as it was read.

        May be sent twice: what was written already is None too.
        """

        def write(connection: Connection) -> Entry | None:
            result = modify(connection, dn, changes, [WITH_TIMES])
            if result["result"] in CAS_CONFLICT:
                return None
            check_result(result, f"writing {', '.join(changes)} of {dn}")
            return read_back(dn, result)

        return self._worker.run_idempotent(write)


def _recorded(now: Waiting, old: DeliveryState, new: DeliveryState, lease: str, late_write_marker: str) -> Changes:
    """All states are named, so that two workers can't each take the other's target for one that still waits."""
    states = [new if state == old else state for state in now.states]
    changes: Changes = {STATE: [*_without(now.states), (MODIFY_ADD, _encoded(states))]}
    is_over = all(state.is_final for state in states)
    if is_over and now.sealed:
        changes[SECRET] = [(MODIFY_DELETE, [now.sealed])]
    if lease:
        changes[LEASE] = _swap(now.lease, write_leases(with_lease(now.leases, old.target, late_write_marker)))
    return changes


def _encoded(states: Sequence[DeliveryState]) -> list[bytes]:
    return [str(state).encode() for state in states]


def _without(states: Sequence[DeliveryState]) -> list[tuple[str, list[bytes]]]:
    return [(MODIFY_DELETE, _encoded(states))]


def _ended(states: Sequence[DeliveryState], now: datetime) -> list[tuple[str, list[bytes]]]:
    open_ones = [state for state in states if not state.is_final]
    if not open_ones:
        return []
    ended = [state.to(DeliveryStatus.EXPIRED, at=now, reason="forgotten by the operator") for state in open_ones]
    return [*_without(open_ones), (MODIFY_ADD, _encoded(ended))]


def _swap(old: str, new: str) -> list[tuple[str, list[bytes]]]:
    """Take `old` away and put `new` in its place; an empty one is none."""
    gone = [(MODIFY_DELETE, [old.encode()])] if old else []
    return gone + ([(MODIFY_ADD, [new.encode()])] if new else [])


def check_result(result: Result, what: str) -> None:
    """Raises ServerUnfit, or DirectoryMisconfigured with `what` was asked, unless the server did it."""
    check_ldap_result(result, what, unfit=RETRYABLE_FOR_WRITES)
