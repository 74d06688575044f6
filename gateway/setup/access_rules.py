"""slapd's access rules, search limits and indices, made from the declared needs.

The rules come before those of the directory. A rule on a secret attribute ends in `none`; every other one ends in
`break`, so that the directory's own rules go on working for everybody else (slapd.access(5)). Nothing that is not
declared in `gateway.needs` is allowed to a service account: the last rule refuses them everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.needs import Access, Account, Needs, Place, Right, attributes, needs_of
from gateway.settings import Settings
from gateway.setup.layout import Layout, account_dns, any_of, outermost, parent_of

BREAK, NONE = "by * break", "by * none"
LISTENERS_ENTRY = (Account.LISTENER, attributes.ENTRY)
"""Right that the listener keeps on protected people: it asks slapd nothing about them, and writes nothing else."""
_LETTERS = ((Access.WRITE, "w"), (Access.SEARCH, "s"), (Access.COMPARE, "c"))


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

    @property
    def writes(self) -> bool:
        """Return whether somebody may write."""
        return any(access & Access.WRITE for _, access in self.by)


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
        rules = [
            *(self._passwords_of_accounts() if self.closes_accounts else ()),
            *self._decoy(),
            *self._guards(),
            *self._people(),
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
        return self.settings.people.protected_groups

    def _of(self, place: Place) -> list[Right]:
        return [right for right in self.rights if right.place is place]

    def _passwords_of_accounts(self) -> Iterator[str]:
        dns = [*self._dns.values(), self.settings.directory.decoy_dn, *self.layout.other_accounts]
        yield _rule(
            f'dn.regex="{any_of(dns)}" attrs={attributes.PASSWORD}', ["by anonymous auth", *self._readers, NONE]
        )

    def _decoy(self) -> Iterator[str]:
        for right in self._of(Place.DECOY):
            what = f'dn.exact="{self.settings.directory.decoy_dn}" attrs={_names(right.attributes)}'
            yield _rule(what, [self._by(right.account, right.access), *self._readers, NONE])

    def _guards(self) -> Iterator[str]:
        """Yield rules that keep accounts from writing on protected people; what they may read, they still read."""
        guarded: dict[tuple[tuple[Account, bool], ...], list[str]] = {}
        written = [
            name for right in self._of(Place.PEOPLE) if Access.WRITE in right.access for name in right.attributes
        ]
        for name in dict.fromkeys(written):
            if writers := tuple(
                (account, self._may(Access.VALUES, account, name))
                for account in (Account.GATEWAY, Account.LISTENER)
                if self._may(Access.WRITE, account, name) and (account, name) != LISTENERS_ENTRY
            ):
                guarded.setdefault(writers, []).append(name)
        for writers, names in guarded.items():
            yield from self._guard(names, writers)

    def _guard(self, names: Sequence[str], writers: Sequence[tuple[Account, bool]]) -> Iterator[str]:
        base, people = self.settings.people.base, self.settings.people
        for group in self._groups:
            member = self.layout.member_attribute(group)
            members = (
                f"[{group}]/memberUid & this/{people.login}"
                if member == "memberUid"
                else f"[{group}]/{member}* & this"
            )
            who = [
                f'by dn.exact="{self._dns[account]}" set="{members}" {"read" if reads else "none"}'
                for account, reads in writers
                if account in self._dns
            ]
            yield _rule(f'dn.subtree="{base}" attrs={_names(names)}', [*who, BREAK])
        if people.protected_filter:
            who = [self._by_level(account, "read" if reads else "none") for account, reads in writers]
            what = f'dn.subtree="{base}" filter="{people.protected_filter}" attrs={_names(names)}'
            yield _rule(what, [*who, BREAK])

    def _may(self, access: Access, account: Account, name: str) -> bool:
        return any(
            right.account is account and name in right.attributes and access in right.access
            for right in self._of(Place.PEOPLE)
        )

    def _people(self) -> Iterator[str]:
        """Yield the rules on people: attributes with the same rights share a rule."""
        groups: dict[_PeoplesRule, list[str]] = {}
        for name, ways in self._allowed_on_people().items():
            for condition, values, by in _split_by_condition(ways):
                closes = not condition and not values and name in self.secrets
                shown = closes and name in self.needs.shown_to_owner
                rule = _PeoplesRule(condition, values, by, closes, shown, name == attributes.ENTRY)
                groups.setdefault(rule, []).append(name)
        # Rules with conditions first: the ones without end the search for whom they name.
        for rule in sorted(groups, key=lambda rule: not (rule.condition or rule.values)):
            yield self._peoples_rule(rule, groups[rule])

    def _allowed_on_people(self) -> dict[str, list[_Allowed]]:
        allowed: dict[str, list[_Allowed]] = {}
        for right in self._of(Place.PEOPLE):
            for name in right.attributes:
                ways = allowed.setdefault(name, [])
                if right.values:
                    # Reading is not bound to the values that may be written.
                    ways.append(_Allowed(right.account, right.access, "", self._policies_that_change(right)))
                else:
                    ways.append(_Allowed(right.account, right.access, right.condition, ()))
        return allowed

    def _policies_that_change(self, right: Right) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*right.values, *self.layout.peoples_policies)))

    def _peoples_rule(self, rule: _PeoplesRule, names: Sequence[str]) -> str:
        people = self.settings.people
        filter_ = rule.condition or (people.filter if rule.writes and not rule.is_entry else "")
        what = f'dn.subtree="{people.base}"' + (f' filter="{filter_}"' if filter_ else "") + f" attrs={_names(names)}"
        if rule.values:
            what += f' val.regex="{any_of(rule.values)}"'
        who = [self._by(account, access) for account, access in rule.by]
        if rule.is_entry and any(account is Account.GATEWAY and access & Access.WRITE for account, access in rule.by):
            who += [f'by dn.exact="{dn}" write' for dn in self.layout.writers]
            who += ["by self write"]
        if rule.is_shown:
            who.append("by self read")
        return _rule(what, [*who, *((*self._readers, NONE) if rule.closes else (BREAK,))])

    def _elsewhere(self) -> Iterator[str]:
        for right in sorted(self._of(Place.ANYWHERE), key=lambda right: not right.condition):
            what = f'dn.subtree="{self.layout.suffix}"'
            what += f' filter="{right.condition}"' if right.condition else ""
            yield _rule(f"{what} attrs={_names(right.attributes)}", [self._by(right.account, right.access), BREAK])

    def _own_entry(self) -> Iterator[str]:
        for right in self._of(Place.OWN):
            dn = self._dns[right.account]
            for name in right.attributes:
                end = [BREAK] if name == attributes.ENTRY else [*self._readers, NONE]
                yield _rule(f'dn.exact="{dn}" attrs={name}', [self._by(right.account, right.access), *end])

    def _accounts(self) -> Iterator[str]:
        for right in self._of(Place.ACCOUNTS):
            what = f'dn.regex="{any_of(list(self._dns.values()))}" attrs={_names(right.attributes)}'
            yield _rule(what, [self._by(right.account, right.access), BREAK])

    def _closed_secrets(self) -> Iterator[str]:
        """Yield the rule that hides secrets in all other entries, such as those of leavers."""
        yield _rule(f"attrs={_names(self.secrets)}", [*self._readers, NONE])

    def _subtrees(self, place: Place, bases: Iterable[str]) -> Iterator[str]:
        for base in bases:
            yield from self._at("subtree", base, place)

    def _at(self, scope: str, base: str, place: Place) -> Iterator[str]:
        """Yield a rule per set of attributes, for all accounts that have the same access to them."""
        found: dict[tuple[tuple[str, ...], Access], list[Account]] = {}
        for right in self._of(place):
            found.setdefault((right.attributes, right.access), []).append(right.account)
        for (names, access), accounts in found.items():
            what = f'dn.{scope}="{base}"' + ("" if names == ("*",) else f" attrs={_names(names)}")
            yield _rule(what, [*(self._by(account, access) for account in accounts), BREAK])

    def _connections(self) -> Iterator[str]:
        base = Place.CONNECTIONS.value
        for right in self._of(Place.CONNECTIONS):
            bound = "".join(f"(monitorConnectionAuthzDN={dn})" for dn in self._dns.values())
            what = f'dn.onelevel="{base}" filter="(|{bound})" attrs={_names(right.attributes)}'
            by = self._by(right.account, right.access)
            yield _rule(what, [by, BREAK])
            yield _rule(f'dn.base="{base}" attrs=entry,children', [by, BREAK])

    def _nothing_else(self) -> Iterator[str]:
        accounts = dict.fromkeys(right.account for right in self.rights)
        yield _rule("*", [*(self._by_level(account, "none") for account in accounts if account in self._dns), BREAK])

    @property
    def _readers(self) -> list[str]:
        return [f'by dn.exact="{dn}" read' for dn in self.layout.readers]

    def _by(self, account: Account, access: Access) -> str:
        return self._by_level(account, _level(access))

    def _by_level(self, account: Account, level: str) -> str:
        return f'by dn.exact="{self._dns[account]}" {level}'


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
        found.append(f'dn.exact="{dns[limit.account]}" {size} {pages} {time}')
    return tuple(found)


def indices(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return attribute and kinds of each index (olcDbIndex)."""
    return tuple((index.attribute, index.kinds) for index in needs_of(settings).indices)


def _all(settings: Settings, layout: Layout) -> AccessRules:
    needs = needs_of(settings)
    return AccessRules(settings, layout, needs, needs.rights, needs.secrets)


def _level(access: Access) -> str:
    if Access.READ in access:
        return "write" if Access.WRITE in access else "read"
    return "=" + "".join(letter for one, letter in _LETTERS if one in access)


def _names(names: Iterable[str]) -> str:
    return ",".join(dict.fromkeys(names))


def _rule(what: str, who: Iterable[str]) -> str:
    return f"to {what} {' '.join(who)}"


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
