"""slapd's access rules, search limits and indices, made from the declared needs.

The rules come before those of the directory. A rule on a secret attribute ends in `none`; every other one ends in
`break`, so that the directory's own rules go on working for everybody else (slapd.access(5)). Nothing that is not
declared in `gateway.needs` is allowed to a service account: the last rule refuses them everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ldap3.utils.conv import escape_filter_chars

from gateway.needs import Access, Account, Needs, Place, Right, attributes, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Settings
from gateway.setup.clauses import BREAK, NONE, by, level, names, quoted, readers, rule
from gateway.setup.layout import Layout, any_of, outermost, parent_of
from gateway.setup.people_rules import PeoplesRules


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Makes the rules for `rights`, all or some of the needs of the settings."""

    settings: Settings
    layout: Layout
    needs: Needs
    rights: tuple[Right, ...]
    secrets: tuple[str, ...]
    """Attributes that nobody else may read; the rules on them end in `none`."""
    closes_accounts: bool = True
    """Whether the passwords of the service accounts are closed."""
    refuses_rest: bool = True
    """Whether the accounts are refused everything that is not in `rights`."""

    def database(self) -> tuple[str, ...]:
        """Return the rules for the database of people, in their order, without numbers."""
        peoples = PeoplesRules(self.settings, self.layout, self.needs, self._of(Place.PEOPLE), self.secrets)
        rules = [
            *(self._passwords_of_accounts() if self.closes_accounts else ()),
            *self._decoy(),
            *peoples.guards(),
            *peoples.rules(),
            *self._elsewhere(),
            *self._own_entry(),
            *self._accounts(),
            *(self._closed_secrets() if self.secrets else ()),
            *self._subtrees(Place.POLICIES, self.layout.policies),
            *self._subtrees(Place.GROUPS, outermost([parent_of(group) for group in self._groups])),
            *self._at("base", self.layout.suffix, Place.SUFFIX),
            *(self._nothing_else() if self.refuses_rest else ()),
        ]
        return tuple(rules)

    def configuration(self) -> tuple[str, ...]:
        """Return the rules for cn=config itself."""
        return tuple(self._at("subtree", "cn=config", Place.CONFIGURATION))

    def monitor(self) -> tuple[str, ...]:
        """Return the rules for the database cn=Monitor."""
        return (*self._at("subtree", Place.OPERATIONS.value, Place.OPERATIONS), *self._connections())

    @property
    def _dns(self) -> Mapping[Account, str]:
        return account_dns(self.settings)

    @property
    def _groups(self) -> list[str]:
        agents = self.settings.helpdesk.agents_group
        return [*self.settings.people.protected_groups, *([agents] if agents else [])]

    def _of(self, place: Place) -> list[Right]:
        """Return the rights at a place of the accounts that have rules; an operator brings rights of their own."""
        return [right for right in self.rights if right.place is place and right.account in self._dns]

    def _passwords_of_accounts(self) -> Iterator[str]:
        dns = [*self._dns.values(), self.settings.directory.decoy_dn, *self.layout.other_accounts]
        yield rule(
            f"dn.regex={quoted(any_of(dns))} attrs={attributes.PASSWORD}", ["by anonymous auth", *self._readers, NONE]
        )

    def _decoy(self) -> Iterator[str]:
        for right in self._of(Place.DECOY):
            what = f"dn.exact={quoted(self.settings.directory.decoy_dn)} attrs={names(right.attributes)}"
            yield rule(what, [self._by(right.account, right.access), *self._readers, NONE])

    def _elsewhere(self) -> Iterator[str]:
        for right in sorted(self._of(Place.ANYWHERE), key=lambda right: not right.condition):
            what = f"dn.subtree={quoted(self.layout.suffix)}"
            what += f" filter={quoted(right.condition)}" if right.condition else ""
            yield rule(f"{what} attrs={names(right.attributes)}", [self._by(right.account, right.access), BREAK])

    def _own_entry(self) -> Iterator[str]:
        for right in self._of(Place.OWN):
            dn = self._dns[right.account]
            for name in right.attributes:
                end = [BREAK] if name == attributes.ENTRY else [*self._readers, NONE]
                yield rule(f"dn.exact={quoted(dn)} attrs={name}", [self._by(right.account, right.access), *end])

    def _accounts(self) -> Iterator[str]:
        for right in self._of(Place.ACCOUNTS):
            accounts = [*self._dns.values(), self.settings.directory.decoy_dn, *self.layout.other_accounts]
            what = f"dn.regex={quoted(any_of(accounts))} attrs={names(right.attributes)}"
            yield rule(what, [self._by(right.account, right.access), BREAK])

    def _closed_secrets(self) -> Iterator[str]:
        """Yield the rule that hides secrets in all other entries, such as those of leavers."""
        yield rule(f"attrs={names(self.secrets)}", [*self._readers, NONE])

    def _subtrees(self, place: Place, bases: Iterable[str]) -> Iterator[str]:
        for base in bases:
            yield from self._at("subtree", base, place)

    def _at(self, scope: str, base: str, place: Place) -> Iterator[str]:
        """Yield a rule per set of attributes, for all accounts that have the same access to them."""
        found: dict[tuple[tuple[str, ...], Access], list[Account]] = {}
        for right in self._of(place):
            found.setdefault((right.attributes, right.access), []).append(right.account)
        for (attributes_, access), accounts in found.items():
            what = f"dn.{scope}={quoted(base)}" + ("" if attributes_ == ("*",) else f" attrs={names(attributes_)}")
            yield rule(what, [*(self._by(account, access) for account in accounts), BREAK])

    def _connections(self) -> Iterator[str]:
        base = Place.CONNECTIONS.value
        for right in self._of(Place.CONNECTIONS):
            bound = "".join(f"(monitorConnectionAuthzDN={escape_filter_chars(dn)})" for dn in self._dns.values())
            what = f"dn.onelevel={quoted(base)} filter={quoted(f'(|{bound})')} attrs={names(right.attributes)}"
            who = [self._by(right.account, right.access), BREAK]
            yield rule(what, who)
            yield rule(f"dn.base={quoted(base)} attrs=entry,children", who)

    def _nothing_else(self) -> Iterator[str]:
        accounts = dict.fromkeys(right.account for right in self.rights)
        yield rule("*", [*(by(self._dns[account], "none") for account in accounts if account in self._dns), BREAK])

    @property
    def _readers(self) -> list[str]:
        return readers(self.layout)

    def _by(self, account: Account, access: Access) -> str:
        return by(self._dns[account], level(access))


def database_rules(settings: Settings, layout: Layout) -> tuple[str, ...]:
    """Return olcAccess of the database of people: the rules in their order, without numbers."""
    return _all(settings, layout).database()


def configuration_rules(settings: Settings, layout: Layout) -> tuple[str, ...]:
    """Return olcAccess of olcDatabase={0}config, so that `mamia check` sees how slapd treats passwords."""
    return _all(settings, layout).configuration()


def monitor_rules(settings: Settings, layout: Layout) -> tuple[str, ...]:
    """Return olcAccess of the database cn=Monitor; empty without `directory.monitor`."""
    return _all(settings, layout).monitor()


def search_limits(settings: Settings) -> tuple[str, ...]:
    """Return olcLimits of the database of people."""
    dns = account_dns(settings)
    found = []
    for limit in needs_of(settings).limits:
        pages = (
            f"size.pr={limit.page_entries} size.prtotal=unlimited" if limit.page_entries else "size.prtotal=disabled"
        )
        size = f"size.soft={limit.entries} size.hard={limit.entries}"
        time = f"time.soft={limit.seconds} time.hard={limit.seconds}"
        found.append(f"dn.exact={quoted(dns[limit.account])} {size} {pages} {time}")
    return tuple(found)


def indices(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return attribute and kinds of each index (olcDbIndex)."""
    return tuple((index.attribute, index.kinds) for index in needs_of(settings).indices)


def _all(settings: Settings, layout: Layout) -> AccessRules:
    needs = needs_of(settings)
    return AccessRules(settings, layout, needs, needs.rights, needs.secrets)
