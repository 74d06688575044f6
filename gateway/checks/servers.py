"""Checks of each directory server: reachable, certificate, schema, password policy, replication."""

from __future__ import annotations

import re
import secrets
import ssl
import statistics
import time
from collections.abc import Iterator, Sequence

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_COMPARE_FALSE, RESULT_COMPARE_TRUE, RESULT_INVALID_CREDENTIALS

from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import Secret
from gateway.checks.certificates import refused_by_directory
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.policies import check_policies
from gateway.checks.rate_limits import check_rate_limits
from gateway.checks.replication import check_replication
from gateway.checks.rights import check_rights
from gateway.checks.search_limits import check_gateways_limits
from gateway.directory import assertion, ppolicy
from gateway.directory.connection import connect
from gateway.directory.context_csn import read_csns
from gateway.directory.server_support import UnsupportedServer, is_openldap
from gateway.directory.user_bind import bind_as
from gateway.ldap import ServerUnavailable, close, compare, error_text, read_entry, try_search
from gateway.settings import Settings

MIN_DAYS = 30
"""Minimum days before a certificate expires."""
FAST_HASH_SECONDS = 0.002
"""A bind with a wrong password that takes less time used neither Argon2 nor bcrypt nor PBKDF2."""
SLOW_SEARCH_SECONDS = 0.05
SEARCH_TRIES = 3
TRIES = 5
_NAMES = re.compile(r"NAME (?:'([^']+)'|\(([^)]*)\))")


def check_servers(settings: Settings) -> Iterator[Finding]:
    """Check writable servers completely, and of a replica only what a search needs."""
    held: dict[str, dict[str, str]] = {}
    for url in (*settings.directory.servers, *settings.directory.read_servers):
        try:
            connection = connect(url, settings.directory, as_service=True)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            yield _unreachable(settings, url, error)
            continue
        try:
            yield ok(url, f"answers, and accepts {settings.directory.bind_dn}")
            yield from _check_reading(settings, url, connection)
            if url in settings.directory.servers:
                yield from _check_writing(settings, url, connection)
            held[url] = read_csns(connection)
        except (LDAPException, OSError, DirectoryUnavailable, ServerUnavailable) as error:
            yield fail(url, f"stopped answering: {error_text(error)}", "look at its log and load")
        finally:
            close(connection)
    yield from check_replication(settings, held)


def _unreachable(settings: Settings, url: str, error: Exception) -> Finding:
    if isinstance(error, UnsupportedServer):
        return fail(f"{url}: product", str(error), "name OpenLDAP servers in directory.servers and read_servers")
    text = error_text(error)
    if refused := refused_by_directory(url, settings.directory, [url], text):
        return refused
    if "refuses the service account" in text:
        hint = (
            "directory.bind_dn, its password, and a policy that lets it neither expire nor lock (docs/directory.md)"
        )
        return fail(url, text, hint)
    return fail(url, text, "is slapd up there, and does a firewall let this machine through?")


def _check_reading(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    yield _product(url, connection)
    yield _certificate(url, connection)
    yield from _schema(settings, url, connection)
    yield _speed(settings, url, connection)
    yield check_gateways_limits(settings, url, connection)


def _product(url: str, connection: Connection) -> Finding:
    """Check that the server reports OpenLDAP. Another product is refused when the connection is opened."""
    subject = f"{url}: product"
    if is_openldap(connection):
        return ok(subject, "OpenLDAP")
    text = "it does not name its product: only OpenLDAP with the overlay ppolicy is supported"
    return warn(subject, text, 'let the service account read the root DSE: olcAccess: to dn.base="" by * read')


def _check_writing(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    yield _assertion(url, connection)
    yield from _ppolicy(settings, url)
    yield check_decoy(settings, url, connection)
    yield from check_policies(settings, url, connection)
    yield from check_rate_limits(settings, url, connection)
    yield from check_rights(settings, url, connection)


def _certificate(url: str, connection: Connection) -> Finding:
    subject = f"{url}: certificate"
    if not isinstance(connection.socket, ssl.SSLSocket):
        return ok(subject, "none is needed on this machine")
    ends = ssl.cert_time_to_seconds(str((connection.socket.getpeercert() or {}).get("notAfter", "")))
    days = int((ends - time.time()) / 86400)
    if days < MIN_DAYS:
        return warn(subject, f"valid for {days} more days", "renew it before people can't be served any more")
    return ok(subject, f"verified, valid for {days} more days")


def _schema(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    subject = f"{url}: schema"
    root = read_entry(connection, "", ["subschemaSubentry"])
    entry = read_entry(connection, root.first("subschemaSubentry"), ["attributeTypes"]) if root else None
    definitions = entry.all("attributeTypes") if entry else ()
    if not definitions:
        yield warn(subject, "it can't be read", "let the service account read cn=subschema")
        return
    # A server answers with the first name of an attribute type, whichever name was requested.
    answered = {name.lower(): names[0] for names in map(_names, definitions) for name in names}
    missing = [name for name in _needed(settings) if name.lower() not in answered]
    aliases = [name for name in _needed(settings) if name.lower() != answered.get(name.lower(), name).lower()]
    if missing:
        hint = "correct the names in [people], or load schema/mamia.ldif of ldif/"
        yield fail(subject, f"it does not know {', '.join(missing)}", hint)
    if aliases:
        names = ", ".join(f"{name} is {answered[name.lower()]}" for name in aliases)
        hint = "write these names into [people]: values that come under another name are not read"
        yield fail(subject, f"it answers under other names: {names}", hint)
    if not missing and not aliases:
        yield ok(subject, "all attributes of the settings are known")


def _names(definition: str) -> Sequence[str]:
    match = _NAMES.search(definition)
    if not match:
        return ()
    return [match[1]] if match[1] else re.findall(r"'([^']+)'", match[2])


def _needed(settings: Settings) -> list[str]:
    people = settings.people
    names = [people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date]
    names += [proof.attribute for proof in people.proofs.values()]
    names += [name for name in (people.private_mail, people.phone) if name]
    if settings.workstation.targets:
        names += ["mamiaPendingSecret", "mamiaSyncState", "mamiaSyncLease"]
    return list(dict.fromkeys(names))


def _assertion(url: str, connection: Connection) -> Finding:
    """Check that the server knows the assertion control.

    It is critical in every change of a password, so a server without it refuses all changes.
    """
    subject = f"{url}: assertion control"
    root = read_entry(connection, "", ["supportedControl"])
    controls = root.all("supportedControl") if root else ()
    if assertion.OID in controls:
        return ok(subject, "known: a change is written only where nothing changed meanwhile")
    if not controls:
        text = "supportedControl of the root DSE can't be read"
        return warn(subject, text, 'in the frontend database of the server: olcAccess: to dn.base="" by * read')
    text = f"{assertion.OID} (RFC 4528) is not among supportedControl: every change is refused (503)"
    hint = "OpenLDAP has it; a proxy in front of it must pass it on, or directory.servers names what is behind"
    return fail(subject, text, hint)


def _ppolicy(settings: Settings, url: str) -> Iterator[Finding]:
    """Try wrong passwords on the decoy, whose policy locks nothing, and measure their time."""
    subject, times, seen = f"{url}: password policy", [], False
    connection = connect(url, settings.directory, as_service=False)
    try:
        for _ in range(TRIES):
            wrong = Secret(secrets.token_hex(8))
            started = time.perf_counter()
            result = bind_as(connection, settings.directory.decoy_dn, wrong)
            times.append(time.perf_counter() - started)
            seen = seen or ppolicy.CONTROL_OID in (result.get("controls") or {})
            if result["result"] != RESULT_INVALID_CREDENTIALS:
                break
    finally:
        close(connection)
    if not seen:
        hint = "load the overlay ppolicy (10-modules.ldif and 40-password-policy.ldif of ldif/)"
        yield fail(
            subject, "the directory says nothing about passwords: no lock-out, no history, maybe no hash", hint
        )
    else:
        yield ok(subject, "the overlay ppolicy answers")
    taken = statistics.median(times)
    subject = f"{url}: hash of passwords"
    if taken < FAST_HASH_SECONDS:
        text = f"a wrong password on the decoy takes {1000 * taken:.1f} ms: no modern hash"
        yield warn(subject, text, "{ARGON2} as olcPasswordHash, and a new password for the decoy (docs/directory.md)")
    else:
        yield ok(
            subject, f"a wrong password on the decoy takes {1000 * taken:.0f} ms: a hash that is meant to be slow"
        )


def check_decoy(settings: Settings, url: str, connection: Connection) -> Finding:
    """Check that the decoy can be compared, so that unknown logins take as long as known ones."""
    subject, dn = f"{url}: decoy", settings.directory.decoy_dn
    proof = next(iter(settings.people.proofs.values()))
    result = compare(connection, dn, proof.attribute, secrets.token_hex(8))
    if result["result"] in (RESULT_COMPARE_FALSE, RESULT_COMPARE_TRUE):
        return ok(subject, f"{dn} can be compared")
    text = f"{dn}: {result['description']}: unknown logins would answer faster than known ones"
    return fail(subject, text, "70-services.ldif and 30-access.ldif of ldif/ make it")


def _speed(settings: Settings, url: str, connection: Connection) -> Finding:
    people, nobody = settings.people, secrets.token_hex(8)
    subject = f"{url}: indices"
    filters = [f"({people.login}={nobody})", f"(&({people.surname}={nobody})({people.given_name}={nobody}))"]
    if people.mail_as_login:
        filters.append(f"({people.mail}={nobody})")
    if settings.workstation.targets:
        filters.append("(&(mamiaPendingSecret=*)(objectClass=mamiaNobody))")
    slowest = max(_search_seconds(connection, people.base, filter_) for filter_ in filters)
    if slowest > SLOW_SEARCH_SECONDS:
        text = f"a search for nobody takes {1000 * slowest:.0f} ms"
        return warn(subject, text, "20-indices.ldif of ldif/, then slapindex or wait until slapd has built them")
    return ok(subject, f"searches for nobody take {1000 * slowest:.1f} ms at most")


def _search_seconds(connection: Connection, base: str, filter_: str) -> float:
    """Return the time in seconds of the first fast search of several.

    So a busy moment is not reported as a missing index.
    """
    taken = 0.0
    for _ in range(SEARCH_TRIES):
        started = time.perf_counter()
        try_search(connection, base, filter_, ["1.1"])
        taken = time.perf_counter() - started
        if taken <= SLOW_SEARCH_SECONDS:
            break
    return taken
