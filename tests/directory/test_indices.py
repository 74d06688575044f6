"""Every filter that is sent has its index."""

from __future__ import annotations

import re
from datetime import date

import ldap

from gateway.directory.mapping import PeopleMapping
from gateway.settings import People

DAY = date(1985, 3, 27)


def test_filters_when_sent_then_every_attribute_in_them_has_an_equality_index(directory):
    mapping = PeopleMapping(People(base="dc=x"))
    filters = [
        mapping.named("Durand", "François", DAY),
        mapping.born_on(DAY),
        mapping.with_login("fdurand4"),
        mapping.with_login("f.durand@ac-example.fr"),
        mapping.with_identity("x"),
    ]

    with directory.connect() as line:
        line.simple_bind_s("cn=config", directory.slapd.password("admin"))
        [(_, database)] = line.search_s("olcDatabase={1}mdb,cn=config", ldap.SCOPE_BASE, attrlist=["olcDbIndex"])

    indexed = {value.decode().split()[0] for value in database["olcDbIndex"] if "eq" in value.decode().split()[1]}
    asked = {name for filter_ in filters for name in re.findall(r"\((\w+)=", filter_)}
    assert asked == {"objectClass", "birthDate", "sn", "patronymicName", "givenName", "uid", "mail", "entryUUID"}
    assert asked <= indexed
