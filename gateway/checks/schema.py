"""Check that a server knows the attributes of the settings, by the names under which it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ldap3 import Connection

from gateway.checks.declared_rights import UNTESTED
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.ldap import read_entry
from gateway.needs import Place, attributes, needs_of
from gateway.settings import Settings

SAMBAS = (attributes.NT_HASH, attributes.NT_CHANGED_AT)
OURS = (
    "birthDate", "patronymicName", "numen", "temporaryAgentNumber", "privateMail",
    attributes.SECRET, attributes.STATE, attributes.LEASE, attributes.STAMP,
)  # fmt: skip
"""Attributes of schema/mamia.ldif."""
OF_RECOVERY = {
    attributes.RESET_CODE: "44-helpdesk.ldif",
    attributes.RESET_CODE_UNTIL: "44-helpdesk.ldif",
    attributes.RECOVERY: "42-recoverable.ldif and 48-recovery.ldif",
    attributes.CHARTER: "41-charter.ldif and 42-recoverable.ldif",
    attributes.REMINDED: "49-reminders.ldif",
}
"""Attribute of schema/mamia-recovery.ldif → the files with its rules, in ldif/."""
OUR_SCHEMA = (
    "mamia setup adds our schema; by hand: schema/mamia.ldif of ldif/, or upgrade/schema.ldif where that of 0.1.0 is "
    "loaded; or name your own attributes in [people]"
)
_NAMES = re.compile(r"NAME (?:'([^']+)'|\(([^)]*)\))")


def check_schema(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about unknown attributes, and about names under which the server does not answer."""
    subject, answered = f"{url}: schema", _known(connection)
    if not answered:
        yield warn(subject, "it can't be read", "let the service account read cn=subschema")
        return
    missing = [name for name in _needed(settings) if name.lower() not in answered]
    read = _needed(settings, with_filters=False)
    aliases = [name for name in read if name.lower() != answered.get(name.lower(), name).lower()]
    if missing:
        yield fail(subject, f"it does not know {', '.join(missing)}", _fix(missing))
    if aliases:
        names = ", ".join(f"{name} is {answered[name.lower()]}" for name in aliases)
        hint = "write these names into [people]: values that come under another name are not read"
        yield fail(subject, f"it answers under other names: {names}", hint)
    if not missing and not aliases:
        yield ok(subject, "all attributes of the settings are known")


def unknown_attributes(settings: Settings, connection: Connection) -> set[str]:
    """Return the needed attributes that the server does not know; none if its schema cannot be read."""
    answered = _known(connection)
    return {name for name in _needed(settings) if answered and name.lower() not in answered}


def _known(connection: Connection) -> dict[str, str]:
    """Return each name of an attribute type, in lower case → the name under which the server answers.

    That is the first name of the type, whichever one was requested.
    """
    root = read_entry(connection, "", ["subschemaSubentry"])
    entry = read_entry(connection, root.first("subschemaSubentry"), ["attributeTypes"]) if root else None
    definitions = entry.all("attributeTypes") if entry else ()
    return {name.lower(): names[0] for names in map(_names, definitions) for name in names}


def _fix(missing: Sequence[str]) -> str:
    fixes = []
    if any(name in OURS for name in missing):
        fixes.append(OUR_SCHEMA)
    if any(name in SAMBAS for name in missing):
        fixes.append("schema/samba.ldif of ldif/, or Samba's own schema")
    if rules := dict.fromkeys(OF_RECOVERY[name] for name in missing if name in OF_RECOVERY):
        by_hand = f"schema/mamia-recovery.ldif, then {', '.join(rules)} of ldif/"
        fixes.append(f"mamia setup adds that schema; by hand: {by_hand}")
    if any(name not in (*OURS, *SAMBAS, *OF_RECOVERY) for name in missing):
        fixes.append("correct the names in [people] and in the filters of the settings")
    return "; ".join(fixes)


def _names(definition: str) -> Sequence[str]:
    match = _NAMES.search(definition)
    if not match:
        return ()
    return [match[1]] if match[1] else re.findall(r"'([^']+)'", match[2])


def _needed(settings: Settings, *, with_filters: bool = True) -> list[str]:
    """Return the attributes of people that the settings name, and those of our schema that are used."""
    rights = [right for right in needs_of(settings).rights if right.place in (Place.PEOPLE, Place.DECOY)]
    named = [name for right in rights if with_filters or not right.setting for name in right.attributes]
    # Attributes of the password policy come with its overlay, which has a check of its own.
    return [name for name in dict.fromkeys(named) if name not in UNTESTED and not name.startswith("pwd")]
