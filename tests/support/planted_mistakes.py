"""Mistakes that administrators make, each planted in a real place, and what `mamia check` must find of it.

A place is what a mistake is planted in: a directory with its settings, a machine, a service. It restores itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gateway.checks.finding import Finding, Level


class Place(Protocol):
    """Where a mistake is planted."""

    def restore(self) -> None:
        """Bring everything back to how it was when the place was made."""


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake(Generic[P]):
    """One mistake, the finding that it must lead to, and the fix that the hint of that finding names."""

    name: str
    plant: Callable[[P], object]
    level: Level = Level.FAIL
    subject: str
    """Part of the finding's subject."""
    message: Sequence[str] = ()
    """Words of its message."""
    hint: Sequence[str]
    """Words of its hint, which name the fix."""
    fix: Callable[[P], object]
    """Exactly what the hint says, and nothing else."""
    check: Callable[[P], Iterable[Finding]]
    """The check function or functions concerned."""

    def __str__(self) -> str:
        return self.name

    def is_in(self, finding: Finding) -> bool:
        """Return whether the finding is the expected one; its hint is not looked at."""
        return (
            finding.level is self.level
            and self.subject in finding.subject
            and all(word in finding.message for word in self.message)
        )


def prove(mistake: Mistake[P], place: P) -> None:
    """Plant the mistake, find it with the right hint, do what the hint says, and find it no more."""
    try:
        mistake.plant(place)
        findings = list(mistake.check(place))
        found = [finding for finding in findings if mistake.is_in(finding)]
        assert found, f"not found; there is only {problems(findings)}"
        assert any(_names_the_fix(mistake, finding) for finding in found), f"another hint: {found}"
        mistake.fix(place)
        after = list(mistake.check(place))
        assert not [finding for finding in after if mistake.is_in(finding)], f"the fix does not work: {after}"
    finally:
        place.restore()


def problems(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not OK."""
    return [finding for finding in findings if finding.level is not Level.OK]


def _names_the_fix(mistake: Mistake[P], finding: Finding) -> bool:
    return all(word in finding.hint for word in mistake.hint)
