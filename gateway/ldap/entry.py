"""One LDAP entry as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn

Answer = Mapping[str, Any]
"""One entry of a search as ldap3 gives it: `dn` and `raw_attributes`, whose values are bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a search gave back: a DN and the values of the attributes that were asked for, as text.

    A server that is asked for `sn` also answers with `sn;lang-fr`, since an attribute with options is a subtype of
    the one without (RFC 4512, 2.5.2.1), and a filter on `sn` matches both.
    """

    dn: str
    by_type: Mapping[str, tuple[str, ...]]
    """Attribute type in lower case → its values, each once: first those without options."""
    by_description: Mapping[str, tuple[str, ...]]
    """Attribute description (type and options) in lower case → its values."""

    def all(self, attribute: str) -> tuple[str, ...]:
        """Every value of `attribute`, with whatever options."""
        return self.by_type.get(attribute.lower(), ())

    def first(self, attribute: str) -> str:
        return next(iter(self.all(attribute)), "")

    def without_options(self, attribute: str) -> tuple[str, ...]:
        """The values that a write to `attribute` replaces: it leaves those with options alone."""
        return self.by_description.get(attribute.lower(), ())


def is_below(dn: str, base: str) -> bool:
    """Whether the entry `dn` is `base` or an entry below it; blanks and case make no difference."""
    parts, base_parts = _rdns(dn), _rdns(base)
    return len(parts) >= len(base_parts) and parts[len(parts) - len(base_parts) :] == base_parts


def _rdns(dn: str) -> list[str]:
    try:
        return [f"{name}={value}{joined}".lower() for name, value, joined in parse_dn(dn, strip=True)]
    except LDAPInvalidDnError:
        return [dn.lower()]


def raw_values(answer: Answer, attribute: str) -> list[bytes]:
    """The values of `attribute` as they are stored: what is sealed or computed is no text."""
    held = answer["raw_attributes"].items()
    return [value for name, values in held if name.lower() == attribute.lower() for value in values]


def entry_of(answer: Answer) -> Entry:
    """The answer as text. Attribute names are compared without regard to case (RFC 4512, 2.5)."""
    by_description = {
        name.lower(): tuple(value.decode("utf-8", "replace") for value in values)
        for name, values in answer["raw_attributes"].items()
    }
    return Entry(answer["dn"], _by_type(by_description), by_description)


def _by_type(by_description: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if not any(";" in description for description in by_description):
        return by_description
    merged: dict[str, dict[str, None]] = {}
    for description in sorted(by_description, key=lambda one: (";" in one, one)):
        values = merged.setdefault(description.partition(";")[0], {})
        values.update(dict.fromkeys(by_description[description]))
    return {name: tuple(values) for name, values in merged.items()}
