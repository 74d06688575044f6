"""Detect that the directory was restored from a backup.

Each worker keeps a number in the directory, and raises it before it delivers and once a minute. On its own machine it
keeps the numbers of all workers as it saw them last. A directory that holds a lower one has gone back in time:
what waits in it may be older than what workstations have. Neither contextCSN nor a clock proves that: contextCSN is
missing where nothing is replicated, goes back when slapd is killed, and may be newer after an LDIF without change
numbers was loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from gateway.account.errors import DirectoryMisconfigured

log = logging.getLogger(__name__)

RAISE_SECONDS = 60.0
"""How often the number rises while nothing is delivered: an older backup than that is noticed."""
CONFIRM_SECONDS = 5.0
"""How long a lower number must last: behind a load balancer, a server may lack what another one has just written."""
MAX_UNREPLICATED = 20
"""By how much the number may be lower at another server, which lacks what a crashed one had not passed on."""
RETRY_SECONDS = 60.0
"""After the directory refused the number for lack of a right or of the schema."""
TRIES = 3
"""Against other workers that write the same number."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The workers' numbers as one server showed them."""

    of_workers: Mapping[str, int]
    server: str

    def of(self, worker: str) -> int:
        """Return the number of `worker`, or 0 where there is none."""
        return self.of_workers.get(worker, 0)


class Tokens(Protocol):
    """The numbers in the directory. All raise DirectoryUnavailable, and DirectoryMisconfigured without the rights."""

    def read(self) -> Numbers:
        """Return the numbers of all workers."""

    def swap(self, worker: str, old: int, new: int) -> bool:
        """Put `new` in the place of `old`; return False, and write nothing, where another number is there."""


class NumbersRecord(Protocol):
    """The numbers on this machine."""

    @property
    def worker(self) -> str:
        """The name of this worker."""

    def load(self) -> Numbers | None:
        """Return the saved numbers, or None where nothing was saved yet."""

    def save(self, numbers: Numbers) -> None:
        """Save `numbers`. Never raises: a failure is logged, and the numbers are known until this process ends."""


class Verdict(Enum):
    """What the numbers say about the directory."""

    CURRENT = auto()
    """It has not gone back."""
    BEHIND = auto()
    """A number is lower, but not for long enough to be sure: nothing is delivered meanwhile."""
    RESTORED = auto()
    """It was restored from a backup."""


@dataclass(slots=True)
class RestoreDetector:
    """Compares the numbers with those seen before. `monotonic` gives seconds that never run backwards."""

    tokens: Tokens
    record: NumbersRecord
    monotonic: Callable[[], float]
    _seen: Numbers | None = field(init=False)
    """The highest number of each worker, and the server that showed them last."""
    _raised_at: float = float("-inf")
    _behind_since: float | None = None
    _off_until: float = float("-inf")
    _is_off: bool = False

    def __post_init__(self) -> None:
        self._seen = self.record.load()

    def look(self) -> Verdict:
        """Compare the directory's numbers with those seen before, and raise the own one once a minute.

        Raises DirectoryUnavailable.
        """
        if self.monotonic() < self._off_until:
            return Verdict.CURRENT
        try:
            shown = self.tokens.read()
            if self._behind(shown):
                return self._how_long_behind(shown)
            self._behind_since = None
            has_moved = self._seen is None or self._seen.server != shown.server
            if has_moved or self.monotonic() - self._raised_at >= RAISE_SECONDS:
                self._raise_from(shown)
            else:
                self._remember(self._highest(shown))
        except DirectoryMisconfigured as error:
            self._switch_off(error)
        return Verdict.CURRENT

    def raise_number(self) -> bool:
        """Raise the own number before something is delivered; return False if `look` must come first.

        Raises DirectoryUnavailable.
        """
        if self.monotonic() < self._off_until:
            return True
        try:
            # A directory that went back since the last look has another number, and refuses.
            return self._raise_from(self._seen or self.tokens.read())
        except DirectoryMisconfigured as error:
            self._switch_off(error)
            return True

    def accept(self) -> None:
        """Accept the directory as it is, after all that waited in it was held. Raises DirectoryUnavailable."""
        try:
            shown = self.tokens.read()
            own = {self.record.worker: self._seen.of(self.record.worker)} if self._seen else {}
            self._seen, self._behind_since = Numbers({**shown.of_workers, **own}, shown.server), None
            self._raise_from(shown)
        except DirectoryMisconfigured as error:
            # Else what waits would be held again and again.
            self._seen, self._behind_since = None, None
            self._switch_off(error)

    def _behind(self, shown: Numbers) -> str:
        """Return a worker whose number is too low, or "" where there is none."""
        if self._seen is None:
            return ""
        lag = 0 if shown.server == self._seen.server else MAX_UNREPLICATED
        return next((name for name, number in self._seen.of_workers.items() if shown.of(name) < number - lag), "")

    def _how_long_behind(self, shown: Numbers) -> Verdict:
        now, worker = self.monotonic(), self._behind(shown)
        if self._behind_since is None:
            self._behind_since = now
            log.warning(
                "%s holds number %d of worker %s, which had reached %d: nothing is delivered until that is clear",
                shown.server, shown.of(worker), worker, self._seen.of(worker) if self._seen else 0,
            )  # fmt: skip
        return Verdict.RESTORED if now - self._behind_since >= CONFIRM_SECONDS else Verdict.BEHIND

    def _raise_from(self, shown: Numbers) -> bool:
        for _ in range(TRIES):
            highest = self._highest(shown)
            new = highest.of(self.record.worker) + 1
            if self.tokens.swap(self.record.worker, shown.of(self.record.worker), new):
                self._seen = Numbers({**highest.of_workers, self.record.worker: new}, shown.server)
                self._raised_at, self._is_off = self.monotonic(), False
                self.record.save(self._seen)
                return True
            # Another process with the same record, or our own write whose answer was lost.
            shown = self.tokens.read()
            if self._behind(shown):
                return False
        return False

    def _remember(self, numbers: Numbers) -> None:
        """Keep what other workers reached, also on this machine: after a restart it shows a restore as well."""
        is_new = numbers != self._seen
        self._seen = numbers
        if is_new:
            self.record.save(numbers)

    def _highest(self, shown: Numbers) -> Numbers:
        seen = self._seen.of_workers if self._seen else {}
        names = {*seen, *shown.of_workers}
        return Numbers({name: max(seen.get(name, 0), shown.of(name)) for name in names}, shown.server)

    def _switch_off(self, error: DirectoryMisconfigured) -> None:
        self._off_until = self.monotonic() + RETRY_SECONDS
        if not self._is_off:
            log.error("a restored directory would not be noticed: %s (docs/restore.md; mamia check)", error)
        self._is_off = True
