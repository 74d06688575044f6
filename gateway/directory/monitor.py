"""slapd's own statistics (cn=Monitor, slapd-monitor(5)): its operations, and who is connected from where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ldap3 import LEVEL, Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_SIZE_LIMIT_EXCEEDED, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.directory.connection import connect
from gateway.ldap import Entry, check_result, close, error_text, try_search
from gateway.needs import Place
from gateway.settings import Directory

OPERATIONS = ("Bind", "Compare", "Modify", "Search")
"""The operations that a stolen service password could be used for."""
OPERATIONS_DN = Place.OPERATIONS.value
CONNECTIONS_DN = Place.CONNECTIONS.value
COMPLETED = "monitorOpCompleted"
AUTHZ_DN = "monitorConnectionAuthzDN"
PEER = "monitorConnectionPeerAddress"


@dataclass(frozen=True, slots=True)
class ServerActivity:
    """Operations and connections of one server."""

    completed: Mapping[str, int]
    """Operation in lower case → number completed since slapd was started."""
    peers: Mapping[str, Sequence[str]]
    """DN of a service account → address of each of its connections: an IP address, or a path for ldapi://."""


def ask_server(url: str, settings: Directory, service_dns: Iterable[str]) -> ServerActivity:
    """Read the activity of the server `url` over a new connection.

    Raises DirectoryUnavailable, DirectoryMisconfigured.
    """
    try:
        connection = connect(url, settings, as_service=True)
        try:
            return read_activity(connection, service_dns)
        finally:
            close(connection)
    except (LDAPException, OSError) as error:
        raise DirectoryUnavailable(error_text(error)) from error


def read_activity(connection: Connection, service_dns: Iterable[str]) -> ServerActivity:
    """Read the activity of the server over `connection`. Raises DirectoryMisconfigured, LDAPException."""
    operations = _entries(connection, OPERATIONS_DN, "(objectClass=*)", ["cn", COMPLETED])
    completed = {
        name.lower(): int(entry.first(COMPLETED))
        for name in OPERATIONS
        for entry in operations
        if name in entry.all("cn") and entry.first(COMPLETED).isdecimal()
    }
    if len(completed) < len(OPERATIONS):
        raise DirectoryMisconfigured(f"{OPERATIONS_DN} can't be read")
    peers = {dn: _peers(connection, dn) for dn in service_dns}
    if not any(peers.values()):
        # At least this connection must be among them.
        raise DirectoryMisconfigured(f"{CONNECTIONS_DN} can't be read")
    return ServerActivity(completed, peers)


def _peers(connection: Connection, dn: str) -> list[str]:
    bound = f"({AUTHZ_DN}={escape_filter_chars(dn)})"
    return [_address(entry.first(PEER)) for entry in _entries(connection, CONNECTIONS_DN, bound, [PEER])]


def _entries(connection: Connection, base: str, filter_: str, attributes: list[str]) -> list[Entry]:
    found = try_search(connection, base, filter_, attributes, LEVEL)
    check_result(
        found.result, f"{base} can't be read", accepted=(RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED), unfit=()
    )
    return found.entries


def _address(peer: str) -> str:
    """Extract the address from slapd's form: IP=192.0.2.1:40000, IP=[2001:db8::1]:40000, PATH=/run/slapd/ldapi.

    >>> _address("IP=192.0.2.1:40000"), _address("IP=[2001:db8::1]:40000"), _address("PATH=/run/slapd/ldapi")
    ('192.0.2.1', '2001:db8::1', '/run/slapd/ldapi')
    """
    kind, _, place = peer.partition("=")
    return place.rpartition(":")[0].strip("[]") if kind == "IP" else place
