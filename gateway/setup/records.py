"""One write to a directory as a value, as LDIF (RFC 2849) and as JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

SAFE = re.compile(r"[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")
"""SAFE-STRING of RFC 2849; other values are written in base64."""

Values = tuple[str, ...]
Attributes = tuple[tuple[str, Values], ...]


@dataclass(frozen=True, slots=True)
class Modification:
    """One part of a Modify: what happens to the values of one attribute."""

    operation: Literal["add", "delete", "replace"]
    attribute: str
    values: Values = ()
    """Empty with "delete" and "replace": the whole attribute goes."""


@dataclass(frozen=True, slots=True)
class Record:
    """One LDAP write: Add of an entry, Modify, or Delete."""

    kind: Literal["add", "modify", "delete"]
    dn: str
    attributes: Attributes = ()
    """Of an Add."""
    modifications: tuple[Modification, ...] = ()
    """Of a Modify, which the server does completely or not at all."""

    @property
    def is_configuration(self) -> bool:
        """Return whether it is a write to cn=config."""
        return self.dn.lower().endswith("cn=config")

    def filled(self, values: Mapping[str, str]) -> Record:
        """Return it with `values` in the places of "@NAME@", such as the passwords that LDIF files do not hold."""

        def fill(texts: Values) -> Values:
            return tuple(values.get(text.strip("@"), text) if _is_place(text) else text for text in texts)

        return Record(
            self.kind,
            self.dn,
            tuple((name, fill(texts)) for name, texts in self.attributes),
            tuple(Modification(one.operation, one.attribute, fill(one.values)) for one in self.modifications),
        )

    def to_ldif(self) -> str:
        """Return the record as LDIF, with changetype, without comments and without a blank line at its end."""
        lines = [_line("dn", self.dn), f"changetype: {self.kind}"]
        lines += [_line(name, value) for name, values in self.attributes for value in values]
        for index, one in enumerate(self.modifications):
            lines += ["-"] if index else []
            lines.append(f"{one.operation}: {one.attribute}")
            lines += [_line(one.attribute, value) for value in one.values]
        return "\n".join(lines) + "\n"

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "kind": self.kind,
            "dn": self.dn,
            "attributes": [[name, list(values)] for name, values in self.attributes],
            "modifications": [[one.operation, one.attribute, list(one.values)] for one in self.modifications],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Record:
        """Return the record that `to_json` made `value` of."""
        return cls(
            value["kind"],
            value["dn"],
            tuple((name, tuple(values)) for name, values in value["attributes"]),
            tuple(Modification(kind, name, tuple(values)) for kind, name, values in value["modifications"]),
        )


def add_entry(dn: str, /, **attributes: str | Values) -> Record:
    """Return the Add of the entry `dn`."""
    values = tuple((name, (value,) if isinstance(value, str) else value) for name, value in attributes.items())
    return Record("add", dn, values)


def modify_entry(dn: str, *modifications: Modification) -> Record:
    """Return the Modify of the entry `dn`."""
    return Record("modify", dn, modifications=modifications)


def delete_entry(dn: str) -> Record:
    """Return the Delete of the entry `dn`."""
    return Record("delete", dn)


def _is_place(text: str) -> bool:
    return len(text) > 2 and text[0] == text[-1] == "@"


def _line(name: str, value: str) -> str:
    if not value or SAFE.fullmatch(value):
        return f"{name}: {value}"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
