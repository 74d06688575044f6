"""The handbook lists the mistakes that the tests plant on the machine."""

from __future__ import annotations

from tests.support.planted_documentation import FILE, page


def test_when_mistakes_are_planted_then_the_handbook_lists_each():
    assert FILE.read_text() == page(), "run: python -m tests.support.planted_documentation > docs/check-machine.md"
