"""Bringing passwords to their targets: claim → unseal → check → set → record → release.

What makes the newest password win, whatever dies or stalls when:

1. One worker at a time works on an entry: it holds the entry's lease. The web process never touches leases.
2. A state is replaced only if it is still the one that was read. A newer change replaces states and secret in one
   write, so an older worker's record fails and the newer password, still there, comes next.
3. A lease is taken over only by a worker that has watched it stand still for the lease's time on its own monotonic
   clock: no two machines need agree on the hour. Its owner starts no write in the second half of that time.
4. A worker that stalled between that check and its write may still write late, and so may a target that was too slow
   to answer. After either, a ghost stays in the lease's place. What is delivered on an entry with a ghost only
   settles: the secret stays, and is set again when that has stood for the lease's time. Then the ghost goes.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.account.control_characters import holds_control_character
from gateway.workstation.model import Done, Outcome, Reason, Refused, Unavailable
from gateway.workstation.ports import DeliveryCheck, Outbox, Release, Target, Unseal, Waiting
from gateway.workstation.state import Step, SyncState

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=10)
SLOW_PAUSE = timedelta(minutes=5)
"""After a failure that an operator must mend."""
GHOST = "ghost;"


@dataclass(frozen=True, slots=True)
class Pace:
    """The times that a worker keeps, in seconds and hours, and on how many entries it works at once."""

    lease_seconds: float = 60.0
    give_up_hours: float = 72.0
    hands: int = 2


@dataclass(slots=True)
class _Watch:
    """Since when, on our own clock, something has not changed."""

    monotonic: Callable[[], float]
    _seen: dict[str, tuple[str, float]] = field(default_factory=dict)

    def seconds(self, subject: str, value: str) -> float:
        known, since = self._seen.get(subject, ("", 0.0))
        if known != value:
            since = self.monotonic()
            self._seen[subject] = value, since
        return self.monotonic() - since

    def keep_only(self, references: set[str]) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if key.partition("\n")[0] in references}


@dataclass(slots=True)
class _Hold:
    """What one worker holds while it works on an entry."""

    lease: str
    last_start: float
    """On our own clock: no write is begun later."""
    is_haunted: bool
    """A write by somebody else, or one that was given up on, may still arrive."""
    is_over: bool = False

    @property
    def ghost(self) -> str:
        return f"{GHOST}{self.lease}" if self.is_haunted else ""


def _no_audit(service: str, outcome: str, **facts: object) -> None:
    pass


@dataclass(slots=True)
class Courier:
    """One worker's hands. `now` gives UTC, `monotonic` seconds that never run backwards."""

    worker: str
    outbox: Outbox
    targets: Mapping[str, Target]
    unseal: Unseal
    delivery: DeliveryCheck
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    pace: Pace = Pace()
    audit: Callable[..., None] = _no_audit
    """Takes service, outcome and facts of what was recorded."""
    _watch: _Watch = field(init=False)

    def __post_init__(self) -> None:
        self._watch = _Watch(self.monotonic)

    def round(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Go through what waits once; the number of entries that were worked on. `stop` is asked between entries."""
        waiting = list(self.outbox.waiting())
        self._watch.keep_only({item.reference for item in waiting})

        def take(item: Waiting) -> bool:
            return not stop() and self._is_due(item) and self._work_on(item)

        if len(waiting) < 2:
            return sum(map(take, waiting))
        # While one hand waits for a target, the other claims the next entry and records the last one.
        with ThreadPoolExecutor(self.pace.hands, thread_name_prefix="hand") as hands:
            return sum(hands.map(take, waiting))

    def _work_on(self, item: Waiting) -> bool:
        haunted = bool(item.lease)
        if haunted and not _is_ghost(item.lease):
            watched = self._watch.seconds(item.reference, item.lease)
            if watched < self.pace.lease_seconds:
                return False
            log.warning("%s: taking over from a worker that stands still", item.login)
        lease = f"{self.worker};{secrets.token_hex(8)}"
        if not self.outbox.claim(item, lease):
            return False
        hold = _Hold(lease, self.monotonic() + self.pace.lease_seconds / 2, haunted)
        try:
            self._deliver_all(replace(item, lease=lease), hold)
        finally:
            if not hold.is_over:
                self.outbox.release(item.reference, lease, ghost=hold.ghost)
        return True

    def _deliver_all(self, held: Waiting, hold: _Hold) -> None:
        """Every target that is due, and once more whatever a newer change put there meanwhile."""
        item: Waiting | None = held
        tried: set[tuple[str, str]] = set()
        while item is not None and item.lease == hold.lease and self.monotonic() < hold.last_start:
            due = [
                state
                for state in item.states
                if (state.target, state.change) not in tried and self._is_state_due(item, state)
            ]
            if not due:
                return
            tried.add((due[0].target, due[0].change))
            item = self._deliver(item, due[0], hold, is_last=len(due) == 1)

    def _deliver(self, item: Waiting, state: SyncState, hold: _Hold, *, is_last: bool) -> Waiting | None:
        """What is to be worked on next. The last record gives the lease back in the same write."""
        outcome = self._set(item, state, hold)
        new = self._next(state, outcome, haunted=hold.is_haunted)
        # The target may still set this password after it was given up on.
        hold.is_haunted = hold.is_haunted or (isinstance(outcome, Unavailable) and outcome.may_be_set)
        states = tuple(new if other.target == state.target else other for other in item.states)
        erase = all(other.is_final for other in states)
        release = Release(hold.lease, "" if erase else hold.ghost) if is_last else None
        if not self.outbox.record(item, state, new, erase=erase, release=release):
            log.info("%s at %s: a newer password came", item.login, state.target)
            return self.outbox.read(item.reference)
        hold.is_over = is_last
        level = logging.INFO if new.step in (Step.DONE, Step.SETTLING) else logging.WARNING
        log.log(level, "%s at %s: %s %s", item.login, state.target, new.step, _told(outcome))
        self.audit(
            "workstation", new.step, login=item.login, target=state.target, reason=new.reason,
            attempts=new.attempts, seconds=round((new.at - state.since).total_seconds(), 1),
        )  # fmt: skip
        return None if is_last else replace(item, states=states)

    def _set(self, item: Waiting, state: SyncState, hold: _Hold) -> Outcome:
        target = self.targets.get(state.target)
        if target is None:
            return Unavailable(
                "no such target in the settings", f"add [workstation.targets.{state.target}] or forget it"
            )
        secret = self.unseal(item.sealed, identity=item.identity, change=state.change)
        if secret is Reason.UNREADABLE:
            return Unavailable(
                "no private key of this worker opens it", "add the key to workstation.private_key_files"
            )
        if isinstance(secret, Reason):
            log.error("%s: the sealed password belongs to another entry or change: refused", item.login)
            return Refused(secret)
        if holds_control_character(secret.reveal()):
            return Refused(Reason.CONTROL_CHARACTER)
        if objection := self.delivery.check(item, state.change, secret):
            return objection
        if self.monotonic() >= hold.last_start:
            return Unavailable("the directory took too long to prove the password")
        try:
            return target.set_password(item.login, secret)
        except Exception as error:
            # A target promises not to raise. One that does must neither stop the others nor be asked without a pause;
            # its own text might hold a secret, so only the places are logged.
            places = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s: unexpected %s\n%s", state.target, type(error).__name__, places)
            return Unavailable(f"unexpected {type(error).__name__}", "see the worker's log and report it", True)

    def _next(self, state: SyncState, outcome: Outcome, *, haunted: bool) -> SyncState:
        now = self.now().replace(microsecond=0)
        if isinstance(outcome, Done):
            settles = haunted and state.step is Step.PENDING
            return state.to(Step.SETTLING if settles else Step.DONE, at=now)
        if isinstance(outcome, Refused):
            return state.to(Step.REJECTED, at=now, reason=outcome.reason)
        if now - state.since > timedelta(hours=self.pace.give_up_hours):
            return state.to(Step.EXPIRED, at=now, reason=outcome.reason)
        text = f"{outcome.reason}: {outcome.mend}" if outcome.mend else outcome.reason
        return state.to(state.step, at=now, reason=text, slow=bool(outcome.mend))

    def _is_due(self, item: Waiting) -> bool:
        return any(self._is_state_due(item, state) for state in item.states)

    def _is_state_due(self, item: Waiting, state: SyncState) -> bool:
        if state.is_final or state.step is Step.HELD:
            return False
        if state.step is Step.SETTLING and not state.reason:
            watched = self._watch.seconds(f"{item.reference}\n{state.target}", str(state))
            return watched >= self.pace.lease_seconds
        return state.attempts == 0 or self.now() >= state.at + pause(state)


def _is_ghost(lease: str) -> bool:
    return lease.startswith(GHOST)


def pause(state: SyncState) -> timedelta:
    """How long to wait after the last attempt: doubling up to LONGEST_PAUSE, and up to half of it longer by chance.

    Thus a target that comes back is not stormed. The chance is the change's own: every worker counts the same pause.
    """
    if state.slow:
        return SLOW_PAUSE
    doublings: int = 2 ** min(state.attempts - 1, 20)
    plain = min(FIRST_PAUSE * doublings, LONGEST_PAUSE)
    chance = hashlib.blake2b(f"{state.change}{state.attempts}".encode(), digest_size=1).digest()[0] / 255
    return plain * (1 + chance / 2)


def _told(outcome: Outcome) -> str:
    match outcome:
        case Refused(reason, detail):
            return f"{reason} {detail}".strip()
        case Unavailable(reason, mend):
            return f"{reason}; to mend: {mend}" if mend else reason
    return ""
