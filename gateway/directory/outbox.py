"""The outbox in the directory: entries whose sealed secret waits, claimed and recorded by compare-and-set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, TypeVar

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection
from ldap3.core.results import (
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_INVALID_DN_SYNTAX,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)
from ldap3.utils.conv import escape_filter_chars

from gateway.directory import ppolicy
from gateway.directory.context_csn import suffix_of
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
from gateway.needs.attributes import IDENTITY
from gateway.needs.attributes import LEASE as LEASE
from gateway.needs.attributes import SECRET as SECRET
from gateway.needs.attributes import STATE as STATE
from gateway.needs.people import outbox_attributes
from gateway.needs.processes import WAITING as WAITING
from gateway.needs.server import PAGE_ENTRIES
from gateway.settings import People
from gateway.workstation.lease import with_lease, write_leases
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryState, DeliveryStatus, read_state

T = TypeVar("T")

PAGE = PAGE_ENTRIES
"""Entries per page of a search."""
SENT_STATE = f"({STATE}=*)"
"""People to whom something was sent, and for whom the directory knows what became of it."""
NO_ATTRIBUTES = "1.1"
MAX_TRIES = 100
"""Maximum attempts of a write while others write the same entry; others do only few writes per password."""
MAX_UNCHANGED = 3
"""Maximum attempts in a row on an entry that looks the same: others may have claimed and released it meanwhile."""
CAS_CONFLICT = (
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_OBJECT,
)
"""Results of a compare-and-set that came too late. The lease is single-valued, so a second one is refused."""


class Sent(NamedTuple):
    """Somebody to whom something was sent, without what a delivery needs: there are as many as people."""

    login: str
    states: tuple[str, ...]
    """As they are written: `workstation.state` reads them."""
    changed_at: datetime | None
    """As in `Waiting`."""


class LdapOutbox:
    """`workstation.ports.Outbox` on LDAP, over connections bound as the worker's account."""

    def __init__(self, worker: ConnectionPool, people: People, *, reads_secrets: bool = True) -> None:
        """`reads_secrets`: whether the account of these connections may read what is sealed, as the worker's may."""
        self._reads_secrets = reads_secrets
        self._worker = worker
        self._people = people
        self._attributes = list(outbox_attributes(people))
        self._all = [*self._attributes, ppolicy.CHANGED_AT]
        self._end_of_dn = f",{people.base}"

    def waiting(self) -> Iterable[Waiting]:
        """Return every entry whose sealed secret waits.

        Raises DirectoryUnavailable, DirectoryMisconfigured, as all methods do.
        """
        return self._worker.run_idempotent(
            lambda connection: list(self._found(connection, WAITING, self._attributes))
        )

    def gather(self, take: Callable[[Iterator[Sent]], T]) -> T:
        """Return what `take` makes of every entry with a state, finished ones too.

        `take` gets them page by page as they are read, and all of them again if a server fails meanwhile.
        """
        login, attributes = self._people.login, [self._people.login, STATE, ppolicy.CHANGED_AT]
        usual = frozenset(attributes)

        def read(connection: Connection) -> T:
            found = search_pages(
                connection, self._people.base, SENT_STATE, attributes, PAGE, unfit=RETRYABLE_FOR_WRITES
            )
            return take(_sent(answer, login, usual) for answer in found)

        return self._worker.run_idempotent(read)

    def all_entries(self) -> list[Waiting]:
        """Return every entry with a state, finished ones too, with the time of the last change of its password.

        `sealed` is empty if nothing waits any more.
        """
        return self._worker.run_idempotent(lambda connection: list(self._found(connection, SENT_STATE, self._all)))

    def named(self, name: str) -> list[Waiting]:
        """Return the entries with this login or DN that have a state, or were moved out while something waits.

        slapd compares, so there may be more than the caller means, but never fewer.
        """
        login = f"({self._people.login}={escape_filter_chars(name)})"

        def read_named(connection: Connection) -> list[Waiting]:
            found = [
                *self._found(connection, f"(&{SENT_STATE}{login})", self._all),
                *self._at(connection, name, SENT_STATE, self._all),
                *self._outside(connection, f"(&{WAITING}{login})"),
                *(item for item in self._at(connection, name, WAITING, self._attributes) if item.is_outside),
            ]
            return list({item.dn: item for item in found}.values())

        return self._worker.run_idempotent(read_named) if name else []

    def moved_out(self) -> list[Waiting]:
        """Return every entry with a sealed secret that was moved out of people.base."""
        return self._worker.run_idempotent(lambda connection: list(self._outside(connection, WAITING)))

    def read(self, dn: str) -> Waiting | None:
        """Return the entry `dn` as it is now; None if it was deleted."""

        def read_waiting(connection: Connection) -> Waiting | None:
            answer = find_answer(connection, dn, ANYTHING, self._all, unfit=RETRYABLE_FOR_WRITES)
            return None if answer is None else self._waiting(answer)

        return self._worker.run_idempotent(read_waiting)

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        """Take the lease for one target; return the entry as it was claimed, or None if another worker was first."""
        state, former = item.state_at(target), item.leases.get(target, "")
        for now in self._while_others_write(item):
            if not now.sealed or now.state_at(target) != state:
                return None
            if now.leases.get(target, "") != former:
                # `_compare_and_set` may send a write twice; then the first one took effect.
                return now if now.leases.get(target) == lease else None
            claimed = write_leases(with_lease(now.leases, target, lease))
            states = _encoded(now.states)
            # The states are deleted and added again: slapd refuses the whole write if one of them is gone.
            changes: Changes = {
                LEASE: _swap(now.lease, claimed),
                STATE: [(MODIFY_DELETE, states), (MODIFY_ADD, states)],
            }
            if after := self._compare_and_set(item.dn, changes):
                changed_at = ppolicy.read_change_time(after.first(ppolicy.CHANGED_AT))
                return replace(now, lease=claimed, changed_at=changed_at, read_at=write_time(after))
        return None

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        """Give the lease back if it is still `lease`, and leave `late_write_marker` in its place."""
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
        """Replace the state `old` by `new`, and give the lease back.

        Returns whether the entry has the state `new` afterwards. With the last state that becomes final, the sealed
        secret is deleted too.
        """
        for now in self._while_others_write(item):
            if old not in now.states or (lease and now.leases.get(old.target) != lease):
                # `_compare_and_set` may send a write twice; then the first one took effect.
                return new in now.states
            if self._compare_and_set(item.dn, _recorded(now, old, new, lease, late_write_marker)):
                return True
        return False

    def forget(self, item: Waiting, now: datetime) -> bool:
        """Erase the sealed secret, and end every state that is not final.

        Returns False if a newer password came meanwhile. If the directory has a newer password than the outbox, all
        states are deleted. If the entry was moved out of people.base, everything is erased without being read.
        """
        if item.is_outside:
            return self._erase(item.dn)
        changes: Changes = {STATE: _without(item.states) if item.is_stale else _ended(item.states, now)}
        if not self._reads_secrets:
            # The states say which change they belong to: a newer sealed secret has others, and stays.
            changes[SECRET] = [(MODIFY_REPLACE, [])]
        elif item.sealed:
            changes[SECRET] = [(MODIFY_DELETE, [item.sealed])]
        return self._compare_and_set(item.dn, changes) is not None

    def _while_others_write(self, item: Waiting) -> Iterator[Waiting]:
        """Yield `item`, and after each write that came too late the entry as it is then; nothing once it is deleted.

        It ends if the entry stays unchanged and refuses the write nevertheless: a state that is not in our own form
        cannot be deleted.
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
        """Delete all outbox attributes. Returns False if the entry does not exist any more."""
        changes: Changes = {name: [(MODIFY_REPLACE, [])] for name in (SECRET, STATE, LEASE)}

        def write(connection: Connection) -> bool:
            result = modify(connection, dn, changes)
            if result["result"] == RESULT_NO_SUCH_OBJECT:
                return False
            check_result(result, f"erasing the outbox of {dn}")
            return True

        return self._worker.run_idempotent(write)

    def _top(self, connection: Connection) -> str:
        """Return the suffix that people.base belongs to, if the worker's account may search there.

        Returns people.base otherwise.
        """
        top = suffix_of(connection, self._people.base)
        return top if top and read_entry(connection, top, [NO_ATTRIBUTES]) else self._people.base

    def _found(self, connection: Connection, filter_: str, attributes: Sequence[str]) -> Iterator[Waiting]:
        """Yield the entries below people.base that `filter_` matches, page by page."""
        pages = search_pages(connection, self._people.base, filter_, attributes, PAGE, unfit=RETRYABLE_FOR_WRITES)
        return map(self._waiting, pages)

    def _outside(self, connection: Connection, filter_: str) -> Iterator[Waiting]:
        """Yield the entries that are not below people.base. Of the others, which may be many, only DNs are read."""
        top = self._top(connection)
        pages = search_pages(connection, top, filter_, [NO_ATTRIBUTES], PAGE, unfit=RETRYABLE_FOR_WRITES)
        for dn in [answer["dn"] for answer in pages if not self._is_inside(answer["dn"])]:
            yield from self._at(connection, dn, filter_, self._attributes)

    def _at(self, connection: Connection, dn: str, filter_: str, attributes: Sequence[str]) -> Iterator[Waiting]:
        """Yield the entry `dn` if `filter_` matches it; nothing for a text that is no DN of an entry."""
        absent = (RESULT_NO_SUCH_OBJECT, RESULT_INVALID_DN_SYNTAX)
        answer = find_answer(connection, dn, filter_, attributes, absent=absent, unfit=RETRYABLE_FOR_WRITES)
        if answer is not None:
            yield self._waiting(answer)

    def _waiting(self, answer: Answer) -> Waiting:
        entry = entry_of(answer)
        logins = entry.all(self._people.login)
        states = [read_state(value) for value in entry.without_options(STATE)]
        return Waiting(
            dn=entry.dn,
            login=logins[0] if logins else "",
            other_logins=logins[1:],
            uuid=entry.first(IDENTITY),
            sealed=next(iter(raw_values(answer, SECRET)), b""),
            states=tuple([state for state in states if state is not None]),
            lease=next(iter(entry.without_options(LEASE)), ""),
            changed_at=ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT)),
            is_outside=not self._is_inside(entry.dn),
        )

    def _is_inside(self, dn: str) -> bool:
        """Return whether `dn` is below people.base. slapd mostly writes the base as the settings do."""
        return (dn.endswith(self._end_of_dn) and "\\" not in dn) or is_below(dn, self._people.base)

    def _compare_and_set(self, dn: str, changes: Changes) -> Entry | None:
        """Write `changes`; return the entry's times after the write, or None if the entry was not as it was read.

        It may be sent twice; the second write then returns None although the first one took effect.
        """

        def write(connection: Connection) -> Entry | None:
            result = modify(connection, dn, changes, [WITH_TIMES])
            if result["result"] in CAS_CONFLICT:
                return None
            check_result(result, f"writing {', '.join(changes)} of {dn}")
            return read_back(dn, result)

        return self._worker.run_idempotent(write)


def _sent(answer: Answer, login: str, usual: Set[str]) -> Sent:
    """Return what an answer says. `usual`: the attributes that were asked for, as slapd nearly always names them."""
    held = answer["raw_attributes"]
    if held.keys() <= usual:
        logins, changed, states = held.get(login), held.get(ppolicy.CHANGED_AT), held.get(STATE, ())
        return Sent(
            _text(logins[0]) if logins else "",
            tuple([_text(value) for value in states]),
            ppolicy.read_change_time(_text(changed[0])) if changed else None,
        )
    entry = entry_of(answer)
    changed_at = ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT))
    return Sent(entry.first(login), entry.without_options(STATE), changed_at)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _recorded(now: Waiting, old: DeliveryState, new: DeliveryState, lease: str, late_write_marker: str) -> Changes:
    """Return the changes that record `new`.

    All states are named, so that two workers cannot overwrite each other's state.
    """
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
    """Return the changes that replace `old` by `new`; "" stands for no value."""
    gone = [(MODIFY_DELETE, [old.encode()])] if old else []
    return gone + ([(MODIFY_ADD, [new.encode()])] if new else [])


def check_result(result: Result, what: str) -> None:
    """Raise ServerUnavailable or DirectoryMisconfigured, with `what` was tried, unless the server did it."""
    check_ldap_result(result, what, unfit=RETRYABLE_FOR_WRITES)
