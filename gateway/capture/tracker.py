"""Tracks the passwords that slapd reports until the directory has them, and then writes the outbox."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.capture.open_changes import MAX_HELD, Change, OpenChanges, Phase, SealFailed, Sealing
from gateway.capture.sock_requests import ModifyRequest, PasswordModifyRequest
from gateway.workstation.capture import Outbox, Prepared

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_WORKERS = 8
"""Maximum number of operations on the directory at the same time."""
LOOKS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses, in seconds, before each check whether the directory has the accepted value; after the last one it never
will."""
OUTAGE_SECONDS = 600.0
"""Seconds for which a password that is in force waits in memory while the directory does not answer the listener."""
FINISH_SECONDS = 3.0
"""Seconds that a stop waits for changes to come into force; refused and replaced ones never will."""


@dataclass(slots=True)
class ChangeTracker:
    """Receives slapd's requests, seals the passwords in them, and writes the outbox when they are in force.

    The requests arrive in slapd's order: a Password Modify operation, a client's Modify, what the policy accepted.
    """

    outbox: Outbox
    own_accounts: frozenset[str]
    """Normalised DNs of the accounts that write the outbox themselves."""
    audit: Callable[..., None]
    """Called with service, outcome and facts."""
    _open_changes: OpenChanges = field(default_factory=OpenChanges)
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict)
    """Running tasks, with the DNs of their entries."""
    _executor: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(MAX_WORKERS, "capture"))
    _recorder: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "audit"))
    """One thread, so that the audit has the outcomes in their order."""

    @property
    def held(self) -> int:
        """Return the number of changes that the policy accepted and that are in progress."""
        return len(self._tasks)

    def on_request(self, request: PasswordModifyRequest | ModifyRequest) -> None:
        """Process a request without blocking. Only the event loop may call this."""
        if isinstance(request, PasswordModifyRequest):
            self._open_changes.change_for(request)
        elif request.author_dn not in self.own_accounts:
            self._go_on(self._open_changes.change_for(request), request)

    def _go_on(self, change: Change, written: ModifyRequest) -> None:
        """Start what the phase of `change` requires: sealing its password, or waiting until it is in force."""
        if change.phase is Phase.SEALING:
            self._seal(change, written.entry, change.take_password())
        elif change.phase is Phase.PASSED_POLICY:
            self._track(change, written)

    async def finish(self) -> None:
        """Wait some seconds for the changes in progress, including those that slapd is hashing."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FINISH_SECONDS
        while (self._open_changes or self._tasks) and loop.time() < deadline:
            await asyncio.sleep(0.01)
        for entry in self._tasks.values():
            log.warning(
                "%s: the listener stopped before it saw the change in force: refused, replaced, or lost", entry
            )
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._recorder.shutdown(wait=False, cancel_futures=True)

    def _track(self, change: Change, policed: ModifyRequest) -> None:
        is_too_many = self.held >= MAX_HELD
        task = asyncio.create_task(
            self._report_missed(policed, "too many changes at once")
            if is_too_many
            else self._complete(change, policed)
        )
        self._tasks[task] = policed.entry
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def _seal(self, change: Change, entry: str, password: Secret | None) -> Sealing:
        change.sealing = asyncio.create_task(self._prepare(entry, password))
        return change.sealing

    async def _prepare(self, entry: str, password: Secret | None) -> Prepared | SealFailed | None:
        try:
            return await self._answered(partial(self.outbox.prepare, entry, password))
        except Exception as error:
            # Nothing awaits a change that the policy refused, so log here. The text might contain the password.
            log.error("%s: the change cannot be prepared: %s\n%s", entry, type(error).__name__, _places(error))
            return SealFailed(type(error).__name__)

    async def _complete(self, change: Change, policed: ModifyRequest) -> None:
        """Write the outbox for a change that the policy accepted, and record its outcome."""
        prepared = await (change.sealing or self._seal_late(change, policed))
        if prepared is None:
            return
        if isinstance(prepared, SealFailed):
            await self._report_missed(policed, prepared.reason)
            return
        try:
            if await self._write_outbox(prepared, policed.value):
                await self._report_captured(prepared, policed)
            else:
                log.info(
                    "%s: a change by %s did not come into force: it was refused, or replaced by a newer one",
                    policed.entry,
                    policed.author_dn,
                )
        except DirectoryUnavailable as error:
            await self._report_missed(policed, str(error))
        except Exception as error:
            await self._report_missed(policed, f"{type(error).__name__}\n{_places(error)}")

    def _seal_late(self, change: Change, policed: ModifyRequest) -> Sealing:
        """Seal a value that looked hashed; if it is stored unchanged, the password is not known."""
        password = change.take_password()
        return self._seal(change, policed.entry, None if password == policed.value else password)

    async def _write_outbox(self, prepared: Prepared, stored: Secret) -> bool:
        """Write `prepared` when the directory has the value `stored`; return False if it never has.

        Raises DirectoryUnavailable.
        """
        for pause in LOOKS:
            await asyncio.sleep(pause)
            if await self._answered(partial(self.outbox.commit, prepared, stored)):
                return True
        return False

    async def _answered(self, question: Callable[[], T]) -> T:
        """Run an operation on the directory, and wait during outages.

        Raises DirectoryUnavailable after OUTAGE_SECONDS.
        """
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + OUTAGE_SECONDS, 0.1
        while True:
            try:
                return await loop.run_in_executor(self._executor, question)
            except DirectoryUnavailable as error:
                if loop.time() > deadline:
                    raise
                log.warning("the directory does not answer: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)

    async def _report_captured(self, prepared: Prepared, policed: ModifyRequest) -> None:
        log.info("%s: changed by %s, %s", prepared.login, policed.author_dn, prepared.outcome)
        await self._record(
            prepared.outcome, login=prepared.login, by=policed.author_dn, targets=list(prepared.targets)
        )

    async def _report_missed(self, policed: ModifyRequest, why: str) -> None:
        log.error(
            "%s: the change was not captured, and the workstation keeps the old password: %s", policed.entry, why
        )
        await self._record("missed", entry=policed.entry, by=policed.author_dn)

    async def _record(self, outcome: str, **facts: object) -> None:
        """Write the audit in another thread, because slapd must not wait for a disk."""
        record = partial(self.audit, "capture", outcome, **facts)
        await asyncio.get_running_loop().run_in_executor(self._recorder, record)


def _places(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
