"""Names of everybody born on a day, and the person behind those that were chosen."""

from __future__ import annotations

from contextlib import closing
from datetime import date

import pytest

from gateway.account.birth_date import BirthDate, read_birth_date
from gateway.composition.people import people_mapping
from gateway.directory.failover import LdapServers
from gateway.directory.people import LdapPeople
from gateway.directory.pool import ConnectionPool
from tests.support.gateway_settings import settings_for


@pytest.fixture
def people(directory):
    settings = settings_for(directory)
    with closing(ConnectionPool(settings.directory, LdapServers(settings.directory), as_service=True)) as pool:
        yield LdapPeople(pool, None, people_mapping(settings))


def born(typed):
    found = read_birth_date(typed, date(2026, 11, 24))
    assert isinstance(found, BirthDate)
    return found


class TestNames:
    def test_when_somebody_was_born_on_the_day_then_all_names_are_read_and_the_person_by_them(
        self, directory, people
    ):
        directory.add_person(
            "lsaisie", surname="Saisie", given_name=["Léa", "Rose"], patronymicName="Roux", birthDate="19910203"
        )

        [names] = people.names_born_on(born("03/02/1991"))
        person = people.with_names(names)

        assert (names.surnames, names.birth_names, names.given_names) == (("Saisie",), ("Roux",), ("Léa", "Rose"))
        assert (person.login, person.mail) == ("lsaisie", "lsaisie@ac-example.fr")

    def test_when_the_entry_was_deleted_since_then_there_is_no_person(self, directory, people):
        directory.add_person("gone", birthDate="19910204")
        [names] = people.names_born_on(born("04/02/1991"))
        with directory.as_admin() as line:
            line.delete_s(directory.dn("gone"))

        assert people.with_names(names) is None
