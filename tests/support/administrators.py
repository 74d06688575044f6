"""A directory with groups and marks of administrators, and each way of the settings to name who is protected."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ldap

from tests.support.slapd_server import PASSWORD, SUFFIX, SlapdServer

GROUPS = f"ou=groups,{SUFFIX}"
ADMINS = f"cn=admins,{GROUPS}"
OUTER = f"cn=outer,{GROUPS}"
RENAMED = f"cn=renamed,{GROUPS}"
CHIEF, OTHER = "chief", "fdurand4"
CONFIG = f"""
dn: cn=directory-of-windows,cn=schema,cn=config
changetype: add
objectClass: olcSchemaConfig
cn: directory-of-windows
olcAttributeTypes: ( 1.2.840.113556.1.4.150 NAME 'adminCount' EQUALITY integerMatch
  SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
olcObjectClasses: ( 2.25.147690646275301336643252090686623760868.99.1 NAME 'windowsMark' SUP top AUXILIARY
  MAY adminCount )

dn: cn=module{{0}},cn=config
changetype: modify
add: olcModuleLoad
olcModuleLoad: memberof

dn: olcOverlay=memberof,olcDatabase={{1}}mdb,cn=config
changetype: add
objectClass: olcOverlayConfig
objectClass: olcMemberOfConfig
olcOverlay: memberof
olcMemberOfRefInt: TRUE

dn: olcDatabase={{1}}mdb,cn=config
changetype: modify
add: olcAccess
olcAccess: {{0}}to dn.subtree="ou=people,{SUFFIX}" attrs=memberOf,adminCount
  by dn.exact="cn=gateway,ou=services,{SUFFIX}" =s
  by dn.exact="cn=sync,ou=services,{SUFFIX}" =s
  by dn.exact="cn=capture,ou=services,{SUFFIX}" =s
  by * none
"""


def delete(academy: SlapdServer, dn: str) -> None:
    with academy.as_admin() as line, suppress(ldap.NO_SUCH_OBJECT):
        line.delete_s(dn)


@dataclass(frozen=True)
class Way:
    """What makes CHIEF protected in the directory, and the settings' [people] that say so."""

    people: dict[str, Any]
    protect: Callable[[SlapdServer], None]
    prepare: Callable[[SlapdServer], None] = lambda academy: None
    """What must be there before anybody is protected."""


def add_group(object_class: str, attribute: str, group: str = ADMINS) -> Callable[[SlapdServer], None]:
    """Makes a group without CHIEF in it."""

    def add(academy: SlapdServer) -> None:
        member = f"cn=decoy,ou=services,{SUFFIX}" if attribute != "memberUid" else "somebody"
        number = "gidNumber: 1\n" if object_class == "posixGroup" else ""
        academy.load(f"dn: {group}\nobjectClass: {object_class}\n{number}{attribute}: {member}\n")

    return add


def join(attribute: str, group: str = ADMINS) -> Callable[[SlapdServer], None]:
    """Puts CHIEF into it."""

    def enter(academy: SlapdServer) -> None:
        value = CHIEF if attribute == "memberUid" else academy.dn(CHIEF)
        with academy.as_admin() as line:
            line.modify_s(group, [(ldap.MOD_ADD, attribute, [value.encode()])])

    return enter


def add_nested(academy: SlapdServer) -> None:
    add_group("groupOfNames", "member")(academy)
    academy.load(f"dn: {OUTER}\nobjectClass: groupOfNames\nmember: {ADMINS}\n")


def mark(academy: SlapdServer) -> None:
    with academy.as_admin() as line:
        changes = [(ldap.MOD_ADD, "objectClass", [b"windowsMark"]), (ldap.MOD_ADD, "adminCount", [b"1"])]
        line.modify_s(academy.dn(CHIEF), changes)


WAYS = {
    "groupOfNames": Way({"protected_groups": [ADMINS]}, join("member"), add_group("groupOfNames", "member")),
    "groupOfUniqueNames": Way(
        {"protected_groups": [ADMINS]}, join("uniqueMember"), add_group("groupOfUniqueNames", "uniqueMember")
    ),
    "posixGroup": Way({"protected_groups": [ADMINS]}, join("memberUid"), add_group("posixGroup", "memberUid")),
    "nested group": Way({"protected_groups": [OUTER, ADMINS]}, join("member"), add_nested),
    "memberOf": Way(
        {"protected_filter": f"(memberOf={ADMINS})"}, join("member"), add_group("groupOfNames", "member")
    ),
    "adminCount": Way({"protected_filter": "(adminCount=1)"}, mark),
}


def password_is_untouched(academy: SlapdServer, login: str = CHIEF) -> bool:
    entry = academy.read(login)
    return academy.binds(login, PASSWORD) and "mamiaPendingSecret" not in entry and "pwdReset" not in entry
