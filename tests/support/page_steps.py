"""What a section of a page tells an administrator to do, step by step: commands to paste, and settings to write."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_STEP = re.compile(r"^```toml\n(?P<toml>(?:.*\n)*?)```$|(?P<shell>(?:^ {4}.*\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One block of a page: a script for a shell, or lines of mamia.toml."""

    text: str
    is_settings: bool


def page_steps(page: str, heading: str) -> list[Step]:
    """The blocks of the section with that heading (`### Title`), up to the next one of its level or above."""
    text = (DOCS / page).read_text().partition(f"\n{heading}\n")[2]
    assert text, f"{page} has no section {heading}"
    level = len(heading.partition(" ")[0])
    body = re.split(rf"^#{{1,{level}}} ", text, maxsplit=1, flags=re.MULTILINE)[0]
    return [
        Step(found["toml"] or textwrap.dedent(found["shell"]).strip() + "\n", found["toml"] is not None)
        for found in _STEP.finditer(body)
    ]
