"""Deliver passwords to their targets: claim → unseal → check → set → record.

Each target of an entry has a lease, a state and a queue of its own: one that hangs delays no other.

What makes the newest password win, whatever dies or stalls when:

1. One worker at a time works for a target on an entry: it holds that lease. The web process never touches leases.
2. A state is replaced only if it is still the one that was read. A newer change replaces states and secret in one
   write, so an older worker's record fails and the newer password, still there, comes next.
3. A worker takes a lease over only after it has seen it unchanged for the lease's time on its own monotonic clock: no
   two machines need agree on the hour. The owner of a lease starts no write in the second half of that time.
4. A worker that was halted between that check and its write may still write late, and so may a target that was too
   slow to answer. After either, a late-write marker takes the lease's place. A password that is delivered while the
   marker is there is only confirming: the secret stays, and the password is set once more after the state was
   unchanged for the lease's time. Then the marker goes.

The proof is in docs/decisions/0002-delivery-transitions.md.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.workstation.attempt import TargetWriter
from gateway.workstation.backlog import Backlog, backlog_of
from gateway.workstation.clock import DirectoryClock
from gateway.workstation.due import UnchangedFor, has_passed
from gateway.workstation.lease import LATE_WRITE, late_write_possible
from gateway.workstation.model import Done, Outcome, Refused, Unavailable
from gateway.workstation.ports import DeliveryCheck, Outbox, Target, Unseal, Waiting
from gateway.workstation.queues import OpenExecutor, TargetQueues, open_threads
from gateway.workstation.state import DeliveryState, DeliveryStatus
from gateway.workstation.transitions import DELIVERED, TRANSITIONS, Attempt, Situation, Transition, attempt_of

log = logging.getLogger(__name__)

UNKNOWN_TARGETS = "unknown"
"""The queue of all targets that the settings do not name: each attempt there ends at once."""


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """The times that a worker keeps, in seconds and hours, and on how many entries it works at once."""

    lease_seconds: float = 60.0
    retry_hours: float = 72.0
    max_workers: int = 2
    """For each target: while one waits for it, the other claims the next entry and records the last one."""


@dataclass(slots=True)
class _HeldLease:
    """What one worker holds while it works for a target on an entry."""

    target: str
    lease: str
    last_start: float
    """On our own clock: no write is begun later."""
    late_write_possible: bool
    """A write by somebody else, or one that was given up on, may still arrive."""
    is_over: bool = False

    @property
    def late_write_marker(self) -> str:
        """What takes the lease's place: "" unless a late write is possible."""
        return f"{LATE_WRITE}{self.lease}" if self.late_write_possible else ""


def _no_audit(service: str, outcome: str, **facts: object) -> None:
    pass


@dataclass(slots=True)
class DeliveryWorker:
    """Delivers what waits in `outbox`, under the name `worker`.

    `now` is this machine's clock (UTC), which may be wrong: times are the directory's as soon as that one is known.
    `monotonic` gives seconds that never run backwards.
    """

    worker: str
    outbox: Outbox
    targets: Mapping[str, Target]
    unseal: Unseal
    delivery: DeliveryCheck
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    config: DeliveryConfig = DeliveryConfig()
    audit: Callable[..., None] = _no_audit
    """Takes service, outcome and facts of what was recorded."""
    open_executor: OpenExecutor = open_threads
    """Opens the threads of one target."""
    backlog: Backlog = field(default_factory=Backlog)
    """What waited at the last poll."""
    _clock: DirectoryClock = field(init=False)
    _unchanged: UnchangedFor = field(init=False)
    _queues: TargetQueues = field(init=False)
    _writer: TargetWriter = field(init=False)

    def __post_init__(self) -> None:
        self._clock = DirectoryClock(self.now, self.monotonic)
        self._unchanged = UnchangedFor(self.monotonic)
        self._queues = TargetQueues(self.config.max_workers, self.open_executor)
        self._writer = TargetWriter(
            self.targets, self.unseal, self.delivery, self._clock.directory_time, self.monotonic
        )

    def run_once(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Try once what is due, and wait for it; return how many deliveries were tried."""
        started = self.begin(stop)
        wait(started)
        return sum(delivery.result() for delivery in started)

    def begin(self, stop: Callable[[], bool] = lambda: False) -> list[Future[bool]]:
        """Submit what is due to the threads of its target, and wait for none of them.

        Skip what is under way already. Ask `stop` before each delivery. Raises DirectoryUnavailable.
        """
        waiting = list(self.outbox.waiting())
        self.backlog = backlog_of(waiting)
        self._queues.directory_answers()
        self._unchanged.keep_only({item.dn for item in waiting})
        return [self._submit(item, target, stop) for item in waiting for target in self._due_targets(item)]

    def close(self) -> None:
        """Wait until what was begun has ended."""
        self._queues.close()

    def _submit(self, item: Waiting, target: str, stop: Callable[[], bool]) -> Future[bool]:
        queue = target if target in self.targets else UNKNOWN_TARGETS
        return self._queues.submit(queue, item.dn, target, lambda: not stop() and self._work_on(item, target))

    def _due_targets(self, item: Waiting) -> Iterator[str]:
        for state in item.states:
            if self._queues.is_under_way(item.dn, state.target) or not self._is_state_due(item, state):
                continue
            if self._is_free(item, state.target):
                yield state.target

    def _is_free(self, item: Waiting, target: str) -> bool:
        """Return whether nobody works for `target`, or a worker whose lease was unchanged for the lease's time."""
        lease = item.leases.get(target, "")
        if not lease or late_write_possible(lease):
            return True
        return self._unchanged.seconds(f"{item.dn}\nlease {target}", lease) >= self.config.lease_seconds

    def _work_on(self, item: Waiting, target: str) -> bool:
        former = item.leases.get(target, "")
        lease = f"{self.worker};{secrets.token_hex(8)}"
        # From before the claim, as others may watch the lease from the moment in which it is written.
        last_start = self.monotonic() + self.config.lease_seconds / 2
        held = self.outbox.claim(item, target, lease)
        if held is None:
            return False
        self._clock.learn(held.read_at)
        if former and not late_write_possible(former):
            log.warning("%s at %s: taking over from a worker that does not respond", item.login, target)
        hold = _HeldLease(target, lease, last_start, late_write_possible=bool(former))
        try:
            self._deliver_newest(held, hold)
        finally:
            if not hold.is_over:
                self.outbox.release(item.dn, target, lease, late_write_marker=hold.late_write_marker)
        return True

    def _deliver_newest(self, held: Waiting, hold: _HeldLease) -> None:
        """Deliver what was due, and then what a newer change put there meanwhile."""
        item: Waiting | None = held
        tried: set[str] = set()
        while item is not None and item.sealed and item.leases.get(hold.target) == hold.lease:
            state = item.state_at(hold.target)
            if state is None or state.change in tried or self.monotonic() >= hold.last_start:
                return
            if tried and not self._is_state_due(item, state):
                return
            tried.add(state.change)
            if self._deliver(item, state, hold):
                return
            log.info("%s at %s: a newer password arrived", item.login, hold.target)
            item = self.outbox.read(item.dn)

    def _deliver(self, item: Waiting, state: DeliveryState, hold: _HeldLease) -> bool:
        """Try once and record the outcome, which also releases the lease; return whether that was written."""
        outcome = self._writer.try_once(item, state, hold.last_start)
        new = self._next(item, state, outcome, late_write_possible=hold.late_write_possible)
        # The target may still set this password after it was given up on.
        hold.late_write_possible = hold.late_write_possible or (
            isinstance(outcome, Unavailable) and outcome.outcome_unknown
        )
        late_write_marker = "" if new.status is DeliveryStatus.DONE else hold.late_write_marker
        if not self.outbox.record(item, state, new, lease=hold.lease, late_write_marker=late_write_marker):
            return False
        hold.is_over = True
        level = logging.INFO if new.status in (DeliveryStatus.DONE, DeliveryStatus.CONFIRMING) else logging.WARNING
        log.log(level, "%s at %s: %s %s", item.login, state.target, new.status, _logged(outcome))
        self.audit(
            "workstation", new.status, login=item.login, target=state.target, reason=new.reason,
            attempts=new.attempts, seconds=max(0.0, round((new.at - new.since).total_seconds(), 1)),
        )  # fmt: skip
        return True

    def _next(
        self, item: Waiting, state: DeliveryState, outcome: Outcome, *, late_write_possible: bool
    ) -> DeliveryState:
        """Return the state after `outcome`, by the table of transitions."""
        now = self._clock.now().replace(microsecond=0)
        attempt = attempt_of(outcome)
        is_over = self._is_too_old(item, state)
        transition = TRANSITIONS[Situation(state.status, late_write_possible, attempt, is_over)]
        if attempt is Attempt.TAKEN:
            # The password opened the entry, so the directory's time of the last change belongs to this change. Only
            # this time distinguishes it from a newer change.
            state = replace(state, since=item.changed_at or state.since)
        return state.to(
            transition.status, at=now, reason=_reason(outcome, transition), needs_operator=transition.needs_operator
        )

    def _is_too_old(self, item: Waiting, state: DeliveryState) -> bool:
        """Return whether it waits too long by both clocks: a password that was erased can't be had back."""
        now = self._clock.earliest()
        youngest = max(state.since, item.changed_at or state.since)
        return now is not None and now - youngest > timedelta(hours=self.config.retry_hours)

    def _is_state_due(self, item: Waiting, state: DeliveryState) -> bool:
        if state.status not in DELIVERED:
            return False
        if state.status is DeliveryStatus.CONFIRMING and not state.reason:
            watched = self._unchanged.seconds(f"{item.dn}\nstate {state.target}", str(state))
            return watched >= self.config.lease_seconds
        return state.attempts == 0 or has_passed(state, self._clock.now())


def _reason(outcome: Outcome, transition: Transition) -> str:
    """Return what the directory keeps of `outcome`: the cause, and what the operator must do while it waits."""
    if isinstance(outcome, Done):
        return ""
    if isinstance(outcome, Unavailable) and transition.needs_operator:
        return f"{outcome.reason}: {outcome.hint}"
    return outcome.reason


def _logged(outcome: Outcome) -> str:
    """Return what the log says of `outcome`."""
    match outcome:
        case Refused(reason, detail):
            return f"{reason} {detail}".strip()
        case Unavailable(reason, hint):
            return f"{reason}; to fix it: {hint}" if hint else reason
    return ""
