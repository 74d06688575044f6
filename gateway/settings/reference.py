"""The reference of all settings (docs/settings.md), generated from the section classes and their docstrings."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
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


@dataclass(frozen=True, slots=True)
class SettingReference:
    """What the reference says of one setting."""

    key: str
    form: str
    default: str
    """As it would be in the file; "" without one."""
    is_required: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class SectionReference:
    """What the reference says of one section."""

    name: str
    """As in the brackets of the file: "web", "api.clients.NAME", "workstation.targets.NAME"."""
    target_type: str
    """The `type` of a target of the workstation; "" in the other sections."""
    about: str
    settings: tuple[SettingReference, ...]


def sections() -> Iterator[SectionReference]:
    """Yield all sections in the order of the page, with those of the workstation's targets at the end."""
    for name, field in Settings.model_fields.items():
        yield _section(name, field.annotation)
    yield _section("api.clients.NAME", ApiClient)
    for target in _members(AnyTarget):
        kind = target.model_fields["type"]
        yield _section("workstation.targets.NAME", target, target_type=get_args(kind.annotation)[0])


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
    has_targets = False
    for section in sections():
        if section.target_type and not has_targets:
            has_targets = True
            yield ""
            yield "## Targets of the workstation"
            yield ""
            yield "The `type` of a target decides which keys `[workstation.targets.NAME]` may hold."
        yield from _section_lines(section)


def _section_lines(section: SectionReference) -> Iterator[str]:
    yield ""
    yield f'### type = "{section.target_type}"' if section.target_type else f"## [{section.name}]"
    if section.about:
        yield ""
        yield _cell(section.about)
    yield ""
    yield "| key | form | default | meaning |"
    yield "|---|---|---|---|"
    for one in section.settings:
        default = "**needed**" if one.is_required else one.default and f"`{one.default}`"
        yield f"| `{one.key}` | {one.form} | {default} | {_cell(one.meaning)} |"


def _section(name: str, section: Any, target_type: str = "") -> SectionReference:
    meanings = _meanings(section)
    settings = (
        SettingReference(key, _form(one.annotation), _default(one), one.is_required(), meanings.get(key, ""))
        for key, one in section.model_fields.items()
    )
    return SectionReference(name, target_type, _folded(section.__doc__ or ""), tuple(settings))


def _meanings(section: type[BaseModel]) -> dict[str, str]:
    """Return the docstrings of the fields, read from the source.

    pydantic could do that too, but at each start of a command, for 60 ms.
    """
    found = {}
    for base in reversed(section.__mro__):
        if not issubclass(base, BaseModel) or base is BaseModel:
            continue
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(definition, ast.ClassDef)
        for field, text in pairwise(definition.body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    found[name] = _folded(words)
    return found


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
        return ""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value in ("", [], (), {}):
        return ""
    return _toml(value)


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
    return re.sub(r"\s+", " ", text).strip()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
