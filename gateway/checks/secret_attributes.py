"""Checks whether secrets in the directory can be read by people who must not read them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ldap3 import BASE, SUBTREE, Connection

from gateway.checks.account import at_each_server
from gateway.checks.change_log import check_change_logs
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.schema import OF_RECOVERY
from gateway.ldap import try_search
from gateway.needs import needs_of
from gateway.needs.people import secret_attributes as named_secrets
from gateway.settings import Settings

CHECKED = "secrets"
HASHES = {
    "userPassword": "a rule of your own: to attrs=userPassword by self =xw by anonymous auth by * none",
    "krbPrincipalKey": "a rule of your own: to attrs=krbPrincipalKey by … by * none",
    **dict.fromkeys(
        ("sambaNTPassword", "sambaLMPassword", "sambaPasswordHistory"),
        "35-workstation-nt.ldif of ldif/, or upgrade/35-workstation-nt.ldif where the one of 0.1.0 is loaded",
    ),
}
OURS = "30-access.ldif of ldif/, or upgrade/30-access.ldif where the one of 0.1.0 is loaded"
MAPPED = f"the rules of {OURS}, with the names that [people] of the settings gives"
SEARCH_SECONDS = 10


def check_secrets(settings: Settings) -> Iterator[Finding]:
    """Yield findings as an anonymous client, at every server: replicas have access rules of their own."""
    check, directory = partial(secrets_seen_by, settings, "anybody", ""), settings.directory
    every = directory.model_copy(update={"servers": [*directory.servers, *directory.read_servers]})
    yield from at_each_server(every, CHECKED, check, anonymously=True)
    yield from check_change_logs(settings)


def secret_attributes(settings: Settings) -> dict[str, str]:
    """Return the attributes that only their owner and our accounts may read, each with the hint for a finding."""
    mapped = named_secrets(settings.people)
    of_sections = {
        name: f"{file} of ldif/" for name, file in OF_RECOVERY.items() if name in needs_of(settings).secrets
    }
    ours = [name for name in needs_of(settings).secrets if name not in (*mapped, *HASHES)]
    return {**HASHES, **dict.fromkeys(ours, OURS), **of_sections, **dict.fromkeys(mapped, MAPPED)}


def secrets_seen_by(settings: Settings, who: str, own_dn: str, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings as the account of `connection`, which `who` names. Its own entry `own_dn` does not count."""
    subject = f"{url}: {CHECKED}"
    seen = {
        name: hint for name, hint in secret_attributes(settings).items() if _sees(settings, connection, name, own_dn)
    }
    if seen:
        yield fail(subject, f"{who} can read or search by {', '.join(seen)}", "; ".join(dict.fromkeys(seen.values())))
    else:
        yield ok(
            subject, f"{who} can neither read nor search by any of {len(secret_attributes(settings))} attributes"
        )
    phone = settings.people.phone
    if phone and settings.second_factor.methods and _sees(settings, connection, phone, own_dn):
        text = f"{who} can read {phone}, where codes go: a phone is no secret, and a thief knows which one to steal"
        yield warn(subject, text, f"a rule on attrs={phone} that ends in none, if these are private phones")


def _sees(settings: Settings, connection: Connection, attribute: str, own_dn: str) -> bool:
    """Return whether the attribute is visible in an entry below people.base, or in the decoy.

    For ours the right to search by it counts too, because there may be no value yet: nobody has a pwdHistory before
    the first change.
    """
    for base, scope in ((settings.people.base, SUBTREE), (settings.directory.decoy_dn, BASE)):
        filter_ = f"({attribute}=*)"
        found = try_search(connection, base, filter_, [attribute], scope, size_limit=2, time_limit=SEARCH_SECONDS)
        if any(dn.lower() != own_dn.lower() for dn in found.dns):
            return True
    return attribute not in HASHES and _may_search(settings, connection, attribute, own_dn)


def _may_search(settings: Settings, connection: Connection, attribute: str, own_dn: str) -> bool:
    """Return whether a filter on the attribute is decided at the decoy or at one of the people.

    It is Undefined for those who lack the right (RFC 4511, 4.5.1.7).
    """
    people = settings.people
    seen = try_search(connection, people.base, people.filter, ["1.1"], size_limit=2, time_limit=SEARCH_SECONDS).dns
    others = [dn for dn in seen if dn.lower() != own_dn.lower()]
    either = f"(|({attribute}=*)(!({attribute}=*)))"
    return any(
        try_search(connection, dn, either, ["1.1"], BASE, time_limit=SEARCH_SECONDS).answers
        for dn in (settings.directory.decoy_dn, *others[:1])
    )
