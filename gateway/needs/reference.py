"""The declared needs as Markdown: docs/needs.md for all parts, and `mamia check --needs` for given settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from gateway.needs.model import Access, Account, FileUse, Needs, Part, Right


def reference(needs: Needs) -> str:
    """Return the needs as Markdown, with a heading per kind."""
    lines = [*_rights(needs), *_server(needs), *_machine(needs)]
    return "\n".join(lines).rstrip() + "\n"


def as_table(needs: Needs) -> dict[str, Any]:
    """Return the needs for a JSON document: kind → list of needs, each with its fields."""
    return {field.name: _plain(getattr(needs, field.name)) for field in fields(needs)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Access):
        return value.words
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return str(value) if isinstance(value, Path) else value


def _rights(needs: Needs) -> Iterator[str]:
    for account in Account:
        rights = list(needs.of(account))
        if not rights:
            continue
        yield from ("", f"## Rights of the {account}'s account", "")
        yield from _table(("may", "attributes", "where", "needed by", "why"), map(_right, rights))
    yield from ("", "## Attributes that nobody else may read", "")
    yield ", ".join(f"`{name}`" for name in needs.secrets) + "."
    if needs.shown_to_owner:
        yield f"People read on their own entry: {', '.join(f'`{name}`' for name in needs.shown_to_owner)}."


def _right(right: Right) -> Sequence[str]:
    where = right.place.value + (f", if `{right.condition.replace('|', chr(92) + '|')}`" if right.condition else "")
    values = f" (only {', '.join(f'`{value}`' for value in right.values)}, and people's own)" if right.values else ""
    names = ", ".join("all" if name == "*" else f"`{name}`" for name in right.attributes)
    setting = f" ({right.setting})" if right.setting else ""
    return (right.access.words, names + setting + values, where, _parts(right.parts), right.why)


def _server(needs: Needs) -> Iterator[str]:
    yield from ("", "## Controls", "")
    yield from _table(
        ("control", "OID", "needed by", "why"),
        ((one.name, f"`{one.oid}`", _parts(one.parts), one.why) for one in needs.controls),
    )
    yield from ("", "## Overlays and password policies", "")
    yield from _table(
        ("what", "needed by", "why"),
        [
            *((f"overlay {one.name}", _parts(one.parts), one.why) for one in needs.overlays),
            *((f"policy of {one.role}", _parts(one.parts), one.why) for one in needs.policies),
        ],
    )
    yield from ("", "## Indices", "")
    yield from _table(
        ("attribute", "kinds", "needed by"),
        ((f"`{one.attribute}`", one.kinds, _parts(one.parts)) for one in needs.indices),
    )
    yield from ("", "## Search limits", "")
    yield from _table(
        ("account", "entries per search", "entries per page", "seconds", "why"),
        (
            (one.account.value, str(one.entries), str(one.page_entries or "none"), str(one.seconds), one.why)
            for one in needs.limits
        ),
    )


def _machine(needs: Needs) -> Iterator[str]:
    if needs.services:
        yield from ("", "## Other services", "")
        yield from _table(
            ("setting", "needed by", "what is done there", "without it"),
            ((f"`{one.setting}`", _parts(one.parts), one.operations, one.without) for one in needs.services),
        )
    if needs.files:
        yield from ("", "## Files and folders", "")
        yield from _table(
            ("setting", "process", "use", "secret"),
            (
                (f"`{one.setting}`", one.process, _use(one.use), "yes" if one.is_secret else "no")
                for one in needs.files
            ),
        )


def _use(use: FileUse) -> str:
    return use.value


def _parts(parts: Iterable[Part]) -> str:
    return ", ".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'|'.join('---' for _ in heads)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
