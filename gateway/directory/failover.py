"""Which of several LDAP servers is in use: the first in order that is fit and lacks no change."""

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
"""How long a server that failed is left alone."""
LOOKS = 10
LOOK_SECONDS = 1.0
"""How often, and how far apart, it is then asked whether it has caught up, before it is left alone again."""


@dataclass(eq=False, slots=True)
class LdapServer:
    url: str
    is_down: bool = False


@dataclass(slots=True)
class LdapServers:
    """The servers of `settings` in order of preference, shared by all the pools of a process.

    All pools move together: a password must be tried where it was written, and in a pair of servers in mirror mode
    one alone should take the writes (OpenLDAP Administrator's Guide, 18.2.3). A server that failed comes back once it
    holds every change that the one in use held: until then it would refuse the passwords chosen meanwhile. A thread
    of its own looks, so that no request waits for a server that is gone.
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
        """The one in use first; those that failed lately last."""
        return sorted(self._servers, key=lambda server: server.is_down)

    def is_active(self, server: LdapServer) -> bool:
        return server is self.by_preference()[0]

    def mark_up(self, server: LdapServer) -> None:
        """Whoever answers when all others failed is in use, caught up or not."""
        with self._lock:
            if all(other.is_down for other in self._servers):
                server.is_down = False

    def mark_down(self, server: LdapServer) -> None:
        with self._lock:
            if server.is_down or len(self._servers) < 2:
                return
            server.is_down = True
            log.warning("%s failed and is left alone; in use: %s", server.url, self._active_in_words())
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="failover", daemon=True)
                self._watcher.start()

    def close(self) -> None:
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
        """Whether it answers and holds what the server in use held at the beginning."""
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
        """None where the server in use does not tell them now: nobody can say then whether another has caught up.

        No changes at all where no server is in use: whatever comes back is then better than nothing.
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
            log.info("nothing comes back: the changes of %s, in use, can't be read: %s", used.url, error_text(error))
            return None
