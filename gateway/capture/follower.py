"""Following passwords that slapd announces until the directory holds them, and writing the outbox then."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.capture.sock_requests import Call, Wished, Written
from gateway.workstation.capture import Outbox, Prepared

log = logging.getLogger(__name__)

T = TypeVar("T")

HANDS = 8
"""Questions to the directory at once."""
JUDGED_SECONDS = 30.0
"""How long the policy may take over a password: slapd hashes it meanwhile, and many at once take their time."""
LOOKS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses, in seconds, before each look whether the directory holds what its policy let pass; after them it won't."""
OUTAGE_SECONDS = 600.0
"""How long a password that is in force waits in memory for a directory that does not answer the listener."""
MOST_HELD = 10_000
"""Changes on their way at once; more are not captured."""
FINISH_SECONDS = 3.0
"""How long a stop waits for changes to come into force: those that were refused or overtaken never will."""
_SCHEME = re.compile(r"\{[^}]+\}")


@dataclass(slots=True)
class _Change:
    """One operation of which slapd has announced something."""

    password: Secret | None
    """In clear; gone as soon as it is being sealed. None where nobody can know it."""
    is_wish: bool = False
    """Of a Password Modify operation whose own Modify is still to come."""
    preparing: asyncio.Task[Prepared | _Unprepared | None] | None = None

    def drop(self) -> None:
        """It is not to be followed: nothing of it stays in memory."""
        self.password = None
        if self.preparing:
            self.preparing.cancel()


@dataclass(frozen=True, slots=True)
class _Unprepared:
    why: str


@dataclass(slots=True)
class Follower:
    """Announcements come in by `hear` in slapd's order: a wish, what a client writes, what the policy let pass."""

    outbox: Outbox
    own_accounts: frozenset[str]
    """Normalised DNs of those who write the outbox themselves."""
    audit: Callable[..., None]
    """Takes service, outcome and facts."""
    _changes: OrderedDict[Call, _Change] = field(default_factory=OrderedDict)
    _tasks: dict[asyncio.Task[None], str] = field(default_factory=dict)
    """With the entries that they are about."""
    _hands: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(HANDS, "capture"))

    @property
    def held(self) -> int:
        """Changes that the policy let pass and that are on their way."""
        return len(self._tasks)

    def hear(self, announced: Wished | Written) -> None:
        """Takes no time; must be called by the event loop."""
        if isinstance(announced, Wished):
            self._remember(announced.call, _Change(_text(announced.password), is_wish=True))
        elif announced.by in self.own_accounts:
            return
        elif announced.is_judged:
            self._follow(self._changes.pop(announced.call, _Change(None)), announced)
        else:
            self._hear_written(announced)

    def _hear_written(self, written: Written) -> None:
        """A value that looks hashed may be a password all the same: what is stored will tell.

        What slapd makes of a wish is hashed. Anything else is an operation of its own: clients use the numbers of
        operations that have ended again.
        """
        change = self._changes.get(written.call)
        looks_hashed = _SCHEME.match(written.value.reveal()) is not None
        if change is None or not (change.is_wish and looks_hashed):
            change = self._remember(written.call, _Change(_text(written.value)))
            if looks_hashed:
                return
        change.is_wish = False
        change.preparing = asyncio.create_task(self._prepare(written.entry, change.password))
        change.password = None

    async def finish(self) -> None:
        """Wait for what is under way, also for what slapd is hashing, some seconds at most."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FINISH_SECONDS
        while (self._changes or self._tasks) and loop.time() < deadline:
            await asyncio.sleep(0.01)
        for entry in self._tasks.values():
            log.warning("%s: stopped before its change was seen in force: refused, overtaken, or lost", entry)
        self._hands.shutdown(wait=False, cancel_futures=True)

    def _remember(self, call: Call, change: _Change) -> _Change:
        if former := self._changes.get(call):
            former.drop()
        self._changes[call] = change
        asyncio.get_running_loop().call_later(JUDGED_SECONDS, self._forget, call, change)
        while len(self._changes) > MOST_HELD:
            self._changes.popitem(last=False)[1].drop()
        return change

    def _forget(self, call: Call, change: _Change) -> None:
        """The policy refused it, or slapd stopped."""
        if self._changes.get(call) is change:
            self._changes.pop(call).drop()

    def _follow(self, change: _Change, judged: Written) -> None:
        is_too_many = self.held >= MOST_HELD
        task = asyncio.create_task(
            self._tell_missed(judged, "too many changes at once") if is_too_many else self._settle(change, judged)
        )
        self._tasks[task] = judged.entry
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _prepare(self, entry: str, password: Secret | None) -> Prepared | _Unprepared | None:
        try:
            return await self._answered(partial(self.outbox.prepare, entry, password))
        except Exception as error:
            # Raised where it is awaited; nobody awaits what the policy refused. Its text might hold the password.
            log.error("%s: can't be prepared: %s\n%s", entry, type(error).__name__, _places(error))
            return _Unprepared(type(error).__name__)

    async def _settle(self, change: _Change, judged: Written) -> None:
        if change.preparing is None:
            was_hashed = change.password == judged.value
            change.preparing = asyncio.create_task(
                self._prepare(judged.entry, None if was_hashed else change.password)
            )
            change.password = None
        prepared = await change.preparing
        if prepared is None:
            return
        if isinstance(prepared, _Unprepared):
            await self._tell_missed(judged, prepared.why)
            return
        try:
            for pause in LOOKS:
                await asyncio.sleep(pause)
                if await self._answered(partial(self.outbox.settle, prepared, judged.value)):
                    await self._tell_captured(prepared, judged)
                    return
            log.info("%s: a change by %s did not come into force: refused or overtaken", judged.entry, judged.by)
        except DirectoryUnavailable as error:
            await self._tell_missed(judged, str(error))
        except Exception as error:
            await self._tell_missed(judged, f"{type(error).__name__}\n{_places(error)}")

    async def _answered(self, question: Callable[[], T]) -> T:
        """Outages of the directory are waited out. Raises DirectoryUnavailable after OUTAGE_SECONDS."""
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + OUTAGE_SECONDS, 0.1
        while True:
            try:
                return await loop.run_in_executor(self._hands, question)
            except DirectoryUnavailable as error:
                if loop.time() > deadline:
                    raise
                log.warning("the directory does not answer: %s", error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)

    async def _tell_captured(self, prepared: Prepared, judged: Written) -> None:
        log.info("%s: changed by %s, %s", prepared.login, judged.by, prepared.outcome)
        await self._record(prepared.outcome, login=prepared.login, by=judged.by, targets=list(prepared.targets))

    async def _tell_missed(self, judged: Written, why: str) -> None:
        log.error("%s: not captured, its workstation keeps the old password: %s", judged.entry, why)
        await self._record("missed", entry=judged.entry, by=judged.by)

    async def _record(self, outcome: str, **facts: object) -> None:
        """Not by the event loop's thread: slapd must not wait for a disk."""
        record = partial(self.audit, "capture", outcome, **facts)
        await asyncio.get_running_loop().run_in_executor(self._hands, record)


def _text(value: Secret | None) -> Secret | None:
    """None for bytes that are no UTF-8, which came as surrogates: no workstation takes them."""
    if value is None or any("\ud800" <= sign <= "\udfff" for sign in value.reveal()):
        return None
    return value


def _places(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))
