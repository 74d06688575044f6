"""Checks of each directory server: reachable, certificate, schema, people, password policy, rights, replication."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Sequence

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.capture_overlay import check_capture_overlay
from gateway.checks.decoy import check_decoy, check_decoys_account, try_decoy
from gateway.checks.default_policy import check_default_policy
from gateway.checks.finding import Finding, Level, fail, ok, warn
from gateway.checks.indices import check_indices
from gateway.checks.local_slapd import check_local_slapd
from gateway.checks.password_overlay import check_password_overlay
from gateway.checks.people_data import check_people
from gateway.checks.policies import check_policies
from gateway.checks.rate_limits import check_rate_limits
from gateway.checks.replication import check_replication
from gateway.checks.rights import check_rights
from gateway.checks.schema import check_schema, unknown_attributes
from gateway.checks.search_limits import check_gateways_limits
from gateway.checks.unreachable import unreachable
from gateway.checks.writable import check_writable
from gateway.directory import assertion
from gateway.directory.configuration import Configuration, read_configuration
from gateway.directory.connection import connect
from gateway.directory.context_csn import read_csns
from gateway.directory.local_root import connect_as_root
from gateway.directory.server_support import is_openldap
from gateway.ldap import ServerUnavailable, close, error_text, read_entry, try_search
from gateway.settings import Settings

MIN_DAYS = 30
"""Minimum days before a certificate expires."""
RESTRICTED = "Operations are restricted"
"""slapd's message to an account that must change its password first."""


def check_servers(settings: Settings) -> Iterator[Finding]:
    """Check writable servers completely, and of a replica only what a search needs."""
    held: dict[str, dict[str, str]] = {}
    for url in dict.fromkeys((*settings.directory.servers, *settings.directory.read_servers)):
        try:
            connection = connect(url, settings.directory, as_service=True)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            yield unreachable(settings.directory, url, error)
            continue
        try:
            yield (accepted := _accepted(settings, url, connection))
            if accepted.level is Level.FAIL:
                continue
            configuration = _configuration(settings, url, connection)
            yield from _check_reading(settings, url, connection, configuration)
            if url in settings.directory.servers:
                yield from _check_writing(settings, url, connection, configuration)
            held[url] = read_csns(connection)
        except (LDAPException, OSError, DirectoryUnavailable, ServerUnavailable) as error:
            yield fail(url, f"stopped answering: {error_text(error)}", "look at its log and load")
        finally:
            close(connection)
    yield from check_replication(settings, held)


def _accepted(settings: Settings, url: str, connection: Connection) -> Finding:
    account = settings.directory.bind_dn
    own = try_search(connection, account, "(objectClass=*)", ["1.1"], "BASE")
    if RESTRICTED in own.result["message"]:
        text = (
            f"accepts {account}, and refuses everything else until that account has changed its password (pwdReset)"
        )
        return fail(url, text, f"delete pwdReset of {account} as administrator")
    return ok(url, f"answers, and accepts {account}")


def _configuration(settings: Settings, url: str, connection: Connection) -> Configuration | None:
    """Return slapd's configuration, read as the gateway's account or, on slapd's own machine, as root."""
    dn = settings.directory.decoy_dn
    if configuration := read_configuration(connection, dn):
        return configuration
    if root := connect_as_root(url):
        try:
            return read_configuration(root, dn)
        finally:
            close(root)
    return None


def _check_reading(
    settings: Settings, url: str, connection: Connection, configuration: Configuration | None
) -> Iterator[Finding]:
    yield _product(url, connection)
    yield _certificate(url, connection)
    schema = list(check_schema(settings, url, connection))
    yield from schema
    if not _has_failed(schema):
        yield check_indices(settings, url, connection, configuration)
    yield check_gateways_limits(settings, url, connection)
    yield from check_local_slapd(url, settings.directory.decoy_dn)


def _product(url: str, connection: Connection) -> Finding:
    """Check that the server reports OpenLDAP. Another product is refused when the connection is opened."""
    subject = f"{url}: product"
    if is_openldap(connection):
        return ok(subject, "OpenLDAP")
    text = "it does not name its product: only OpenLDAP with the overlay ppolicy is supported"
    return warn(subject, text, 'let the service account read the root DSE: olcAccess: to dn.base="" by * read')


def _check_writing(
    settings: Settings, url: str, connection: Connection, configuration: Configuration | None
) -> Iterator[Finding]:
    yield _assertion(url, connection)
    tried = try_decoy(settings.directory, url)
    yield from check_password_overlay(url, connection, tried, configuration)
    yield from check_default_policy(settings, url, connection, configuration)
    yield check_decoy(settings, url, connection)
    yield from check_decoys_account(settings, url, connection, tried)
    yield from check_policies(settings, url, connection)
    yield from check_rate_limits(settings, url, connection)
    yield from check_people(settings, url, connection)
    yield from check_capture_overlay(settings, url, connection, configuration)
    writable = check_writable(settings, url, connection)
    yield writable
    # Where slapd takes no writes, advice about rights would be wrong.
    if writable.level is not Level.FAIL:
        yield from check_rights(settings, url, connection, unknown_attributes(settings, connection))


def _has_failed(findings: Sequence[Finding]) -> bool:
    return any(finding.level is Level.FAIL for finding in findings)


def _certificate(url: str, connection: Connection) -> Finding:
    subject = f"{url}: certificate"
    if not isinstance(connection.socket, ssl.SSLSocket):
        return ok(subject, "none is needed on this machine")
    ends = ssl.cert_time_to_seconds(str((connection.socket.getpeercert() or {}).get("notAfter", "")))
    days = int((ends - time.time()) / 86400)
    if days < MIN_DAYS:
        return warn(subject, f"valid for {days} more days", "renew it before people can't be served any more")
    return ok(subject, f"verified, valid for {days} more days")


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
