"""Pool of connections that replaces broken connections and fails over from server to server."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from ldap3 import Connection
from ldap3.core.exceptions import LDAPCommunicationError, LDAPException, LDAPResponseTimeoutError

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.directory.connection import connect
from gateway.directory.failover import LdapServer, LdapServers
from gateway.ldap import ServerUnavailable, close, error_text
from gateway.settings import Directory

T = TypeVar("T")

MAX_IDLE_SECONDS = 120
"""Maximum idle seconds of a connection: a firewall may have dropped an older one silently."""


NO_ANSWER = (LDAPCommunicationError, LDAPResponseTimeoutError, OSError)
FAILED = (*NO_ANSWER, ServerUnavailable)


@dataclass(slots=True)
class _PooledConnection:
    """An open connection and its server."""

    server: LdapServer
    connection: Connection
    idle_since: float = 0.0

    def has_expired(self) -> bool:
        """Return whether it is too old or closed.

        An idle connection has nothing to read but its end (RFC 4511, 4.4.1 and 5.3).
        """
        if time.monotonic() - self.idle_since > MAX_IDLE_SECONDS:
            return True
        poll = select.poll()
        try:
            poll.register(self.connection.socket, select.POLLIN)
        except (OSError, ValueError, TypeError):
            return True
        return bool(poll.poll(0))

    def close(self) -> None:
        close(self.connection)


@dataclass(slots=True)
class ConnectionPool:
    """Connections that are all bound as the service account, or all anonymous for verifying people's passwords."""

    settings: Directory
    servers: LdapServers
    as_service: bool
    timed: Callable[[str], AbstractContextManager[None]] = lambda kind: nullcontext()
    """Returns a context manager that measures one operation; its argument is "run_idempotent" or "run_once"."""
    verify: Callable[[str], None] = lambda url: None
    """Called with the URL of each server to which a connection is opened. Raises DirectoryUnavailable to refuse
    it."""
    _idle: list[_PooledConnection] = field(default_factory=list)
    _is_closed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _free: threading.BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = threading.BoundedSemaphore(self.settings.pool_size)

    def run_idempotent(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation that may be sent twice, and return its result.

        A broken connection is replaced, at another server if necessary. Raises DirectoryUnavailable if every server
        failed.
        """
        failures: list[str] = []
        deadline = time.monotonic() + self.settings.receive_timeout_seconds * len(self.servers)
        for _ in range(len(self.servers) + 1):
            with self._acquire() as pooled:
                try:
                    with self.timed("run_idempotent"):
                        return operation(pooled.connection)
                except FAILED as error:
                    failures.append(f"{pooled.server.url}: {error_text(error)}")
                    self._discard(pooled)
            if time.monotonic() >= deadline:
                break
        raise DirectoryUnavailable("; ".join(failures))

    def run_once(self, operation: Callable[[Connection], T]) -> T:
        """Run like `run_once_where`, but return the result only."""
        return self.run_once_where(operation)[1]

    def run_once_where(self, operation: Callable[[Connection], T]) -> tuple[str, T]:
        """Run an operation that must not be sent twice. Returns the URL of the server that answered, and the result.

        A server that answers that it will not (`ServerUnavailable`) wrote nothing, so the next one is tried. Raises
        WriteUnconfirmed, with the server, if no answer came back; DirectoryUnavailable if no server accepted the
        operation.
        """
        failures: list[str] = []
        for _ in range(len(self.servers)):
            with self._acquire() as pooled:
                try:
                    with self.timed("run_once"):
                        return pooled.server.url, operation(pooled.connection)
                except ServerUnavailable as error:
                    failures.append(f"{pooled.server.url}: {error}")
                    self._discard(pooled)
                except NO_ANSWER as error:
                    self._discard(pooled)
                    raise WriteUnconfirmed(
                        f"{pooled.server.url}: {error_text(error)}", server=pooled.server.url
                    ) from None
        raise DirectoryUnavailable("; ".join(failures))

    def run_once_at(self, url: str, operation: Callable[[Connection], T]) -> T:
        """Run an operation once, on the server `url` only.

        Raises DirectoryUnavailable for every failure, also if it was sent and no answer came back.
        """
        with self._acquire(url) as pooled:
            try:
                with self.timed("run_idempotent"):
                    return operation(pooled.connection)
            except FAILED as error:
                self._discard(pooled)
                raise DirectoryUnavailable(f"{url}: {error_text(error)}") from None

    def close(self) -> None:
        """Close all idle connections; connections in use are closed when they are returned."""
        self.servers.close()
        with self._lock:
            self._is_closed = True
            pooled_connections, self._idle = self._idle, []
        for pooled in pooled_connections:
            pooled.close()

    @contextmanager
    def _acquire(self, url: str = "") -> Iterator[_PooledConnection]:
        """Hold a connection to the active server, or to the server `url`."""
        if not self._free.acquire(timeout=self.settings.connect_timeout_seconds):
            raise DirectoryUnavailable(f"all {self.settings.pool_size} connections are busy")
        try:
            pooled = self._take_idle(url) or self._open(url)
            try:
                yield pooled
            except BaseException:
                pooled.close()
                raise
            if not pooled.connection.closed:
                self._give_back(pooled)
        finally:
            self._free.release()

    def _give_back(self, pooled: _PooledConnection) -> None:
        """Return a connection to the pool, or close it if the pool was closed meanwhile."""
        pooled.idle_since = time.monotonic()
        with self._lock:
            if not self._is_closed:
                self._idle.append(pooled)
                return
        pooled.close()

    def _take_idle(self, url: str) -> _PooledConnection | None:
        """Return an idle connection.

        Connections to servers that are not active are closed, except to the server `url`.
        """
        while True:
            with self._lock:
                fitting = [place for place, one in enumerate(self._idle) if one.server.url == (url or one.server.url)]
                if not fitting:
                    return None
                pooled = self._idle.pop(fitting[-1])
            if (url or self.servers.is_active(pooled.server)) and not pooled.has_expired():
                return pooled
            pooled.close()

    def _open(self, url: str) -> _PooledConnection:
        """Open a connection to the first server, in order of preference, that answers, or to `url`."""
        failures: list[Exception] = []
        for server in [one for one in self.servers.by_preference() if one.url == (url or one.url)]:
            try:
                return self._connected(server)
            except (LDAPException, OSError, DirectoryUnavailable) as error:
                self.servers.mark_down(server)
                failures.append(error)
        said = "; ".join(str(one) if isinstance(one, DirectoryUnavailable) else error_text(one) for one in failures)
        are_reached = failures and all(isinstance(error, DirectoryMisconfigured) for error in failures)
        raise DirectoryMisconfigured(said) if are_reached else DirectoryUnavailable(said)

    def _connected(self, server: LdapServer) -> _PooledConnection:
        pooled = _PooledConnection(server, connect(server.url, self.settings, as_service=self.as_service))
        try:
            self.verify(server.url)
        except Exception:
            pooled.close()
            raise
        self.servers.mark_up(server)
        return pooled

    def _discard(self, broken: _PooledConnection) -> None:
        """Close the connection and the idle ones to the same server.

        Usually the same failure has broken all of them.
        """
        self.servers.mark_down(broken.server)
        with self._lock:
            idle_to_same_server = [line for line in self._idle if line.server is broken.server]
            self._idle = [line for line in self._idle if line.server is not broken.server]
        for pooled in (broken, *idle_to_same_server):
            pooled.close()
