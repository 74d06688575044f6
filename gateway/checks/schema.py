"""Check that a server knows the attributes of the settings, by the names under which it answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ldap3 import Connection

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.ldap import read_entry
from gateway.settings import Settings

_NAMES = re.compile(r"NAME (?:'([^']+)'|\(([^)]*)\))")


def check_schema(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about unknown attributes, and about names under which the server does not answer."""
    subject = f"{url}: schema"
    root = read_entry(connection, "", ["subschemaSubentry"])
    entry = read_entry(connection, root.first("subschemaSubentry"), ["attributeTypes"]) if root else None
    definitions = entry.all("attributeTypes") if entry else ()
    if not definitions:
        yield warn(subject, "it can't be read", "let the service account read cn=subschema")
        return
    # A server answers with the first name of an attribute type, whichever name was requested.
    answered = {name.lower(): names[0] for names in map(_names, definitions) for name in names}
    missing = [name for name in _needed(settings) if name.lower() not in answered]
    aliases = [name for name in _needed(settings) if name.lower() != answered.get(name.lower(), name).lower()]
    if missing:
        hint = "correct the names in [people], or load schema/mamia.ldif of ldif/"
        yield fail(subject, f"it does not know {', '.join(missing)}", hint)
    if aliases:
        names = ", ".join(f"{name} is {answered[name.lower()]}" for name in aliases)
        hint = "write these names into [people]: values that come under another name are not read"
        yield fail(subject, f"it answers under other names: {names}", hint)
    if not missing and not aliases:
        yield ok(subject, "all attributes of the settings are known")


def _names(definition: str) -> Sequence[str]:
    match = _NAMES.search(definition)
    if not match:
        return ()
    return [match[1]] if match[1] else re.findall(r"'([^']+)'", match[2])


def _needed(settings: Settings) -> list[str]:
    people = settings.people
    names = [people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date]
    names += [proof.attribute for proof in people.proofs.values()]
    names += [name for name in (people.private_mail, people.phone) if name]
    if settings.workstation.targets:
        names += ["mamiaPendingSecret", "mamiaSyncState", "mamiaSyncLease"]
    return list(dict.fromkeys(names))
