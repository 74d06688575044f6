"""Writes docs/needs.md from the declaration (`make needs`)."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.needs import needs_of
from gateway.needs.reference import reference
from tests.support.ldif_files import every_part

PAGE = Path(__file__).parents[2] / "docs" / "needs.md"
HEAD = """# Needs
<!-- `make needs` writes this page from gateway/needs/; a test keeps it current. -->

Each page, process and command declares what it needs. The access rules of [ldif/](../ldif/README.md) are written from
this declaration, and `mamia setup` writes those of your directory from it. `mamia check` tests each right, and
`mamia check --needs` prints this page for your settings.

This page is for settings that switch everything on, with the names of the directory in `ldif/`. A right to write on
people is for the entries of `people.filter` alone, and not for protected people.
"""


def page() -> str:
    """The text that the page must have."""
    return HEAD + reference(needs_of(every_part()))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.exit(0)
