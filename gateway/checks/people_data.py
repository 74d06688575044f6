"""Checks of the people whom the settings describe: whether anybody is found, and whether logins name one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ldap3 import BASE, Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_SIZE_LIMIT_EXCEEDED
from ldap3.utils.conv import escape_filter_chars

from gateway.checks.birth_dates import check_birth_dates
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.placeholder_numbers import check_placeholder_numbers
from gateway.checks.proof_prefixes import check_proof_prefixes
from gateway.directory.context_csn import suffixes
from gateway.ldap import ANYTHING, Entry, try_search
from gateway.needs.attributes import attributes_in
from gateway.needs.server import MAX_FOUND
from gateway.settings import Settings

BATCH = 100
NAMED = 5
SEARCH_SECONDS = 2
OUR_PEOPLE = "(objectClass=mamiaPerson)"
LIKELY_CLASSES = ("mamiaPerson", "supannPerson", "eduPerson", "inetOrgPerson", "posixAccount", "person")
"""Object classes that people.filter could name, the narrowest first."""


def check_people(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about people.base, people.filter, logins, addresses, birth dates and workstation.filter."""
    people = settings.people
    wanted = [people.login, people.mail]
    found = try_search(connection, people.base, people.filter, wanted, size_limit=MAX_FOUND)
    if not found.answers:
        yield _nobody(settings, f"{url}: people", connection)
        return
    sample = found.entries
    is_all = found.code != RESULT_SIZE_LIMIT_EXCEEDED
    yield from _unique(settings, url, connection, sample, is_all=is_all)
    yield from check_birth_dates(settings, url, connection)
    yield from check_proof_prefixes(settings, url, connection)
    yield from check_placeholder_numbers(settings, url, connection)
    yield from _without_class(settings, url, connection)
    yield from _mail_domain(settings, url, sample)
    yield from _workstations(settings, url, connection)


def _nobody(settings: Settings, subject: str, connection: Connection) -> Finding:
    people = settings.people
    if try_search(connection, people.base, ANYTHING, ["1.1"], BASE).code == RESULT_NO_SUCH_OBJECT:
        held = ", ".join(suffixes(connection)) or "not shown"
        text = f"people.base {people.base} does not exist, or can't be seen; the server's suffixes are: {held}"
        return fail(subject, text, "people.base: the DN above people (ldif/30-access.ldif names it too)")
    others = try_search(connection, people.base, ANYTHING, ["objectClass"], size_limit=BATCH).entries
    classes = {name.lower(): name for one in others for name in one.all("objectClass") if one.dn != people.base}
    text = f"people.filter {people.filter} matches nobody below {people.base}: nobody is served"
    right = ""
    if blind := _not_searchable(settings, connection):
        names = ", ".join(blind)
        text += f" ({settings.directory.bind_dn} may not search by {names})"
        right = (
            f"add {names} to the rule on attrs=objectClass,uid,… for the gateway and the worker (30-access.ldif of "
            "ldif/), and for the listener (93-capture.ldif); or "
        )
    likely = next((name for name in LIKELY_CLASSES if name.lower() in classes), "")
    if not likely:
        hint = "add people (mamia people import), or correct people.base; 30-access.ldif lets the gateway see them"
        return fail(subject, f"{text}; nobody else is there either", hint)
    hint = f'{right}people.filter = "(objectClass={likely})"'
    if likely != "mamiaPerson":
        hint += ", or add the object class mamiaPerson to them (mamia people import)"
    return fail(subject, f"{text}, while there are entries of class {', '.join(sorted(classes.values()))}", hint)


def _not_searchable(settings: Settings, connection: Connection) -> list[str]:
    """Return the attributes of people.filter by which this account may not search: such a filter matches nobody."""
    people = settings.people
    return [
        name
        for name in attributes_in(people.filter)
        if not try_search(
            connection, people.base, f"(|({name}=*)(!({name}=*)))", ["1.1"], size_limit=1, time_limit=SEARCH_SECONDS
        ).answers
    ]


def _without_class(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield a finding about entries that lack our class and have a professional address, as staff does."""
    people, domain = settings.people, escape_filter_chars(settings.academy.mail_domain)
    if people.filter.replace(" ", "").lower() != OUR_PEOPLE.lower():
        return
    filter_ = f"(&({people.mail}=*@{domain})({people.login}=*)(!{people.filter}))"
    found = try_search(connection, people.base, filter_, ["1.1"], size_limit=MAX_FOUND, time_limit=SEARCH_SECONDS).dns
    if not found:
        return
    many = f"{len(found)} or more" if len(found) == MAX_FOUND else str(len(found))
    text = (
        f"{many} entries below {people.base} have an address of {settings.academy.mail_domain} and not the class of "
        f"people.filter {people.filter}: to the pages these logins are unknown: {', '.join(sorted(found)[:NAMED])}"
    )
    hint = (
        "mamia people import FILE --add-class, with birth dates and numbers; or, for people who have these, mamia "
        "setup --add-class FILTER; or people.filter, for the class that all of them have"
    )
    yield warn(f"{url}: people without our class", text, hint)


def _unique(
    settings: Settings, url: str, connection: Connection, sample: Sequence[Entry], *, is_all: bool
) -> Iterator[Finding]:
    people = settings.people
    attributes = {people.login: "cannot log in, change or reset"}
    if people.mail_as_login:
        attributes[people.mail] = "cannot use their mail address as login"
    for attribute, consequence in attributes.items():
        subject = f"{url}: unique {attribute}"
        shared = _shared(settings, connection, attribute, sample, is_all=is_all)
        among = "all people" if is_all else f"the first {len(sample)} people"
        if not shared:
            yield ok(subject, f"no value is shared, among {among}")
            continue
        names = "; ".join(f"{value}: {' and '.join(sorted(dns)[:NAMED])}" for value, dns in [*shared.items()][:NAMED])
        text = f"{len(shared)} shared by several entries, which {consequence}: {names}"
        hint = f"give each entry a {attribute} of its own; find others: ldapsearch … {attribute} | sort | uniq -d"
        if attribute == people.mail and attribute != people.login:
            hint += "; or people.mail_as_login = false"
        yield warn(subject, text, hint)


def _shared(
    settings: Settings, connection: Connection, attribute: str, sample: Sequence[Entry], *, is_all: bool
) -> dict[str, set[str]]:
    """Return the values of the sample that several entries have, each with the DNs of those entries."""
    owners = _owners(sample, attribute)
    if not is_all:
        values = list(owners)
        for start in range(0, len(values), BATCH):
            alternatives = "".join(
                f"({attribute}={escape_filter_chars(one)})" for one in values[start : start + BATCH]
            )
            filter_ = f"(&{settings.people.filter}(|{alternatives}))"
            found = try_search(connection, settings.people.base, filter_, [attribute], size_limit=MAX_FOUND)
            for value, dns in _owners(found.entries, attribute).items():
                owners[value] |= dns
    return {value: dns for value, dns in owners.items() if len(dns) > 1}


def _owners(entries: Sequence[Entry], attribute: str) -> defaultdict[str, set[str]]:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        for value in entry.all(attribute):
            owners[value.strip().casefold()].add(entry.dn)
    return owners


def _mail_domain(settings: Settings, url: str, sample: Sequence[Entry]) -> Iterator[Finding]:
    domain, attribute = settings.academy.mail_domain, settings.people.mail
    domains = [value.rpartition("@")[2].casefold() for one in sample for value in one.all(attribute)]
    if not domains or domain.casefold() in domains:
        return
    usual = max(set(domains), key=domains.count)
    text = f"nobody of {len(sample)} people has an address of academy.mail_domain {domain}; most have {usual}"
    yield warn(f"{url}: mail domain", text, f'academy.mail_domain = "{usual}"')


def _workstations(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    workstation, people = settings.workstation, settings.people
    if not workstation.targets:
        return
    subject, filter_ = f"{url}: workstation.filter", f"(&{people.filter}{workstation.filter})"
    if try_search(connection, people.base, filter_, ["1.1"], size_limit=1).answers:
        yield ok(subject, "it matches somebody")
        return
    text = f"{workstation.filter} matches nobody: no password reaches a workstation"
    hint = (
        "workstation.filter: the people who have a workstation; the gateway must have the right to search by its "
        "attributes (30-access.ldif)"
    )
    yield warn(subject, text, hint)
