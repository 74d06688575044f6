"""The mamia.toml of a new installation: every setting as a comment, with its meaning and its default."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from gateway.settings.reference import SectionReference, SettingReference, sections

WIDTH = 100
HEADER = """\
Settings of MA-MAMIA. `mamia setup` looks at the directory and writes what is needed at the end of this file; what you
write yourself stays. `mamia check` says what is wrong. The same settings, for this version: man mamia.toml.
Take the # away to change a setting. The value shown is the default; where none is shown, nothing is set.
"""


def commented_settings() -> str:
    """Return the text of the file, which sets nothing."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield from _comment(HEADER)
    for section in sections():
        yield ""
        yield from _comment(_first_sentence(section.about))
        yield f"#[{section.name}]"
        for one in section.settings:
            yield from _comment(_first_sentence(one.meaning), indent="  ")
            yield f"#{one.key} = {_value(section, one)}".rstrip()


def _value(section: SectionReference, setting: SettingReference) -> str:
    return f'"{section.target_type}"' if setting.key == "type" and section.target_type else setting.default


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"# {indent}", subsequent_indent=f"# {indent}")


def _first_sentence(text: str) -> str:
    return text.split(". ")[0].rstrip(".") + "." if text else ""
