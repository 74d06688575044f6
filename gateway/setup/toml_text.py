"""The text of a mamia.toml: what is there stays as it is written, and what is new comes with its description."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import Any

import tomlkit
from tomlkit.container import Container
from tomlkit.items import Table

from gateway.settings import Settings
from gateway.settings.reference import sections
from gateway.setup.answers import Answers

HEADER = "Settings of MA-MAMIA. `mamia setup` wrote this file and changes it; docs/settings.md has every key."
WIDTH = 100


def as_toml(answers: Answers, former: str = "") -> str:
    """Return the text of a mamia.toml with the answers; `former` is the text of the present file.

    Values that did not change keep their place, their spelling and their comments. A new section comes with the first
    sentence of its description, and so does each of its keys.
    """
    document = tomlkit.parse(former) if former else tomlkit.document()
    if not former:
        document.add(tomlkit.comment(HEADER))
    for gone in [name for name in document if name not in answers.table]:
        document.remove(gone)
    known = [name for name in Settings.model_fields if name in answers.table]
    for name in [*known, *(name for name in answers.table if name not in known)]:
        values = answers.table[name]
        if not isinstance(values, dict):
            _put(document, name, values)
        elif name in document:
            _update(document[name], values, name)
        elif values or name in known:
            document.add(tomlkit.nl())
            document.add(name, _new_section(name, values))
    return tomlkit.dumps(document)


def _new_section(name: str, values: Mapping[str, Any]) -> Table:
    """Return a table with a comment for itself and for each key."""
    plain = {key: value for key, value in values.items() if not _is_table(value)}
    table = tomlkit.table(is_super_table=not plain and bool(values))
    text = _first_sentence(_section_text(name))
    if plain and 0 < len(text) <= WIDTH:
        table.comment(text)
    for key, value in plain.items():
        for line in textwrap.wrap(_first_sentence(_description(name, key)), WIDTH, break_on_hyphens=False):
            table.add(tomlkit.comment(line))
        table.add(key, _item(value))
    for key, value in values.items():
        if _is_table(value):
            table.add(key, _sub_table(value))
    return table


def _sub_table(values: Mapping[str, Any]) -> Table:
    plain = {key: value for key, value in values.items() if not _is_table(value)}
    table = tomlkit.table(is_super_table=not plain)
    for key, value in (*plain.items(), *((key, value) for key, value in values.items() if _is_table(value))):
        table.add(key, _sub_table(value) if _is_table(value) else _item(value))
    return table


def _update(held: Any, wanted: Mapping[str, Any], section: str) -> None:
    """Bring a table of the present file to the wanted values, and touch nothing that is right."""
    for gone in [key for key in held if key not in wanted]:
        held.remove(gone)
    for key, value in wanted.items():
        if key in held and isinstance(held[key], Table) and isinstance(value, dict):
            _update(held[key], value, f"{section}.{key}")
        elif key not in held and _is_table(value):
            held.add(key, _sub_table(value))
        else:
            _put(held, key, value)


def _put(held: Container | Table, key: str, value: Any) -> None:
    if key not in held:
        held.add(key, _item(value))
    elif _plain(held[key]) != value:
        held[key] = _item(value)


def _item(value: Any) -> Any:
    """Return a value as TOML shows it best: tables within a line, long lists with one element per line."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, one in value.items():
            table.add(key, _item(one))
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for one in value:
            array.append(_item(one))
        return array.multiline(len(array.as_string()) > WIDTH - 20)
    return tomlkit.item(value)


def _is_table(value: Any) -> bool:
    """Return whether a value gets a header of its own, as targets and API clients do; small ones stay in a line."""
    if not isinstance(value, dict):
        return False
    return any(isinstance(one, list | dict) for one in value.values()) or len(value) > 3


def _plain(item: Any) -> Any:
    return item.unwrap() if hasattr(item, "unwrap") else item


def _section_text(section: str) -> str | None:
    field = Settings.model_fields.get(section)
    return getattr(field.annotation, "__doc__", None) if field else None


def _description(section: str, key: str) -> str | None:
    return _meanings().get(section, {}).get(key)


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """Return section → key → what the reference of the settings says of it."""
    return {section.name: {one.key: one.meaning for one in section.settings} for section in sections()}


def _first_sentence(text: str | None) -> str:
    """Return the first sentence of a description, in one line.

    >>> _first_sentence("Names and links. An empty link is not shown.")
    'Names and links.'
    """
    folded = re.sub(r"\s+", " ", text or "").strip()
    return re.split(r"(?<=\.)\s", folded, maxsplit=1)[0]
