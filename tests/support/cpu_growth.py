"""Whether the processor time of some work grows no faster than its input."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

SIZES = (64_000, 128_000, 250_000)
"""Bytes; a request may have 256 kB."""
RUNS = 6
"""Work that takes too long is done again, so many times in all, and the fastest run counts: a busy machine makes runs
slower, and none faster."""
MAX_GROWTH = 2.0
"""By how much the time may grow beyond the input: caches miss more often. Quadratic work exceeds it fourfold."""
NOISE_SECONDS = 0.02

FILLS: Mapping[str, str] = {
    "letters": "a",
    "digits": "1",
    "blanks": " ",
    "tabs": "\t",
    "no-break spaces": "\u00a0",
    "punctuation": "-!",
    "percent signs": "%",
    "brackets": "<",
    "quotes": '\\"',
    "dates": "1 / ",
    "words": "le 27 ",
    "combining marks": "\u0301\u0316",
    "ligatures": "\ufdfa",
    "control characters": "\x01",
}
"""Each is repeated between two digits, so that nothing that takes outer blanks away makes it short."""


def filled(unit: str, size: int) -> str:
    """`unit` over and over, with a digit at both ends: `size` bytes in UTF-8, or a few less."""
    return "1" + unit * ((size - 2) // len(unit.encode())) + "1"


def assert_linear(work: Callable[[int], object], what: str) -> None:
    """`work` takes a size in bytes. Its time is that of this thread alone, so other processes do not count."""
    seconds: dict[int, float] = {}
    for size in SIZES:
        seconds[size] = _seconds(work, size)
        for _ in range(RUNS - 1):
            if seconds[size] <= _allowed(seconds[SIZES[0]], size):
                break
            seconds[size] = min(seconds[size], _seconds(work, size))
        assert seconds[size] <= _allowed(seconds[SIZES[0]], size), f"{what}: {seconds} s of processor time"


def _allowed(smallest: float, size: int) -> float:
    return smallest * (size / SIZES[0]) * MAX_GROWTH + NOISE_SECONDS


def _seconds(work: Callable[[int], object], size: int) -> float:
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
