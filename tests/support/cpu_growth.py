"""Whether the processor time of some work grows no faster than its input."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

SMALL, LARGE = 64_000, 250_000
"""Bytes; a request may have 256 kB."""
RUNS = 6
"""Rounds in which both sizes are measured in turn; one that holds is enough. A busy machine
makes a run of linear work slower by chance, and quadratic work is too slow in each round."""
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
    """`work` takes a size in bytes. Its time is that of this thread alone, so other processes hardly count."""
    rounds: list[tuple[float, float]] = []
    while len(rounds) < RUNS:
        of_large = _seconds(work, LARGE)
        # Then it is not too slow, however quick the small one is.
        if of_large <= NOISE_SECONDS:
            return
        of_small = _seconds(work, SMALL)
        if of_large <= of_small * (LARGE / SMALL) * MAX_GROWTH + NOISE_SECONDS:
            return
        rounds.append((of_small, of_large))
    raise AssertionError(f"{what}: {SMALL} and {LARGE} bytes took {rounds} s of processor time")


def _seconds(work: Callable[[int], object], size: int) -> float:
    started = time.thread_time()
    work(size)
    return time.thread_time() - started
