"""What a test reads out of a text that must have it."""

from __future__ import annotations

import re


def first_match(pattern: str, text: str) -> re.Match[str]:
    """Return the first match. Raises AssertionError, which shows the text, where there is none."""
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in: {text}"
    return found
