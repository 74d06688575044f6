"""The self-audit by RGAA 4.1: complete, proved by tests that exist, and the same in handbook and statement."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gateway.web.rgaa import Criterion, SelfAudit, Status, self_audit
from tests.support.rgaa_page import PAGE, page

ROOT = Path(__file__).parents[1]
CRITERIA = {1: 9, 2: 2, 3: 3, 4: 13, 5: 8, 6: 2, 7: 5, 8: 10, 9: 4, 10: 14, 11: 13, 12: 11, 13: 12}
"""Topic → how many criteria RGAA 4.1 has of it."""
AUDIT = self_audit()
TESTS = sorted({(one.number, test) for one in AUDIT.criteria for test in one.tests})


def names_in(file: Path) -> set[str]:
    """The classes and tests of a file, as pytest names them."""
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names.add(node.name)
            names |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return names


class TestSelfAudit:
    def test_when_its_numbers_are_compared_then_they_are_the_106_of_rgaa(self):
        numbers = [f"{topic}.{number}" for topic, count in CRITERIA.items() for number in range(1, count + 1)]

        assert len(numbers) == 106
        assert [one.number for one in AUDIT.criteria] == numbers

    def test_when_its_lines_are_read_then_each_says_what_was_found(self):
        assert [one.number for one in AUDIT.criteria if not one.about or not one.reason] == []

    def test_when_a_criterion_is_met_then_a_test_proves_it(self):
        assert [one.number for one in AUDIT.criteria if one.status is Status.MET and not one.tests] == []

    def test_when_a_criterion_is_not_met_then_people_read_why_in_each_language(self):
        assert [one.number for one in AUDIT.not_met if set(one.missing or {}) != {"fr", "en"}] == []

    @pytest.mark.parametrize(("number", "test"), TESTS)
    def test_when_it_names_a_test_then_there_is_one(self, number, test):
        file, _, name = test.partition("::")

        assert (ROOT / file).is_file(), number
        assert not name or name in names_in(ROOT / file), number

    def test_when_its_rate_is_counted_then_it_is_met_of_applicable_and_rounded_down(self):
        def criterion(number: int, status: Status) -> Criterion:
            return Criterion(f"1.{number}", "about", status, "reason")

        statuses = [Status.MET, Status.MET, Status.NOT_MET, Status.NOT_APPLICABLE]
        audit = SelfAudit(AUDIT.checked_on, [criterion(number, one) for number, one in enumerate(statuses, start=1)])

        assert audit.percent == 66


class TestPage:
    def test_when_written_again_then_it_stays_as_it_is(self):
        """`make rgaa` writes it."""
        assert PAGE.read_text(encoding="utf-8") == page()
