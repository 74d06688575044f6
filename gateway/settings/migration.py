"""Former names in the text of a mamia.toml become present ones; everything else stays as it is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.settings.removed import REMOVED
from gateway.settings.renamed import present_name

HEADER = re.compile(r"(?P<before>\s*\[\s*)(?P<name>[\w.-]+)(?P<after>\s*\]\s*(#.*\s*)?)")
ASSIGNMENT = re.compile(r"(?P<before>\s*)(?P<name>[\w.-]+)(?P<after>\s*=.*)", re.DOTALL)


class MigrationError(Exception):
    """The text is not TOML, or a former name is where this program does not change it. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A text with present names."""

    text: str
    renamed: Mapping[str, str]
    """From each former name in the text to the present one, as "section.key" or "section"."""
    removed: Mapping[str, str]
    """From each setting that is gone to what replaces it; an administrator must take it out."""


def migrate(text: str) -> Migration:
    """Return `text` with the present name of each setting; comments, order and values stay.

    Raises MigrationError.
    """
    wanted = _renamed_table(_parse(text))
    renamed: dict[str, str] = {}
    migrated = "".join(_renamed_lines(text, renamed))
    try:
        unlike = _parse(migrated) != wanted
    except MigrationError:
        unlike = True
    if unlike:
        raise MigrationError(
            "a former name is in an inline table, in quotes, or there is a present one beside it: rename by hand "
            "what `mamia check` names"
        )
    removed = {name: why for name, why in REMOVED.items() if _is_in(wanted, name)}
    return Migration(migrated, renamed, removed)


def _parse(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MigrationError(f"is not TOML: {error}") from None


def _renamed_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the migrated text must mean: it proves that renaming by lines changed nothing else."""
    renamed: dict[str, Any] = {}
    for section, values in table.items():
        present = _present(section)
        if isinstance(values, dict):
            values = {_present(f"{section}.{key}").partition(".")[2]: value for key, value in values.items()}
        renamed[present] = values
    return renamed


def _renamed_lines(text: str, renamed: dict[str, str]) -> Iterator[str]:
    """Yield each line with present names, and note in `renamed` what was changed."""
    section = ""
    for line in text.splitlines(keepends=True):
        if found := HEADER.fullmatch(line):
            section, prefix = found["name"], ""
        elif found := ASSIGNMENT.fullmatch(line):
            prefix = f"{section}." if section else ""
        else:
            yield line
            continue
        former = prefix + found["name"]
        # Keys of a target or of an API client are below the two names that can have changed.
        head = ".".join(former.split(".")[:2])
        present = _present(head) + former[len(head) :]
        if present == former:
            yield line
            continue
        if not prefix or _renames_key(head):
            renamed[former] = present
        below = len(_present(section).split(".")) if prefix else 0
        yield found["before"] + ".".join(present.split(".")[below:]) + found["after"]


def _renames_key(name: str) -> bool:
    """Return whether the key itself has another name, and not only its section."""
    return _present(name).partition(".")[2] != name.partition(".")[2]


def _present(name: str) -> str:
    return present_name(name) or name


def _is_in(table: Mapping[str, Any], name: str) -> bool:
    section, _, key = name.partition(".")
    return isinstance(values := table.get(section), dict) and key in values
