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
    subject: str
    message: str
    hint: str = ""


def ok(subject: str, message: str) -> Finding:
    return Finding(Level.OK, subject, message)


def warn(subject: str, message: str, hint: str) -> Finding:
    return Finding(Level.WARN, subject, message, hint)


def fail(subject: str, message: str, hint: str) -> Finding:
    return Finding(Level.FAIL, subject, message, hint)
