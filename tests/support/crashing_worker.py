"""A worker on real settings that kills itself (-9): python tests/support/crashing_worker.py SETTINGS MOMENT"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.composition.worker import build_worker
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory

BEFORE_CLAIM, AFTER_CLAIM = "before the claim", "after the claim"
AFTER_WRITE, BEFORE_RECORD = "after the target's write", "before the record"
AFTER_RECORD = "after the record"
MAX_ROUNDS = 600
MOMENTS = (BEFORE_CLAIM, AFTER_CLAIM, AFTER_WRITE, BEFORE_RECORD, AFTER_RECORD)


def main(config: Path, moment: str) -> None:
    settings = load(config)
    worker = build_worker(settings, workers_directory(settings, config))
    [target] = worker.targets.values()
    owner, name, after = {
        BEFORE_CLAIM: (worker.outbox, "claim", False),
        AFTER_CLAIM: (worker.outbox, "claim", True),
        AFTER_WRITE: (target, "set_password", True),
        BEFORE_RECORD: (worker.outbox, "record", False),
        AFTER_RECORD: (worker.outbox, "record", True),
    }[moment]
    setattr(type(owner), name, dying(getattr(type(owner), name), after=after))
    for _ in range(MAX_ROUNDS):
        worker.delivery_worker.run_once()
        time.sleep(0.1)


def dying(method: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def die(*arguments: Any, **named: Any) -> None:
        if after:
            method(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
