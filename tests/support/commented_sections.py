"""Sections that a settings file of ours has with a sign `#` before each line, turned on as the handbook says."""

from __future__ import annotations

import re

SECTION = re.compile(r"(?m)^(?=# \[|\[)|(?<=\n\n)")


def commented_sections(text: str) -> list[str]:
    """Return the names of the sections that are off."""
    return re.findall(r"(?m)^# \[(.+)\]$", text)


def turned_on(text: str, *sections: str) -> str:
    """Return the settings without the signs before these sections and the lines that follow them."""
    assert set(sections) <= set(commented_sections(text)), sections
    wanted = tuple(f"# [{name}]" for name in sections)
    return "".join(re.sub(r"(?m)^# ", "", one) if one.startswith(wanted) else one for one in SECTION.split(text))
