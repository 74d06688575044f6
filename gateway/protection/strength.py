"""How hard a password is to guess: the very scripts that draw the bars in the browser, run here as well.

The browser's figure informs; this one decides, so the two must not differ.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from py_mini_racer import MiniRacer

from gateway.account.model import Secret

FOLDER = Path(__file__).parents[1] / "web" / "static"
SCRIPTS = ("vendor/zxcvbn-core.js", "vendor/zxcvbn-common.js", "vendor/zxcvbn-fr.js", "estimate.js")


@dataclass(slots=True)
class Strength:
    """Percent, as the bars show it. Loaded at the first call: its threads would not survive a fork."""

    _racer: MiniRacer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Raises FileNotFoundError where `make assets` has not been run."""
        for script in SCRIPTS:
            (FOLDER / script).stat()

    def __call__(self, password: Secret, login: str) -> int:
        with self._lock:
            if self._racer is None:
                self._racer = _loaded()
            return int(str(self._racer.call("estimateStrength", password.reveal(), login)))


def _loaded() -> MiniRacer:
    racer = MiniRacer()
    for script in SCRIPTS:
        racer.eval((FOLDER / script).read_text(encoding="utf-8"))
    return racer
