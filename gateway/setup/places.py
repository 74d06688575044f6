"""Where our entries are in a directory, or will be, as its survey and the settings say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.ldap import Entry, is_below
from gateway.needs import Account
from gateway.needs.accounts import account_dns
from gateway.settings import ResetMode, Settings
from gateway.setup.layout import Layout, parent_of
from gateway.setup.other_accounts import writer_clauses
from gateway.setup.rules import Owner, Rule, parse
from gateway.setup.surveyed import Database, Survey, normal_dn

NAMES = {
    Account.GATEWAY: "gateway",
    Account.WORKER: "sync",
    Account.LISTENER: "capture",
    Account.HELPDESK: "helpdesk",
    Account.REMINDERS: "reminders",
}
DECOY = "decoy"
MEMBERS = (("groupofuniquenames", "uniqueMember"), ("posixgroup", "memberUid"))
"""Object class of a group in lower case → the attribute of its members, where that is not `member`."""
REPLICATOR = "cn=replicator"
"""The account of ldif/90-replicator.ldif, below the same entry as the gateway's account."""


@dataclass(frozen=True, slots=True)
class Places:
    """DNs of what setup makes, and of what it finds in its place."""

    layout: Layout
    database: Database
    accounts: dict[str, str]
    """Name (gateway, sync, capture, helpdesk, reminders, decoy) → DN, of the accounts that the settings need."""
    services_base: str
    """DN above the gateway's account."""
    policies_base: str
    """DN below which policies are made."""
    default_policy: str
    services_policy: str
    decoy_policy: str
    initial_policy: str
    """"" where no reset sets an initial password."""
    groups: tuple[str, ...]
    """The groups of protected people that the settings name."""
    agents_group: str
    """The group of the helpdesk's agents; "" if the settings name none."""

    @property
    def ours(self) -> tuple[str, ...]:
        """Return the DNs of every account that a version of ours made there, whether the settings need it or not."""
        names = ("gateway", "sync", "decoy", "capture", "helpdesk", "reminders")
        return tuple(dict.fromkeys((*self.accounts.values(), *(f"cn={one},{self.services_base}" for one in names))))

    @property
    def replicator(self) -> str:
        """Return the DN of the account of ldif/90-replicator.ldif."""
        return f"{REPLICATOR},{self.services_base}"

    @property
    def entries(self) -> tuple[str, ...]:
        """Return the DNs of all entries that a plan looks at."""
        made = (*self.accounts.values(), *self.groups, self.agents_group, self.layout.suffix, self.replicator)
        policies = (self.default_policy, self.services_policy, self.decoy_policy, self.initial_policy)
        wanted = [dn for dn in (*made, *policies) if dn]
        above = [parent for dn in wanted for parent in ancestors(dn, self.layout.suffix)]
        return tuple(dict.fromkeys((*wanted, *above)))


def places_of(
    settings: Settings,
    survey: Survey,
    *,
    readers: Iterable[str] = (),
    writers: Iterable[str] = (),
    peoples_policies: Iterable[str] = (),
) -> Places:
    """Return where everything is in the surveyed directory.

    Raises ValueError with a sentence if no database of the server holds `people.base`.
    """
    database = _database(settings, survey)
    suffix = next(one for one in database.suffixes if is_below(settings.people.base, one))
    services = parent_of(settings.directory.bind_dn)
    initial = settings.reset.initial_policy if settings.reset.mode is ResetMode.INITIAL else ""
    present = survey.default_policy(database)
    named = present or settings.directory.default_policy or settings.reset.initial_policy or ""
    policies_base = parent_of(named) if named and is_below(named, suffix) else f"ou=policies,{suffix}"
    accounts = {NAMES[account]: dn for account, dn in account_dns(settings).items()}
    default = present or settings.directory.default_policy or f"cn=default,{policies_base}"
    layout = Layout(
        suffix,
        database.dn,
        policies=tuple(distinct([policies_base, parent_of(default), parent_of(initial or default)])),
        peoples_policies=tuple(distinct(peoples_policies)),
        readers=tuple(distinct([*readers, *_replica_readers(survey, database, services)])),
        writers=tuple(distinct(writers)),
        writer_clauses=tuple(writer_clauses(_own_rules(database, accounts, services))),
        member_attributes=_member_attributes(settings.people.protected_groups, survey),
    )
    return Places(
        layout, database,
        {**accounts, DECOY: settings.directory.decoy_dn},
        services, policies_base, default,
        f"cn=services,{policies_base}", f"cn=decoy,{policies_base}", initial or "",
        tuple(settings.people.protected_groups), settings.helpdesk.agents_group or "",
    )  # fmt: skip


def _database(settings: Settings, survey: Survey) -> Database:
    base = settings.people.base
    database = survey.database_of(base)
    if database is None:
        held = ", ".join(survey.suffixes) or "none"
        raise ValueError(f"no database of {survey.url} holds people.base ({base}); its suffixes: {held}")
    return database


def _own_rules(database: Database, accounts: dict[str, str], services: str) -> Iterable[Rule]:
    owner = Owner(tuple(accounts.values()), services)
    return (rule for rule in map(parse, database.access) if not owner.has(rule))


def ancestors(dn: str, suffix: str) -> list[str]:
    """Return the DNs between `suffix` and `dn`, the highest first, without these two."""
    found: list[str] = []
    above = parent_of(dn)
    while above and is_below(above, suffix) and normal_dn(above) != normal_dn(suffix):
        found.insert(0, above)
        above = parent_of(above)
    return found


def _replica_readers(survey: Survey, database: Database, services: str) -> list[str]:
    """Return who this server copies with, since a mirror's other side reads with the same account."""
    replicator = f"{REPLICATOR},{services}"
    known = [replicator] if survey.entry(replicator) else []
    return [*(one.bind_dn for one in database.replications if one.bind_dn), *known]


def _member_attributes(groups: Iterable[str], survey: Survey) -> dict[str, str]:
    found = {group: _member_attribute(survey.entry(group)) for group in groups}
    return {group: name for group, name in found.items() if name}


def _member_attribute(group: Entry | None) -> str:
    classes = {value.lower() for value in group.all("objectClass")} if group else set()
    return next((name for kind, name in MEMBERS if kind in classes), "")


def distinct(dns: Iterable[str]) -> Iterable[str]:
    """Return each DN once, however it is written, in their order and without empty ones."""
    found: dict[str, str] = {}
    for dn in filter(None, dns):
        found.setdefault(normal_dn(dn), dn)
    return found.values()
