"""The outbox of the worker, which holds what waited in a restored directory until an operator decides."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.workstation.ports import Outbox, Waiting
from gateway.workstation.restored import RestoreDetector, Verdict
from gateway.workstation.state import DeliveryState, DeliveryStatus

log = logging.getLogger(__name__)

RESTORED = "the directory was restored from a backup after this password began to wait"


@dataclass(slots=True)
class HoldingOutbox:
    """A `ports.Outbox` that asks `detector` before it returns what waits, and before the first claim after that."""

    outbox: Outbox
    detector: RestoreDetector
    audit: Callable[..., None]
    """Takes service, outcome and facts of what was held."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_current: bool = False
    _is_raised: bool = False

    def waiting(self) -> Iterable[Waiting]:
        """Return what waits; nothing while the directory may have gone back. Hold all of it after a restore."""
        with self._lock:
            self._is_raised, self._is_current = False, False
            verdict = self.detector.look()
            if verdict is Verdict.BEHIND:
                return ()
            if verdict is Verdict.RESTORED:
                self._hold_all()
                self.detector.accept()
            self._is_current = True
        return self.outbox.waiting()

    def read(self, dn: str) -> Waiting | None:
        """Return the entry as it is now."""
        return self.outbox.read(dn)

    def claim(self, item: Waiting, target: str, lease: str) -> Waiting | None:
        """Claim `target`, unless the number of this worker can't be raised first."""
        with self._lock:
            if self._is_current and not self._is_raised:
                self._is_raised = self.detector.raise_number()
            if not self._is_raised:
                return None
        return self.outbox.claim(item, target, lease)

    def release(self, dn: str, target: str, lease: str, *, late_write_marker: str = "") -> None:
        """Release `lease`."""
        self.outbox.release(dn, target, lease, late_write_marker=late_write_marker)

    def record(
        self, item: Waiting, old: DeliveryState, new: DeliveryState, *, lease: str = "", late_write_marker: str = ""
    ) -> bool:
        """Record `new`."""
        return self.outbox.record(item, old, new, lease=lease, late_write_marker=late_write_marker)

    def _hold_all(self) -> None:
        """Hold all that waits. A worker that stops half way begins again."""
        held = sum(self._hold(item) for item in self.outbox.waiting())
        log.error(
            "the directory was restored from a backup. %d people whose password waited in it are held: an operator "
            "decides (mamia sync status). Workstations may have newer passwords than the directory: docs/restore.md",
            held,
        )

    def _hold(self, item: Waiting) -> bool:
        """Hold the states of `item`, but those that have changed since; return whether one was held."""
        held = [state for state in item.states if self._hold_state(item, state)]
        for state in held:
            self.audit(
                "workstation", DeliveryStatus.HELD, login=item.login, target=state.target, reason="restored",
                attempts=state.attempts, seconds=0.0,
            )  # fmt: skip
        return bool(held)

    def _hold_state(self, item: Waiting, state: DeliveryState) -> bool:
        if state.is_final or state.status is DeliveryStatus.HELD:
            return False
        return self.outbox.record(item, state, state.held(RESTORED))
