"""The reference of all settings (docs/settings.md), generated from the section classes and their docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from gateway.settings import PREFIX, AnyTarget, ApiClient, Settings

_NAMES = {
    "str": "text",
    "int": "number",
    "float": "number",
    "bool": "true or false",
    "Path": "file",
    "SecretStr": "secret",
    "time": "hour",
    "timedelta": "time",
}


def reference() -> str:
    """Return the page docs/settings.md, as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield "# Settings"
    yield "<!-- `make settings` writes this page from the classes of gateway/settings/; a test keeps it current. -->"
    yield ""
    yield "The settings are in `mamia.toml`, with one table per section. Each key can also come from the environment,"
    yield f"which has priority: `{PREFIX}WEB__PORT=9000`, `{PREFIX}CAPTCHA__REQUIRED='[]'`. An unknown key is"
    yield "refused. All errors are reported together, each with its key, and nothing starts."
    for name, field in Settings.model_fields.items():
        yield from _section(f"## [{name}]", field.annotation)
    yield from _section("## [api.clients.NAME]", ApiClient)
    yield ""
    yield "## Targets of the workstation"
    yield ""
    yield "The `type` of a target decides which keys `[workstation.targets.NAME]` may hold."
    for target in _members(AnyTarget):
        kind = target.model_fields["type"]
        yield from _section(f'### type = "{get_args(kind.annotation)[0]}"', target)


def _section(heading: str, section: Any) -> Iterator[str]:
    yield ""
    yield heading
    if section.__doc__:
        yield ""
        yield _folded(section.__doc__)
    yield ""
    yield "| key | form | default | meaning |"
    yield "|---|---|---|---|"
    for key, field in section.model_fields.items():
        yield f"| `{key}` | {_form(field.annotation)} | {_default(field)} | {_folded(field.description or '')} |"


def _members(union: Any) -> tuple[Any, ...]:
    while get_origin(union) is Annotated:
        union = get_args(union)[0]
    return get_args(union)


def _form(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Annotated:
        return _form(get_args(kind)[0])
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind) if choice != "")
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_form(member) for member in get_args(kind) if member is not NoneType))
    if origin in (list, tuple):
        return f"list of {_form(get_args(kind)[0])}"
    if origin is dict:
        return f"table of {_form(get_args(kind)[1])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(f"`{member.value}`" for member in kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "table (" + ", ".join(f"`{key}`" for key in kind.model_fields) + ")"
    name = getattr(kind, "__name__", str(kind))
    return "network" if "Network" in name else _NAMES.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value in ("", [], (), {}):
        return ""
    return f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return f'"{value.value}"'
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, BaseModel):
        return _toml({key: one for key, one in value.model_dump().items() if one not in ("", None)})
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return str(value) if isinstance(value, int | float) else f'"{value}"'


def _folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("|", "\\|")
