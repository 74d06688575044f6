"""The outbox in the directory: entries whose sealed secret waits, claimed and recorded by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ldap3 import BASE, MODIFY_ADD, MODIFY_DELETE, SUBTREE, Connection
from ldap3.core.results import (
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_BUSY,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
    RESULT_REFERRAL,
    RESULT_SUCCESS,
    RESULT_UNAVAILABLE,
    RESULT_UNWILLING_TO_PERFORM,
)

from gateway.account.errors import DirectoryMisconfigured
from gateway.directory import ppolicy
from gateway.directory.entry import entry_of
from gateway.directory.mapping import IDENTITY
from gateway.directory.pool import ConnectionPool, ServerUnfit
from gateway.settings import People
from gateway.workstation.ports import Release, Waiting
from gateway.workstation.state import Step, SyncState, read_state

SECRET = "mamiaPendingSecret"  # noqa: S105 - the attribute's name
STATE = "mamiaSyncState"
LEASE = "mamiaSyncLease"
WAITING = f"({SECRET}=*)"
PAGE = 500
"""Entries asked for at a time."""
LOST = (
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_CONSTRAINT_VIOLATION,
    RESULT_ATTRIBUTE_OR_VALUE_EXISTS,
    RESULT_NO_SUCH_OBJECT,
)
"""The results of a compare-and-set that came too late; the lease is single-valued, so a second one is refused."""

Changes = dict[str, list[tuple[str, list[bytes]]]]


class LdapOutbox:
    """`workstation.ports.Outbox` on LDAP, over connections bound as the worker's account."""

    def __init__(self, worker: ConnectionPool, people: People) -> None:
        self._worker = worker
        self._people = people
        self._attributes = [people.login, IDENTITY, SECRET, STATE, LEASE]

    def waiting(self) -> Iterable[Waiting]:
        return self._worker.ask(lambda connection: self._search_pages(connection, WAITING))

    def known(self) -> Iterable[Waiting]:
        """Every entry with a state, done ones too, and with the time of its last change of password.

        `sealed` is empty where nothing waits any more.
        """
        return self._worker.ask(
            lambda connection: self._search_pages(connection, f"({STATE}=*)", more=[ppolicy.CHANGED_AT])
        )

    def read(self, reference: str) -> Waiting | None:
        def read_entry(connection: Connection) -> list[Waiting]:
            _, result, answers, _ = connection.search(reference, WAITING, BASE, attributes=self._attributes)
            if result["result"] == RESULT_NO_SUCH_OBJECT:
                return []
            check_result(result, f"reading {reference}")
            return [self._waiting(answer) for answer in answers if answer["type"] == "searchResEntry"]

        return next(iter(self._worker.ask(read_entry)), None)

    def claim(self, item: Waiting, lease: str) -> bool:
        """The states are taken away and put back: slapd refuses the whole write where one is not there any more."""
        states = [str(state).encode() for state in item.states]
        return self._compare_and_set(
            item.reference,
            {LEASE: _exchange(item.lease, lease), STATE: [(MODIFY_DELETE, states), (MODIFY_ADD, states)]},
        )

    def release(self, reference: str, lease: str, *, ghost: str = "") -> None:
        self._compare_and_set(reference, {LEASE: _exchange(lease, ghost)})

    def record(
        self, item: Waiting, old: SyncState, new: SyncState, *, erase: bool, release: Release | None = None
    ) -> bool:
        changes: Changes = {STATE: _exchange(str(old), str(new))}
        if erase:
            changes[SECRET] = [(MODIFY_DELETE, [item.sealed])]
        if release:
            changes[LEASE] = _exchange(release.lease, release.ghost)
        return self._compare_and_set(item.reference, changes)

    def forget(self, item: Waiting, now: datetime) -> bool:
        """Erase the sealed secret and end every state that is not final; take them all away where the directory has
        a newer password. False when a newer one came meanwhile."""
        changes: Changes = {STATE: _without(item.states) if item.is_behind else _ended(item.states, now)}
        if item.sealed:
            changes[SECRET] = [(MODIFY_DELETE, [item.sealed])]
        return self._compare_and_set(item.reference, changes)

    def _search_pages(self, connection: Connection, filter_: str, more: Sequence[str] = ()) -> list[Waiting]:
        found: list[Waiting] = []
        cookie: bytes | None = None
        while True:
            _, result, answers, _ = connection.search(
                self._people.base,
                filter_,
                SUBTREE,
                attributes=[*self._attributes, *more],
                paged_size=PAGE,
                paged_cookie=cookie,
            )
            check_result(result, "searching what waits")
            found += [self._waiting(answer) for answer in answers if answer["type"] == "searchResEntry"]
            control = (result.get("controls") or {}).get("1.2.840.113556.1.4.319", {})
            cookie = control.get("value", {}).get("cookie")
            if not cookie:
                return found

    def _waiting(self, answer: Mapping[str, Any]) -> Waiting:
        entry = entry_of(answer)
        states = map(read_state, entry.without_options(STATE))
        return Waiting(
            reference=entry.dn,
            login=entry.first(self._people.login),
            other_logins=entry.all(self._people.login)[1:],
            identity=entry.first(IDENTITY),
            sealed=_raw(answer, SECRET),
            states=tuple(state for state in states if state is not None),
            lease=next(iter(entry.without_options(LEASE)), ""),
            changed_at=ppolicy.read_change_time(entry.first(ppolicy.CHANGED_AT)),
        )

    def _compare_and_set(self, reference: str, changes: Changes) -> bool:
        """May be sent twice: what was written already comes back as lost, and the entry is read again anyway."""

        def modify(connection: Connection) -> bool:
            result = connection.modify(reference, changes)[1]
            if result["result"] in LOST:
                return False
            check_result(result, f"writing {', '.join(changes)} of {reference}")
            return True

        return self._worker.ask(modify)


def _raw(answer: Mapping[str, Any], attribute: str) -> bytes:
    """Its value as it is stored, or b"": sealed bytes are no text."""
    values = (held for name, held in answer["raw_attributes"].items() if name.lower() == attribute.lower())
    return next((value for held in values for value in held), b"")


def _without(states: Sequence[SyncState]) -> list[tuple[str, list[bytes]]]:
    return [(MODIFY_DELETE, [str(state).encode() for state in states])]


def _ended(states: Sequence[SyncState], now: datetime) -> list[tuple[str, list[bytes]]]:
    open_ones = [state for state in states if not state.is_final]
    if not open_ones:
        return []
    ended = [state.to(Step.EXPIRED, at=now, reason="forgotten by the operator") for state in open_ones]
    return [*_without(open_ones), (MODIFY_ADD, [str(state).encode() for state in ended])]


def _exchange(old: str, new: str) -> list[tuple[str, list[bytes]]]:
    """Take `old` away and put `new` in its place; an empty one is none."""
    gone = [(MODIFY_DELETE, [old.encode()])] if old else []
    return gone + ([(MODIFY_ADD, [new.encode()])] if new else [])


def check_result(result: Mapping[str, object], what: str) -> None:
    """Raises ServerUnfit, or DirectoryMisconfigured with `what` was asked, unless the server did it."""
    if result["result"] in (RESULT_BUSY, RESULT_UNAVAILABLE, RESULT_REFERRAL, RESULT_UNWILLING_TO_PERFORM):
        raise ServerUnfit(str(result["description"]))
    if result["result"] != RESULT_SUCCESS:
        raise DirectoryMisconfigured(f"{what}: {result['description']} {result['message']}".strip())
