"""Failover between LDAP servers: the first in order of preference that works and has all changes is in use."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.directory.connection import connect
from gateway.directory.context_csn import has_caught_up, read_csns
from gateway.ldap import close, error_text
from gateway.settings import Directory

log = logging.getLogger(__name__)

REST_SECONDS = 15.0
"""Seconds for which a server that failed is not used."""
LOOKS = 10
"""Number of checks whether such a server has caught up, before it is left unused again."""
LOOK_SECONDS = 1.0
"""Seconds between two of these checks."""


@dataclass(eq=False, slots=True)
class LdapServer:
    """One server and whether it is down."""

    url: str
    is_down: bool = False


@dataclass(slots=True)
class LdapServers:
    """The servers of `settings` in order of preference, shared by all the pools of a process.

    All pools change servers together: a password must be verified where it was written, and of two servers in mirror
    mode only one should accept writes (OpenLDAP Administrator's Guide, 18.2.3). A server that failed is used again
    once it has every change that the active server had; before that it would refuse passwords that were chosen
    meanwhile. A thread checks this, so that no request waits for a server that is down.
    """

    settings: Directory
    rest_seconds: float = REST_SECONDS
    _servers: list[LdapServer] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._servers = [LdapServer(url) for url in self.settings.servers]

    def __len__(self) -> int:
        return len(self._servers)

    def by_preference(self) -> list[LdapServer]:
        """Return the servers, the active one first, those that failed last."""
        return sorted(self._servers, key=lambda server: server.is_down)

    def is_active(self, server: LdapServer) -> bool:
        """Return whether `server` is the one in use."""
        return server is self.by_preference()[0]

    def mark_up(self, server: LdapServer) -> None:
        """Use a server that answers when all others are down, whether or not it has caught up."""
        with self._lock:
            if all(other.is_down for other in self._servers):
                server.is_down = False

    def mark_down(self, server: LdapServer) -> None:
        """Stop using a server that failed, unless it is the only one, and start the thread that checks it."""
        with self._lock:
            if server.is_down or len(self._servers) < 2:
                return
            server.is_down = True
            log.warning("%s failed and is not used for now; in use: %s", server.url, self._active_in_words())
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="failover", daemon=True)
                self._watcher.start()

    def close(self) -> None:
        """Stop the thread."""
        self._closed.set()

    def _active_in_words(self) -> str:
        return next((server.url for server in self._servers if not server.is_down), "none")

    def _watch(self) -> None:
        while not self._closed.wait(self.rest_seconds):
            for server in [server for server in self._servers if server.is_down]:
                if self._is_back(server):
                    server.is_down = False
                    log.warning("%s is back; in use: %s", server.url, self._active_in_words())
            with self._lock:
                if not any(server.is_down for server in self._servers):
                    self._watcher = None
                    return

    def _is_back(self, server: LdapServer) -> bool:
        """Return whether it answers and has the changes that the active server had at the beginning of the check."""
        wanted = self._active_csns()
        if wanted is None:
            return False
        try:
            connection = connect(server.url, self.settings, as_service=True)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            log.info("%s is not back: %s", server.url, error_text(error))
            return False
        try:
            return self._catches_up(connection, wanted)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            log.info("%s is not back: %s", server.url, error_text(error))
            return False
        finally:
            close(connection)

    def _catches_up(self, connection: Connection, wanted: dict[str, str]) -> bool:
        for _ in range(LOOKS):
            if has_caught_up(read_csns(connection), wanted):
                return True
            if self._closed.wait(LOOK_SECONDS):
                return False
        log.warning("%s answers, but lacks changes: look at syncrepl in its log", connection.server.name)
        return False

    def _active_csns(self) -> dict[str, str] | None:
        """Return the active server's change numbers.

        Returns None if they cannot be read, so nobody can say who has caught up. Returns no change numbers if no
        server is active: then any server that answers is better than none.
        """
        used = next((server for server in self._servers if not server.is_down), None)
        if used is None:
            return {}
        try:
            connection = connect(used.url, self.settings, as_service=True)
            try:
                return read_csns(connection)
            finally:
                close(connection)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            log.info(
                "no server is taken back: contextCSN of %s, which is in use, cannot be read: %s",
                used.url,
                error_text(error),
            )
            return None
