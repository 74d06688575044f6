"""Processes whose clock is wrong, by libfaketime: a real slapd, a real worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch


@contextmanager
def shifted_clock(shift: str) -> Iterator[None]:
    """What is started in the block lives with the clock `shift` away from this one: "+1h", "-4d" (faketime(1))."""
    [library, *_] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    more = {"LD_PRELOAD": str(library), "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with patch.dict(os.environ, more):
        yield
