"""What a check comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    """People are served, but not as they should be, or not for long."""
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    checked: str
    finding: str
    mend: str = ""


def ok(checked: str, finding: str) -> Finding:
    return Finding(Level.OK, checked, finding)


def warn(checked: str, finding: str, mend: str) -> Finding:
    return Finding(Level.WARN, checked, finding, mend)


def fail(checked: str, finding: str, mend: str) -> Finding:
    return Finding(Level.FAIL, checked, finding, mend)
