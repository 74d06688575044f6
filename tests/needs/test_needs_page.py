"""docs/needs.md is what the declaration says."""

from __future__ import annotations

from tests.support.needs_page import PAGE, page


class TestPage:
    def test_when_written_again_then_it_stays_as_it_is(self):
        """`make needs` writes it."""
        assert PAGE.read_text(encoding="utf-8") == page()
