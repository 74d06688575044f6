"""How hard a password is to guess: the very scripts that draw the bars in the browser, run here as well.

The browser's figure informs; this one decides, so the two must not differ. Why QuickJS runs them:
docs/decisions/0001-strength-engine.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.account.model import Secret

FOLDER = Path(__file__).parents[1] / "web" / "static"
SCRIPTS = ("vendor/zxcvbn-core.js", "vendor/zxcvbn-common.js", "vendor/zxcvbn-fr.js", "estimate.js")


@dataclass(slots=True)
class Strength:
    """Percent, as the bars show it. Safe among threads: one verdict at a time."""

    _estimate: Callable[..., object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises FileNotFoundError where `make assets` has not been run."""
        for script in SCRIPTS:
            (FOLDER / script).stat()

    def __call__(self, password: Secret, login: str) -> int:
        with self._lock:
            if self._estimate is None:
                self._estimate = _load()
            # Without a collection after each verdict, which goes through all of Python's objects too: in a large
            # process it costs four times the verdict. QuickJS collects when it must; memory does not grow.
            return int(str(self._estimate(password.reveal(), login, run_gc=False)))


def _load() -> Callable[..., object]:
    # The module starts a thread as soon as it is imported, and a thread does not survive gunicorn's fork.
    from quickjs import Function

    text = ";\n".join((FOLDER / script).read_text(encoding="utf-8") for script in SCRIPTS)
    estimate: Callable[..., object] = Function("estimateStrength", text)
    return estimate
