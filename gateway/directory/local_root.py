"""A connection to slapd on this machine as root (ldapi://, SASL EXTERNAL), which reads cn=config on Debian."""

from __future__ import annotations

import os
import re
import socket
import struct
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from ldap3 import EXTERNAL, SASL, Connection
from ldap3.core.exceptions import LDAPException

from gateway.ldap import bind, close, is_success, new_connection, open_connection

USUAL_SOCKETS = ("/run/slapd/ldapi", "/var/run/slapd/ldapi", "/var/run/ldapi", "/run/ldapi")
LISTENING = "0A"
"""State of a listening socket in /proc/net/tcp."""
_SOCKET = re.compile(r"socket:\[(\d+)\]")


def connect_as_root(url: str) -> Connection | None:
    """Return a connection as root to the slapd at `url`; None for another user, another machine, or if it refuses.

    For ldap:// and ldaps://, the process behind the socket must be the one that listens at the port of `url`.
    """
    path = _socket_of(url) if os.geteuid() == 0 else ""
    if not path:
        return None
    connection = new_connection(f"ldapi://{quote(path, safe='')}")
    connection.authentication, connection.sasl_mechanism, connection.sasl_credentials = SASL, EXTERNAL, ""
    try:
        open_connection(connection)
        if is_success(bind(connection)):
            return connection
    except (LDAPException, OSError):
        pass
    close(connection)
    return None


def _socket_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "ldapi":
        return unquote(parts.netloc) or next(filter(os.path.exists, USUAL_SOCKETS), "")
    if not _is_own_address(parts.hostname or ""):
        return ""
    port = parts.port or {"ldap": 389, "ldaps": 636}[parts.scheme]
    return next((path for path in USUAL_SOCKETS if os.path.exists(path) and _listens(_server_of(path), port)), "")


def _is_own_address(host: str) -> bool:
    """Return whether every address of `host` is one of this machine's: a socket can be bound to it."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.bind(address)
    except OSError:
        return False
    return bool(found)


def _server_of(path: str) -> int:
    """Return the id of the process that listens at the socket; 0 if nobody does."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", credentials)[0])
    return 0


def _listens(process: int, port: int) -> bool:
    """Return whether the process has a socket that listens at the port."""
    if not process:
        return False
    own = Path("/proc") / str(process)
    with suppress(OSError):
        held = {match[1] for file in (own / "fd").iterdir() if (match := _SOCKET.match(os.readlink(file)))}
        lines = [line.split() for name in ("tcp", "tcp6") for line in (own / "net" / name).read_text().splitlines()]
        return any(
            len(line) > 9 and line[3] == LISTENING and line[1].endswith(f":{port:04X}") and line[9] in held
            for line in lines
        )
    return False
