"""slapd's own configuration (cn=config, slapd-config(5)) of the database that holds people, as far as it can be read.

The gateway's account may read a few harmless attributes of it where ldif/47-configuration.ldif is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldap3 import BASE, Connection
from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.utils.dn import parse_dn

from gateway.ldap import Entry, is_below, try_search

CONFIG = "cn=config"
DEFAULT_HASH = "{SSHA}"
"""What slapd uses without olcPasswordHash."""
POLICY_OVERLAY, SOCK_OVERLAY = "ppolicy", "sock"
REQUIRED = {
    "olcDatabaseConfig": ("olcSuffix", "olcDbIndex", "olcLastBind"),
    "olcFrontendConfig": ("olcPasswordHash",),
    "olcPPolicyConfig": ("olcPPolicyDefault", "olcPPolicyHashCleartext", "olcPPolicyUseLockout"),
}
"""Object class → attributes without which nothing is said about the configuration."""
OPTIONAL = ("olcDbSocketPath", "olcReadOnly", "olcDatabase", "olcOverlay", "objectClass")
_FILTER = "(|(objectClass=olcDatabaseConfig)(objectClass=olcOverlayConfig))"
_NUMBER = re.compile(r"\{-?\d+\}")


@dataclass(frozen=True, slots=True)
class PolicyOverlay:
    """The overlay ppolicy (slapo-ppolicy(5)) of one database."""

    dn: str
    default_policy: str
    """DN of the policy of people without one of their own; "" if there is none."""
    hashes_plain_text: bool
    shows_lock: bool
    """olcPPolicyUseLockout: a bind at a locked account is answered otherwise than a wrong password."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What slapd is told about one database, and about hashing."""

    database: str
    """DN of the database's entry, such as olcDatabase={1}mdb,cn=config."""
    overlays: tuple[str, ...]
    """Names of its overlays in the order of their numbers; a later one is asked before an earlier one."""
    policy: PolicyOverlay | None
    policies_elsewhere: tuple[str, ...]
    """DNs of overlays ppolicy on other databases."""
    password_hashes: tuple[str, ...]
    """olcPasswordHash, such as {ARGON2}; slapd's own default if it is not set."""
    indices: Mapping[str, frozenset[str]]
    """Attribute in lower case → kinds of index (pres, eq, sub, …)."""
    records_logins: bool
    """olcLastBind."""
    sockets: tuple[str, ...]
    """Paths that the overlays sock ask at; empty also if they can't be read."""


def read_configuration(connection: Connection, dn: str) -> Configuration | None:
    """Return the configuration of the database that holds `dn`; None if this account may not read all of it."""
    names = [name for group in REQUIRED.values() for name in group]
    entries = try_search(connection, CONFIG, _FILTER, [*names, *OPTIONAL]).entries
    database = _database_of(entries, dn)
    if database is None or not _is_complete(connection, entries, database):
        return None
    overlays = sorted((one for one in entries if _is_on(one, database)), key=_position)
    policies = {one.dn: _policy_overlay(one) for one in entries if _overlay_name(one) == POLICY_OVERLAY}
    own = [one.dn for one in overlays if one.dn in policies]
    hashes = next((one.all("olcPasswordHash") for one in entries if one.all("olcPasswordHash")), ())
    return Configuration(
        database=database.dn,
        overlays=tuple(map(_overlay_name, overlays)),
        policy=policies[own[0]] if own else None,
        policies_elsewhere=tuple(overlay for overlay in policies if overlay not in own),
        password_hashes=hashes or (DEFAULT_HASH,),
        indices=_indices(database.all("olcDbIndex")),
        records_logins=_is_true(database, "olcLastBind"),
        sockets=tuple(one.first("olcDbSocketPath") for one in overlays if one.first("olcDbSocketPath")),
    )


def _database_of(entries: Sequence[Entry], dn: str) -> Entry | None:
    """Return the database with the longest suffix that holds `dn`."""
    held = [(suffix, one) for one in entries for suffix in one.all("olcSuffix") if is_below(dn, suffix)]
    return max(held, key=lambda pair: pair[0].count(","))[1] if held else None


def _is_complete(connection: Connection, entries: Sequence[Entry], database: Entry) -> bool:
    """Return whether an attribute that is not there is not set, rather than hidden from this account."""
    return all(
        _may_decide(connection, one.dn, [name for name in names if not one.all(name)])
        for one in entries
        if one.dn == database.dn or not one.all("olcSuffix")
        for name_of_class, names in REQUIRED.items()
        if name_of_class in one.all("objectClass") and (one.dn == database.dn or name_of_class != "olcDatabaseConfig")
    )


def _may_decide(connection: Connection, dn: str, attributes: Sequence[str]) -> bool:
    """Return whether this account may search by the attributes: such a filter is Undefined for it otherwise."""
    if not attributes:
        return True
    filter_ = "".join(f"(|({name}=*)(!({name}=*)))" for name in attributes)
    return bool(try_search(connection, dn, f"(&{filter_})", ["1.1"], BASE).answers)


def _policy_overlay(entry: Entry) -> PolicyOverlay:
    return PolicyOverlay(
        dn=entry.dn,
        default_policy=entry.first("olcPPolicyDefault"),
        hashes_plain_text=_is_true(entry, "olcPPolicyHashCleartext"),
        shows_lock=_is_true(entry, "olcPPolicyUseLockout"),
    )


def _indices(values: Sequence[str]) -> dict[str, frozenset[str]]:
    """Convert olcDbIndex: attributes, then kinds of index.

    >>> sorted(_indices(["sn,givenName eq,pres", "uid eq"])["givenname"])
    ['eq', 'pres']
    """
    known: dict[str, frozenset[str]] = {}
    usual = frozenset[str]()
    for value in values:
        names, _, kinds = _NUMBER.sub("", value).strip().partition(" ")
        split = frozenset(kinds.replace(" ", "").split(",")) - {""}
        if names == "default":
            usual = split
            continue
        for name in names.split(","):
            known[name.lower()] = known.get(name.lower(), frozenset()) | (split or usual)
    return known


def _is_on(overlay: Entry, database: Entry) -> bool:
    parent = overlay.dn.partition(",")[2]
    return bool(_overlay_name(overlay)) and parent.lower() == database.dn.lower()


def _overlay_name(entry: Entry) -> str:
    return _NUMBER.sub("", entry.first("olcOverlay")).lower()


def _position(overlay: Entry) -> int:
    try:
        (_, value, _), *_ = parse_dn(overlay.dn)
    except LDAPInvalidDnError:
        return 0
    number = re.match(r"\{(\d+)\}", value)
    return int(number[1]) if number else 0


def _is_true(entry: Entry, attribute: str) -> bool:
    return entry.first(attribute).upper() == "TRUE"
