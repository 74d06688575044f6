"""Every filter that is sent has its index."""

from __future__ import annotations

import re
from datetime import date

import ldap

from gateway.directory.mapping import PeopleMapping
from gateway.settings import People

DAY = date(1985, 3, 27)


class TestFilters:
    def test_when_sent_then_every_attribute_in_them_has_an_equality_index(self, directory):
        mapping = PeopleMapping(People(base="dc=x"))
        filters = [
            mapping.name_filter("Durand", "François", DAY),
            mapping.birth_date_filter(DAY),
            mapping.login_filter("fdurand4"),
            mapping.login_filter("f.durand@ac-example.fr"),
            mapping.uuid_filter("x"),
        ]

        with directory.connect() as line:
            line.simple_bind_s("cn=config", directory.slapd.password("admin"))
            [(_, database)] = line.search_s("olcDatabase={1}mdb,cn=config", ldap.SCOPE_BASE, attrlist=["olcDbIndex"])

        indexed = {value.decode().split()[0] for value in database["olcDbIndex"] if "eq" in value.decode().split()[1]}
        asked = {name for filter_ in filters for name in re.findall(r"\((\w+)=", filter_)}
        assert asked == {"objectClass", "birthDate", "sn", "patronymicName", "givenName", "uid", "mail", "entryUUID"}
        assert asked <= indexed
