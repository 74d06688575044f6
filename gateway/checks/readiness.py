"""The checks for `/health/ready`, cached for some seconds because load balancers ask often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.checks.finding import Finding

KEPT_SECONDS = 15.0


@dataclass(slots=True)
class Readiness:
    """Runs `checks` if the last result is older than `kept_seconds`."""

    checks: Sequence[Callable[[], Finding]]
    kept_seconds: float = KEPT_SECONDS
    monotonic: Callable[[], float] = time.monotonic
    _found: list[Finding] = field(default_factory=list)
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> Mapping[str, str]:
        """Return subject → OK, WARN or FAIL, without messages; `mamia check` shows them."""
        with self._lock:
            if self.monotonic() >= self._until:
                self._found = [check() for check in self.checks]
                self._until = self.monotonic() + self.kept_seconds
            return {finding.subject: str(finding.level) for finding in self._found}
