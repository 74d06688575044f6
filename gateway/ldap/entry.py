"""An LDAP entry as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Answer = Mapping[str, Any]
"""One entry of a search as ldap3 returns it: `dn` and `raw_attributes`, whose values are bytes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The result of a search for one entry: its DN and the values of the requested attributes, as text.

    A server that is asked for `sn` also returns `sn;lang-fr`, because an attribute with options is a subtype of the
    one without (RFC 4512, 2.5.2.1), and a filter on `sn` matches both.
    """

    dn: str
    by_type: Mapping[str, tuple[str, ...]]
    """Attribute type in lower case → its values, each once, those without options first."""
    by_description: Mapping[str, tuple[str, ...]]
    """Attribute description (type and options) in lower case → its values."""

    @property
    def has_options(self) -> bool:
        """Return whether an attribute description has options."""
        return self.by_type is not self.by_description

    def all(self, attribute: str) -> tuple[str, ...]:
        """Return every value of `attribute`, with any options."""
        return self.by_type.get(attribute.lower(), ())

    def first(self, attribute: str) -> str:
        """Return the first value; "" if there is none."""
        return next(iter(self.all(attribute)), "")

    def without_options(self, attribute: str) -> tuple[str, ...]:
        """Return the values that a write to `attribute` replaces; values with options stay."""
        return self.by_description.get(attribute.lower(), ())


def raw_values(answer: Answer, attribute: str) -> list[bytes]:
    """Return the values of `attribute` as bytes, for values that are not text, such as sealed ones."""
    held = answer["raw_attributes"].items()
    return [value for name, values in held if name.lower() == attribute.lower() for value in values]


def entry_of(answer: Answer) -> Entry:
    """Convert an answer to text. Attribute names are compared without regard to case (RFC 4512, 2.5)."""
    by_description = {
        _lowered(name): tuple([value.decode("utf-8", "replace") for value in values])
        for name, values in answer["raw_attributes"].items()
    }
    return entry_with(answer["dn"], by_description)


def entry_with(dn: str, by_description: Mapping[str, tuple[str, ...]]) -> Entry:
    """Return the entry with these values by attribute description in lower case."""
    return Entry(dn, _by_type(by_description), by_description)


@lru_cache(maxsize=1024)
def _lowered(name: str) -> str:
    """Return the name in lower case, as one object for all entries."""
    return name.lower()


def _by_type(by_description: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    if ";" not in "".join(by_description):
        return by_description
    merged: dict[str, dict[str, None]] = {}
    for description in sorted(by_description, key=lambda one: (";" in one, one)):
        values = merged.setdefault(description.partition(";")[0], {})
        values.update(dict.fromkeys(by_description[description]))
    return {name: tuple(values) for name, values in merged.items()}
