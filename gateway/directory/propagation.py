"""What the Modify of a password also writes for people with a workstation, and the states of its delivery."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from ldap3 import MODIFY_REPLACE, Connection

from gateway.account.model import Account, Propagation, Secret
from gateway.directory.mapping import PeopleMapping
from gateway.directory.outbox import SECRET, STATE
from gateway.directory.pool import ConnectionPool
from gateway.directory.server_time import ask_time
from gateway.ldap import RETRYABLE_FOR_WRITES, Changes, Entry, find_entry, search
from gateway.workstation.clock import DirectoryClock
from gateway.workstation.model import Reason
from gateway.workstation.ports import InlineTarget, Seal
from gateway.workstation.state import DeliveryState, DeliveryStatus, pending, read_state

CLASSES = "objectClass"
NOTHING_TO_BRING: Changes = {STATE: [(MODIFY_REPLACE, [])], SECRET: [(MODIFY_REPLACE, [])]}
"""For people without a workstation: remove what remains from a time when they had one, so that nothing waits."""

SECONDS_BETWEEN_QUESTIONS = 600.0
"""Seconds after which the directory's time is read again; each reading is a write."""


class NoPropagation:
    """Propagation for an academy without workstations: nothing is written and there are no states."""

    def changes_for(self, account: Account, new: Secret) -> tuple[Changes, Propagation | None]:
        """Return no changes."""
        return {}, None

    def rejection_for(self, account: Account, reason: Reason) -> tuple[Changes, Propagation | None]:
        """Return no changes."""
        return {}, None

    def states(self, uuid: str) -> tuple[DeliveryState, ...]:
        """Return no states."""
        return ()


class LdapPropagation:
    """Seals new passwords for the worker, and adds the attributes of targets in the same directory."""

    def __init__(
        self,
        *,
        service: ConnectionPool,
        mapping: PeopleMapping,
        workstation_filter: str,
        seal: Seal | None,
        delivered: Sequence[str],
        joined: Sequence[InlineTarget],
        now: Callable[[], datetime],
        asks_time: bool = True,
    ) -> None:
        """`asks_time` is for a directory on another machine, whose clock may differ from `now`."""
        self._service = service
        self._mapping = mapping
        self._filter = workstation_filter
        self._seal = seal
        self._delivered = tuple(delivered)
        self._joined = tuple(joined)
        self._clock = DirectoryClock(now, time.monotonic)
        self._asks_time = asks_time
        self._asked_at = -math.inf

    def changes_for(self, account: Account, new: Secret) -> tuple[Changes, Propagation | None]:
        """Return what to write beside userPassword, and the propagation that it starts.

        Returns None for people without a workstation.
        """
        classes = self._workstation_classes(account.dn)
        if classes is None:
            return NOTHING_TO_BRING, None
        now, change = self._time_of_change(account.dn), secrets.token_hex(6)
        joined = [target for target in self._joined if target.object_classes <= classes]
        # slapd would refuse the attributes of these targets, and userPassword with them.
        refused = [target for target in self._joined if not target.object_classes <= classes]
        states = [pending(name, change, now) for name in self._delivered]
        states += [pending(target.name, change, now).to(DeliveryStatus.DONE, at=now) for target in joined]
        states += [
            pending(target.name, change, now).to(DeliveryStatus.REJECTED, at=now, reason=Reason.NO_ACCOUNT)
            for target in refused
        ]
        changes: Changes = {STATE: [(MODIFY_REPLACE, [str(state).encode() for state in states])]}
        for target in joined:
            for attribute, values in target.changes(new, now).items():
                changes[attribute] = [(MODIFY_REPLACE, list(values))]
        if self._delivered and self._seal is not None:
            sealed = self._seal(new, uuid=account.uuid, change=change)
            changes[SECRET] = [(MODIFY_REPLACE, [sealed])]
        names = tuple(state.target for state in states)
        return changes, Propagation(account.uuid, change, names, tuple(target.name for target in refused))

    def rejection_for(self, account: Account, reason: Reason) -> tuple[Changes, Propagation | None]:
        """Return what to write if the password was changed and the new one cannot be delivered.

        An older password that still waits must not be delivered any more.
        """
        if self._workstation_classes(account.dn) is None:
            return {}, None
        now, change = self._time_of_change(account.dn), secrets.token_hex(6)
        names = [*self._delivered, *(target.name for target in self._joined)]
        states = [pending(name, change, now).to(DeliveryStatus.REJECTED, at=now, reason=reason) for name in names]
        changes: Changes = {STATE: [(MODIFY_REPLACE, [str(state).encode() for state in states])]}
        if self._delivered:
            changes[SECRET] = [(MODIFY_REPLACE, [])]
        return changes, Propagation(account.uuid, change, tuple(names))

    def states(self, uuid: str) -> tuple[DeliveryState, ...]:
        """Return the state of the latest change at each target."""
        mapping = self._mapping
        entries = self._service.run_idempotent(
            lambda connection: search(connection, mapping.base, mapping.uuid_filter(uuid), [STATE], 2)
        )
        read = (read_state(value) for entry in entries for value in entry.all(STATE))
        return tuple(state for state in read if state is not None)

    def _time_of_change(self, dn: str) -> datetime:
        """Return the present time: the later one of our clock and the directory's.

        The directory records the change with its own clock. If that clock is ahead of ours, our time would make this
        change look older than the directory's.
        """
        started = time.monotonic()
        if self._asks_time and started - self._asked_at >= SECONDS_BETWEEN_QUESTIONS:
            self._asked_at = started
            self._clock.learn(self._service.run_idempotent(lambda connection: ask_time(connection, dn, STATE)))
        return self._clock.latest()

    def _workstation_classes(self, dn: str) -> frozenset[str] | None:
        """Return the object classes, in lower case, of a person with a workstation; None for a person without one."""

        def read(connection: Connection) -> Entry | None:
            return find_entry(connection, dn, self._filter, [CLASSES], absent=(), unfit=RETRYABLE_FOR_WRITES)

        entry = self._service.run_idempotent(read)
        return None if entry is None else frozenset(name.lower() for name in entry.all(CLASSES))
