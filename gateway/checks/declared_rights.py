"""Tests the declared rights (`gateway.needs`) of a service account on real entries, without changing anything.

- Read and search: a filter that is true for everybody who may search by the attribute, and Undefined for others
  (RFC 4511, 4.5.1.7). Whether values are seen is tested at an entry that has one, if there is one.
- Compare: the answer is true, false or "no such attribute", and not a refusal.
- Write: a value that no entry has is deleted: "no such attribute" means that the write is allowed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ldap3 import BASE, MODIFY_DELETE, SUBTREE, Connection
from ldap3.core.results import (
    RESULT_COMPARE_TRUE,
    RESULT_INVALID_ATTRIBUTE_SYNTAX,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)
from ldap3.utils.conv import escape_filter_chars

from gateway.ldap import ANYTHING, DECIDED, Scope, compare, modify, try_search
from gateway.needs import Access, Account, Part, Place, Right, attributes
from gateway.needs.processes import WAITING
from gateway.settings import Settings

UNTESTED = (attributes.ENTRY, "children", "*")
"""Names that stand for an entry as a whole. To see it is to find it; the other rights fail where it is not seen."""
NOTHING_WAITS = f"(!{WAITING})"
TESTED_ELSEWHERE = (Place.POLICIES, Place.OPERATIONS, Place.CONNECTIONS, Place.CONFIGURATION)
"""Places that a check of their own reads."""
SAMPLE = 10
"""Number of people among whom one is looked for who is not protected."""
NOBODYS_DN = "cn=nobody"
NOBODYS_DAY = date(1800, 1, 1)


def named(rights: Sequence[Right]) -> str:
    """Return the rights in words, such as "read mail, givenName; compare numen: find, reset fail"."""
    by_access: dict[str, list[str]] = {}
    for right in rights:
        where = "" if right.place is Place.PEOPLE else f" of {right.place.value}"
        setting = f" ({right.setting})" if right.setting else ""
        by_access.setdefault(f"{right.access.words}{where}", []).extend(f"{one}{setting}" for one in right.attributes)
    parts = dict.fromkeys(part for right in rights for part in right.parts)
    words = "; ".join(_words(key, list(dict.fromkeys(names))) for key, names in by_access.items())
    return f"{words} (needed by: {', '.join(parts)})"


def _words(key: str, names: list[str]) -> str:
    access, of, where = key.partition(" of ")
    return f"{access} {', '.join(names)}{of}{where}"


def is_only_for(rights: Iterable[Right], parts: set[Part]) -> bool:
    """Return whether nothing but these parts needs any of the rights."""
    return all(set(right.parts) <= parts for right in rights)


@dataclass(frozen=True, slots=True)
class DeclaredRights:
    """Tests rights over `connection`, which is bound as `dn`."""

    settings: Settings
    connection: Connection
    dn: str
    accounts: tuple[str, ...]
    """DNs of all service accounts."""
    suffix: str
    """Suffix of the database that has the people."""

    def lacking(self, rights: Iterable[Right]) -> Iterator[Right]:
        """Yield each right, of one attribute, that the account does not have.

        What no entry can show is not tested: rights on conditions that nobody meets.
        """
        for right in rights:
            for sample in self._samples(right):
                yield from self._lacking_on(sample, right)

    def person(self, condition: str = "") -> str:
        """Return the DN of one of the people who is not protected and meets `condition`; "" if there is none."""
        people = self.settings.people
        unprotected = f"(!{people.protected_filter})" if people.protected_filter else ""
        filter_ = f"(&{people.filter}{unprotected}{condition})"
        found = try_search(self.connection, people.base, filter_, ["1.1"], size_limit=SAMPLE).dns
        return next((dn for dn in found if not self._is_protected(dn)), "")

    def _is_protected(self, dn: str) -> bool:
        return any(
            compare(self.connection, group, member, dn)["result"] == RESULT_COMPARE_TRUE
            for group in self.settings.people.protected_groups
            for member in attributes.MEMBERS[:2]
        )

    def _samples(self, right: Right) -> Iterable[str]:
        """Return the entries on which `right` is tested."""
        if right.place is Place.PEOPLE:
            return filter(None, [self._persons_sample(right)])
        if right.place is Place.ANYWHERE:
            return self._outside_people(right.condition)
        return {
            Place.DECOY: (self.settings.directory.decoy_dn,),
            Place.OWN: (self.dn,),
            Place.ACCOUNTS: self.accounts,
            Place.GROUPS: self._groups(right.account),
            Place.SUFFIX: (self.suffix,),
        }.get(right.place, ())

    def _groups(self, account: Account) -> Iterable[str]:
        agents = self.settings.helpdesk.agents_group if account is Account.HELPDESK else None
        # A group that is missing is reported as such, by a check of its own.
        found = [agents] if agents and exists(self.connection, agents) else []
        return (*self.settings.people.protected_groups, *found)

    def _persons_sample(self, right: Right) -> str:
        """Return a person's DN.

        Where something waits the worker has rights anywhere, which would hide that others are missing. If nobody
        else is found, the parent of all people is the sample: the rights to read and search are for it too.
        """
        if right.account is not Account.WORKER or right.condition:
            return self.person(right.condition)
        if dn := self.person(NOTHING_WAITS):
            return dn
        return self.person() if Access.WRITE in right.access else self.settings.people.base

    def _outside_people(self, condition: str) -> Iterator[str]:
        if not condition:
            yield self.suffix
            return
        base = self.settings.people.base.lower()
        found = try_search(self.connection, self.suffix, condition, ["1.1"], size_limit=SAMPLE).dns
        yield from (dn for dn in found if not dn.lower().endswith(base))

    def _lacking_on(self, dn: str, right: Right) -> Iterator[Right]:
        names = tuple(name for name in right.attributes if name not in UNTESTED)
        blind = set(self._not_searchable(dn, names)) if Access.SEARCH in right.access else set()
        unseen = set(self._unseen(dn, right, [name for name in names if name not in blind]))
        for name in names:
            lacks = right.access & Access.READ if name in blind | unseen else Access(0)
            is_compared = right.access & (Access.COMPARE | Access.VALUES) == Access.COMPARE
            if is_compared and not self._compares(dn, name):
                lacks |= Access.COMPARE
            for access in (Access.WRITE, Access.DELETE):
                if access in right.access and not self._writes(dn, name, right):
                    lacks |= access
            if lacks:
                yield replace(right, attributes=(name,), access=lacks)

    def _not_searchable(self, dn: str, names: Sequence[str]) -> Iterator[str]:
        """Yield the attributes that the account may not search by. One question is enough if it may by all."""
        if not names or self._finds(dn, f"(&{''.join(map(_either, names))})"):
            return
        yield from (name for name in names if not self._finds(dn, _either(name)))

    def _finds(self, dn: str, filter_: str, scope: Scope = BASE) -> bool:
        return bool(try_search(self.connection, dn, filter_, ["1.1"], scope, size_limit=1).answers)

    def _unseen(self, dn: str, right: Right, names: Sequence[str]) -> Iterator[str]:
        """Yield the attributes that have a value which the account does not see."""
        if Access.VALUES not in right.access or not names:
            return
        base, scope = (self.settings.people.base, SUBTREE) if right.place is Place.PEOPLE else (dn, BASE)
        seen = self._values(dn, ANYTHING, names, BASE)
        for name in names:
            if name in seen:
                continue
            holders = f"(&{right.condition}({name}=*))"
            if self._finds(base, holders, scope) and name not in self._values(base, holders, [name], scope):
                yield name

    def _values(self, base: str, filter_: str, names: Sequence[str], scope: Scope) -> set[str]:
        """Return those of `names` that one entry shows."""
        answers = try_search(self.connection, base, filter_, list(names), scope, size_limit=1).answers
        shown = {
            name.partition(";")[0].lower()
            for answer in answers
            for name, values in answer["raw_attributes"].items()
            if values
        }
        return {name for name in names if name.lower() in shown}

    def _compares(self, dn: str, name: str) -> bool:
        value = {attributes.CLASS: "top", **dict.fromkeys(attributes.MEMBERS, NOBODYS_DN)}.get(
            name, secrets.token_hex(8)
        )
        if name == self.settings.people.birth_date:
            # slapd examines the form of a value before the right.
            value = NOBODYS_DAY.strftime(self.settings.people.birth_date_format)
        # A value of another form is refused before the right is examined; `check_birth_dates` reports that.
        return compare(self.connection, dn, name, value)["result"] in (*DECIDED, RESULT_INVALID_ATTRIBUTE_SYNTAX)

    def _writes(self, dn: str, name: str, right: Right) -> bool:
        value = right.values[0] if right.values else unheld_value(name)
        if right.values or name in (attributes.MUST_CHANGE, attributes.POLICY):
            # Somebody may have this very value, and it must not be deleted.
            dn = self.person(f"(!({name}={escape_filter_chars(value)}))")
            if not dn:
                return True
        return may_write(self.connection, dn, name, value)


def exists(connection: Connection, dn: str) -> bool:
    """Return whether there is an entry, as far as the account may know: it may compare, and perhaps not search."""
    return bool(compare(connection, dn, attributes.CLASS, "top")["result"] != RESULT_NO_SUCH_OBJECT)


def may_write(connection: Connection, dn: str, attribute: str, value: str) -> bool:
    """Return whether a write is allowed, by deleting a value that does not exist, which changes nothing."""
    code = modify(connection, dn, {attribute: [(MODIFY_DELETE, [value])]})["result"]
    return bool(code == RESULT_NO_SUCH_ATTRIBUTE)


def _either(name: str) -> str:
    return f"(|({name}=*)(!({name}=*)))"


def unheld_value(name: str) -> str:
    """Return a value of the attribute's syntax that no entry has."""
    if name == attributes.MUST_CHANGE:
        return "FALSE"
    if name in (attributes.NT_CHANGED_AT, attributes.POSIX_CHANGED_AT):
        return f"-{secrets.randbelow(10**6) + 2}"
    if name in (attributes.RESET_CODE_UNTIL, attributes.LOCKED_AT):
        return f"19{secrets.randbelow(90) + 10}0101000000Z"
    if name == attributes.TOKEN:
        return "nobody;0"
    return secrets.token_hex(16).upper()


def rights_of(account: Account, rights: Iterable[Right]) -> tuple[Right, ...]:
    """Return the rights of one account, without those that other checks test."""
    return tuple(right for right in rights if right.account is account and right.place not in TESTED_ELSEWHERE)
