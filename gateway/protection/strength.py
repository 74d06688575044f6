"""Strength of a password, computed by the same scripts, with the same word lists, as the bar in the browser.

The browser's value informs and this one decides, so the two must be equal. Why QuickJS runs the scripts:
docs/decisions/0001-strength-engine.md.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.account.model import Secret

FOLDER = Path(__file__).parents[1] / "web" / "static"
SCRIPTS = ("vendor/zxcvbn-core.js", "estimate.js")
LISTS = "vendor/wordlists.json"


@dataclass(slots=True)
class Strength:
    """Computes the strength in percent, as the bar shows it. Thread-safe: one computation at a time."""

    _estimate: Callable[..., object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raise FileNotFoundError if `make assets` has not been run."""
        for file in (*SCRIPTS, LISTS):
            (FOLDER / file).stat()

    def __call__(self, password: Secret, login: str) -> int:
        """Return the strength from 0 to 100."""
        with self._lock:
            if self._estimate is None:
                self._estimate = _load()
            # No garbage collection after each call: it visits all of Python's objects too, which in a large process
            # costs four times the computation. QuickJS collects when it must, and memory does not grow.
            return int(str(self._estimate(password.reveal(), login, run_gc=False)))


def _load() -> Callable[..., object]:
    # The module starts a thread when it is imported, and a thread does not survive gunicorn's fork.
    from quickjs import Function

    text = ";\n".join((FOLDER / script).read_text(encoding="utf-8") for script in SCRIPTS)
    # Written again by json: the text of a file is no script, whatever it has.
    lists = json.dumps(json.loads((FOLDER / LISTS).read_text(encoding="utf-8")))
    text += f";\nglobalThis.estimateStrength = strengthEstimator({lists});"
    estimate: Callable[..., object] = Function("estimateStrength", text)
    return estimate
