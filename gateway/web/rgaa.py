"""The self-audit of these pages by RGAA 4.1, from `rgaa.toml`: one status and one proof for each of 106 criteria.

docs/accessibility.md is written from the same file, and the accessibility statement takes its rate from it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files

FILE = "rgaa.toml"


class Status(StrEnum):
    """What the audit says of a criterion, as the grid of RGAA writes it."""

    MET = "C"
    NOT_MET = "NC"
    NOT_APPLICABLE = "NA"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of RGAA 4.1 and what was found of it on all pages."""

    number: str
    """Topic and number, such as "11.10"."""
    about: str
    """What it asks for, in few English words. The wording of the law is that of RGAA."""
    status: Status
    reason: str
    """What was checked and found, or why it does not apply."""
    tests: Sequence[str] = ()
    """Automated tests that prove it, as "TestClass.test_name" or as a file of tests/."""
    missing: dict[str, str] | None = None
    """For a criterion that is not met: what is missing, by language, as the statement tells people."""


@dataclass(frozen=True, slots=True)
class SelfAudit:
    """All criteria, and the day on which they were checked."""

    checked_on: date
    criteria: Sequence[Criterion]

    def count(self, status: Status) -> int:
        """Return how many criteria have this status."""
        return sum(criterion.status == status for criterion in self.criteria)

    @property
    def percent(self) -> int:
        """Return the share of the applicable criteria that are met, in whole percent, rounded down."""
        met, not_met = self.count(Status.MET), self.count(Status.NOT_MET)
        return 100 * met // (met + not_met)

    @property
    def not_met(self) -> list[Criterion]:
        """Return the criteria that are not met."""
        return [criterion for criterion in self.criteria if criterion.status is Status.NOT_MET]


@cache
def self_audit() -> SelfAudit:
    """Return the self-audit that this version comes with."""
    read = tomllib.loads(files("gateway.web").joinpath(FILE).read_text(encoding="utf-8"))
    criteria = [
        Criterion(**{**fields, "number": number, "status": Status(fields["status"])})
        for number, fields in read["criteria"].items()
    ]
    return SelfAudit(read["checked_on"], criteria)
