"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How serious a finding is."""

    OK = "OK"
    WARN = "WARN"
    """People are served, but not properly, or not for long."""
    FAIL = "FAIL"
    """People cannot be served, or a secret is not protected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: what was checked (`subject`), the result (`message`), and how to fix it (`hint`)."""

    level: Level
    subject: str
    message: str
    hint: str = ""


def ok(subject: str, message: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(Level.OK, subject, message)


def warn(subject: str, message: str, hint: str) -> Finding:
    """Return a finding about a problem with which people are still served."""
    return Finding(Level.WARN, subject, message, hint)


def fail(subject: str, message: str, hint: str) -> Finding:
    """Return a finding about a problem that must be fixed."""
    return Finding(Level.FAIL, subject, message, hint)
