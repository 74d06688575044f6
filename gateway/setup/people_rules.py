"""The access rules on people: who writes and reads what, and whom the accounts must leave alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.needs import Access, Account, Needs, Place, Right, attributes
from gateway.needs.accounts import account_dns
from gateway.settings import Settings
from gateway.setup.clauses import BREAK, NONE, by, level, names, quoted, readers, rule
from gateway.setup.layout import Layout, any_of

CHANGES = Access.WRITE | Access.DELETE
LISTENERS_ENTRY = (Account.LISTENER, attributes.ENTRY)
"""Right that the listener keeps on protected people: it asks slapd nothing about them, and writes nothing else."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What one right lets one account do with one attribute of people."""

    account: Account
    access: Access
    condition: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PeoplesRule:
    """What one rule on people says, but for the attributes."""

    condition: str
    values: tuple[str, ...]
    by: tuple[tuple[Account, Access], ...]
    closes: bool
    is_shown: bool
    """Whether people may read the attribute on their own entry."""
    is_entry: bool
    is_written: bool
    """Whether somebody may write it, by this rule or, where it closes, by the rule of another part."""


@dataclass(frozen=True, slots=True)
class PeoplesRules:
    """Makes the rules for `rights`, which are all at Place.PEOPLE."""

    settings: Settings
    layout: Layout
    needs: Needs
    rights: Sequence[Right]
    secrets: tuple[str, ...]
    """As in `AccessRules`."""

    @property
    def _dns(self) -> Mapping[Account, str]:
        return account_dns(self.settings)

    def guards(self) -> Iterator[str]:
        """Yield rules that keep accounts from writing on protected people; what they may read, they still read."""
        guarded: dict[tuple[tuple[Account, bool], ...], list[str]] = {}
        written = [name for right in self.rights if right.access & CHANGES for name in right.attributes]
        for name in dict.fromkeys(written):
            if writers := tuple(
                (account, self._may(Access.VALUES, account, name))
                for account in (Account.GATEWAY, Account.LISTENER, Account.HELPDESK, Account.REMINDERS)
                if self._changes(account, name) and (account, name) != LISTENERS_ENTRY
            ):
                guarded.setdefault(writers, []).append(name)
        for writers, guarded_ones in guarded.items():
            yield from self._guard(guarded_ones, writers)

    def _guard(self, written: Sequence[str], writers: Sequence[tuple[Account, bool]]) -> Iterator[str]:
        base, people = self.settings.people.base, self.settings.people
        for group in people.protected_groups:
            member = self.layout.member_attribute(group)
            members = (
                f"[{group}]/memberUid & this/{people.login}"
                if member == "memberUid"
                else f"[{group}]/{member}* & this"
            )
            who = [
                by(self._dns[account], "read" if reads else "none", f"set={quoted(members)}")
                for account, reads in writers
            ]
            yield rule(f"dn.subtree={quoted(base)} attrs={names(written)}", [*who, BREAK])
        if people.protected_filter:
            who = [by(self._dns[account], "read" if reads else "none") for account, reads in writers]
            what = f"dn.subtree={quoted(base)} filter={quoted(people.protected_filter)} attrs={names(written)}"
            yield rule(what, [*who, BREAK])

    def _changes(self, account: Account, name: str) -> bool:
        """Return whether an account may write, or, for the helpdesk's pages, remove: a lock, and what waits."""
        removes = account is Account.HELPDESK and self._may(Access.DELETE, account, name)
        return removes or self._may(Access.WRITE, account, name)

    def _may(self, access: Access, account: Account, name: str) -> bool:
        return any(
            right.account is account and name in right.attributes and access in right.access for right in self.rights
        )

    def rules(self) -> Iterator[str]:
        """Yield the rules on people: attributes with the same rights share a rule."""
        groups: dict[_PeoplesRule, list[str]] = {}
        for name, ways in self._allowed_on_people().items():
            for condition, values, who in _split_by_condition(ways):
                closes = not condition and not values and name in self.secrets
                shown = closes and name in self.needs.shown_to_owner
                is_entry, is_secret = name == attributes.ENTRY, name in self.needs.secrets
                for by_whom in [who] if is_secret or is_entry else _writers_and_readers(who):
                    written = _change(by_whom) or (is_secret and self._is_written(name))
                    kind = _PeoplesRule(condition, values, by_whom, closes, shown, is_entry, written)
                    groups.setdefault(kind, []).append(name)
        # Rules with conditions first: the ones without end the search for whom they name.
        for kind in sorted(groups, key=lambda kind: not (kind.condition or kind.values)):
            yield self._rule(kind, groups[kind])

    def _is_written(self, name: str) -> bool:
        """Return whether any part writes an attribute: a file for one part says the same as the rules for all."""
        return any(
            name in right.attributes and right.access & CHANGES and not right.values
            for right in self.needs.rights
            if right.place is Place.PEOPLE and right.account in self._dns
        )

    def _allowed_on_people(self) -> dict[str, list[_Allowed]]:
        allowed: dict[str, list[_Allowed]] = {}
        for right in self.rights:
            for name in right.attributes:
                ways = allowed.setdefault(name, [])
                if right.values:
                    # Reading is not bound to the values that may be written.
                    ways.append(_Allowed(right.account, right.access, "", self._values_that_change(right)))
                else:
                    ways.append(_Allowed(right.account, right.access, right.condition, ()))
        return allowed

    def _values_that_change(self, right: Right) -> tuple[str, ...]:
        policies = self.layout.peoples_policies if attributes.POLICY in right.attributes else ()
        return tuple(dict.fromkeys((*right.values, *policies)))

    def _rule(self, kind: _PeoplesRule, named: Sequence[str]) -> str:
        people = self.settings.people
        filter_ = kind.condition or (people.filter if kind.is_written and not kind.is_entry else "")
        what = (
            f"dn.subtree={quoted(people.base)}"
            + (f" filter={quoted(filter_)}" if filter_ else "")
            + f" attrs={names(named)}"
        )
        if kind.values:
            what += f" val.regex={quoted(_only(kind.values))}"
        who = [by(self._dns[account], level(access)) for account, access in kind.by]
        if kind.is_entry and any(account is Account.GATEWAY and access & Access.WRITE for account, access in kind.by):
            who += [by(dn, "write") for dn in self.layout.writers]
            who += [f"by {one} write" for one in self.layout.writer_clauses]
            who += ["by self write"]
        if kind.is_shown:
            who.append("by self read")
        return rule(what, [*who, *((*readers(self.layout), NONE) if kind.closes else (BREAK,))])


def _only(values: Sequence[str]) -> str:
    """Return a regular expression for exactly these values: DNs, or names of object classes."""
    return any_of(values) if any("=" in value for value in values) else f"^({'|'.join(values)})$"


def _change(who: Iterable[tuple[Account, Access]]) -> bool:
    return any(access & CHANGES for _, access in who)


def _writers_and_readers(who: Sequence[tuple[Account, Access]]) -> Iterator[tuple[tuple[Account, Access], ...]]:
    """Yield who may write, on people alone, and who reads only, on every entry: the one does not narrow the other."""
    for writes in (True, False):
        if part := tuple(one for one in who if _change([one]) is writes):
            yield part


def _split_by_condition(
    ways: Iterable[_Allowed],
) -> Iterator[tuple[str, tuple[str, ...], tuple[tuple[Account, Access], ...]]]:
    """Yield condition, values, and who may do what, for each combination of the first two."""
    found: dict[tuple[str, tuple[str, ...]], dict[Account, Access]] = {}
    for way in ways:
        accesses = found.setdefault((way.condition, way.values), {})
        accesses[way.account] = accesses.get(way.account, Access(0)) | way.access
    for (condition, values), accesses in found.items():
        yield condition, values, tuple(accesses.items())
