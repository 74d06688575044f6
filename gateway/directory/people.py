"""Search for people in the directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.account.birth_date import BirthDate
from gateway.account.model import Names, Person
from gateway.directory.mapping import MAX_NAMED, PeopleMapping
from gateway.directory.pool import ConnectionPool
from gateway.ldap import Entry, find_entry, search
from gateway.needs.server import MAX_FOUND

NOBODY = "(!(objectClass=*))"


class LdapPeople:
    """`account.ports.People` on LDAP: searches use `replicas` if there are any, `from_primary` uses `service`."""

    def __init__(
        self,
        service: ConnectionPool,
        replicas: ConnectionPool | None,
        mapping: PeopleMapping,
        is_protected: Callable[[str, Sequence[str]], bool] | None = None,
    ) -> None:
        """`is_protected` receives the DN and the logins of an entry; None if nobody is protected."""
        self._service = service
        self._replicas = replicas
        self._mapping = mapping
        self._is_protected = is_protected

    def find_by_name(self, surname: str, given_name: str, birth_date: BirthDate) -> Sequence[Person]:
        """Implement `People.find_by_name`."""
        mapping = self._mapping
        filter_ = mapping.name_filter(surname, given_name, birth_date)
        entries = self._searched.run_idempotent(
            lambda connection: search(connection, mapping.base, filter_, mapping.person_attributes, MAX_FOUND)
        )
        return [mapping.person(entry) for entry in entries]

    def names_born_on(self, birth_date: BirthDate) -> Sequence[Names]:
        """Implement `People.names_born_on`, for MAX_FOUND people: of 1.2 million, 63 were born on a common day."""
        mapping = self._mapping
        filter_ = mapping.birth_date_filter(birth_date)
        entries = self._searched.run_idempotent(
            lambda connection: search(connection, mapping.base, filter_, mapping.name_attributes, MAX_FOUND)
        )
        return [mapping.names(entry) for entry in entries]

    def with_names(self, names: Names) -> Person | None:
        """Implement `People.with_names`."""
        mapping = self._mapping
        entry = self._searched.run_idempotent(
            lambda connection: find_entry(connection, names.dn, mapping.filter, mapping.person_attributes)
        )
        return None if entry is None else mapping.person(entry)

    def from_primary(self, person: Person) -> Person | None:
        """Implement `People.from_primary`.

        A person who is not found once more, or not clearly, is returned as given.
        """
        if self._replicas is None and self._is_protected is None:
            return person
        mapping = self._mapping
        entries: Sequence[Entry] = self._service.run_idempotent(
            lambda connection: search(
                connection, mapping.base, mapping.login_filter(person.login), mapping.person_attributes, MAX_NAMED
            )
        )
        entries = mapping.named_by(person.login, entries)
        if self._is_protected and any(self._is_protected(one.dn, mapping.logins(one)) for one in entries):
            return None
        return mapping.person(entries[0]) if len(entries) == 1 else person

    def check(self) -> None:
        """Search for nobody, to test the connection. Raises DirectoryUnavailable."""
        self._service.run_idempotent(lambda connection: search(connection, self._mapping.base, NOBODY, ["1.1"], 1))

    @property
    def _searched(self) -> ConnectionPool:
        """Return the pool for searches that may miss a very recent change."""
        return self._replicas or self._service
