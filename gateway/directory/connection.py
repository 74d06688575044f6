"""Connections to the LDAP servers: pooled, verified, replaced when they die, failing over in order."""

from __future__ import annotations

import logging
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from ldap3 import ANONYMOUS, NONE, SAFE_SYNC, SIMPLE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPCommunicationError, LDAPException, LDAPResponseTimeoutError

from gateway.account.errors import DirectoryUnavailable, WriteUnconfirmed
from gateway.settings import Directory

log = logging.getLogger(__name__)
T = TypeVar("T")

REST_SECONDS = 15
"""How long a server that failed is asked last."""
LONGEST_IDLE_SECONDS = 120
"""An older idle connection may have been forgotten by a firewall, which tells nobody."""


class ServerUnfit(Exception):
    """A server answered that it won't do this now, and did nothing: another one may."""


NO_ANSWER = (LDAPCommunicationError, LDAPResponseTimeoutError, OSError)
FAILED = (*NO_ANSWER, ServerUnfit)


@dataclass(slots=True)
class _Server:
    url: str
    resting_until: float = 0.0


@dataclass(slots=True)
class _Line:
    """An open connection and the server at its other end."""

    server: _Server
    connection: Connection
    idle_since: float = 0.0

    def is_dead(self) -> bool:
        """An idle LDAP connection has nothing to read but its own end (RFC 4511, 4.4.1 and 5.3)."""
        if time.monotonic() - self.idle_since > LONGEST_IDLE_SECONDS:
            return True
        poll = select.poll()
        try:
            poll.register(self.connection.socket, select.POLLIN)
        except (OSError, ValueError, TypeError):
            return True
        return bool(poll.poll(0))

    def close(self) -> None:
        _close(self.connection)


@dataclass(slots=True)
class ConnectionPool:
    """Connections that are all bound as the service account, or all anonymous for trying people's passwords."""

    settings: Directory
    as_service: bool
    timed: Callable[[str], AbstractContextManager[None]] = lambda kind: nullcontext()
    """Stands around each question ("ask") and write ("tell")."""
    _idle: list[_Line] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.BoundedSemaphore = field(init=False)
    _servers: list[_Server] = field(init=False)

    def __post_init__(self) -> None:
        self._free = threading.BoundedSemaphore(self.settings.pool_size)
        self._servers = [_Server(url) for url in self.settings.servers]

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Send what may be sent twice. A connection that breaks is replaced, at another server if need be.

        Raises DirectoryUnavailable when every server failed.
        """
        failures: list[str] = []
        deadline = time.monotonic() + self.settings.receive_timeout_seconds * len(self._servers)
        for _ in range(len(self._servers) + 1):
            with self._line() as line:
                try:
                    with self.timed("ask"):
                        return question(line.connection)
                except FAILED as error:
                    failures.append(f"{line.server.url}: {_reason(error)}")
                    self._drop(line)
            if time.monotonic() >= deadline:
                break
        raise DirectoryUnavailable("; ".join(failures))

    def tell(self, write: Callable[[Connection], T]) -> T:
        """Send what must not be sent twice. Raises WriteUnconfirmed when no answer came back.

        A server that answers that it won't (`ServerUnfit`) wrote nothing, so the next one is asked.
        """
        failures: list[str] = []
        for _ in self._servers:
            with self._line() as line:
                try:
                    with self.timed("tell"):
                        return write(line.connection)
                except ServerUnfit as error:
                    failures.append(f"{line.server.url}: {error}")
                    self._drop(line)
                except NO_ANSWER as error:
                    self._drop(line)
                    raise WriteUnconfirmed(f"{line.server.url}: {_reason(error)}") from None
        raise DirectoryUnavailable("; ".join(failures))

    def close(self) -> None:
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    @contextmanager
    def _line(self) -> Iterator[_Line]:
        if not self._free.acquire(timeout=self.settings.connect_timeout_seconds):
            raise DirectoryUnavailable(f"all {self.settings.pool_size} connections are busy")
        try:
            line = self._take_idle() or self._open()
            try:
                yield line
            except BaseException:
                line.close()
                raise
            if not line.connection.closed:
                line.idle_since = time.monotonic()
                with self._lock:
                    self._idle.append(line)
        finally:
            self._free.release()

    def _take_idle(self) -> _Line | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                line = self._idle.pop()
            if not line.is_dead():
                return line
            line.close()

    def _open(self) -> _Line:
        """From the first server that answers, those that failed lately last."""
        failures: list[str] = []
        now = time.monotonic()
        for server in sorted(self._servers, key=lambda server: server.resting_until > now):
            try:
                return _Line(server, connect(server.url, self.settings, as_service=self.as_service))
            except (LDAPException, OSError, DirectoryUnavailable) as error:
                self._rest(server)
                failures.append(f"{server.url}: {_reason(error)}")
        raise DirectoryUnavailable("; ".join(failures))

    def _drop(self, broken: _Line) -> None:
        """Close the connection and its idle sisters: what broke one has mostly broken them all."""
        self._rest(broken.server)
        with self._lock:
            sisters = [line for line in self._idle if line.server is broken.server]
            self._idle = [line for line in self._idle if line.server is not broken.server]
        for line in (broken, *sisters):
            line.close()

    def _rest(self, server: _Server) -> None:
        server.resting_until = time.monotonic() + REST_SECONDS


def connect(url: str, settings: Directory, *, as_service: bool) -> Connection:
    """A connection to that very server, bound as the service account or as nobody.

    Raises DirectoryUnavailable where the server refuses, LDAPException and OSError where it can't be reached.
    """
    connection = Connection(
        _ldap3_server(url, settings),
        user=settings.bind_dn if as_service else None,
        # Bytes: ldap3 would normalise a text (RFC 4013) and so bind with another password.
        password=settings.password.encode() if as_service else None,  # type: ignore[arg-type]
        authentication=SIMPLE if as_service else ANONYMOUS,
        client_strategy=SAFE_SYNC,
        receive_timeout=settings.receive_timeout_seconds,
        auto_referrals=False,
        check_names=False,
        raise_exceptions=False,
    )
    try:
        connection.open(read_server_info=False)
        if settings.start_tls and not connection.start_tls(read_server_info=False)[0]:
            raise DirectoryUnavailable(f"{url} refuses StartTLS")
        if as_service:
            _bind_service(connection, url)
    except Exception:
        _close(connection)
        raise
    return connection


def _close(connection: Connection) -> None:
    with suppress(LDAPException, OSError):
        connection.unbind()
    # ldap3 forgets the socket of a connection that broke while it was being secured.
    if connection.socket is not None:
        connection.socket.close()


def _bind_service(connection: Connection, url: str) -> None:
    bound, result, _, _ = connection.bind(read_server_info=False)
    if bound:
        return
    message = f"{url} refuses the service account {connection.user}: {result['description']}"
    log.error("%s; check directory.bind_dn, its password and that it does not expire", message)
    raise DirectoryUnavailable(message)


class _VerifyingTls(Tls):
    """TLS that lets OpenSSL verify certificate and host name: ldap3's own way verifies neither unless told so, and
    then calls what Python 3.12 no longer has."""

    def __init__(self, ca_file: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = ssl.create_default_context(cafile=ca_file)

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=connection.server.host, do_handshake_on_connect=do_handshake
        )


def _ldap3_server(url: str, settings: Directory) -> Server:
    """Made anew for each connection: ldap3 remembers for minutes that an address did not answer."""
    secured = settings.start_tls or urlsplit(url).scheme == "ldaps"
    tls = _VerifyingTls(str(settings.ca_file) if settings.ca_file else None) if secured else None
    return Server(url, get_info=NONE, connect_timeout=settings.connect_timeout_seconds, tls=tls)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
