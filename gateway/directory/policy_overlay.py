"""Check that a server applies its password policy to people, by one bind at the decoy."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ldap3 import Connection

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Secret
from gateway.directory import ppolicy
from gateway.directory.pool import ConnectionPool
from gateway.directory.user_bind import bind_as

VALID_SECONDS = 300.0
"""Seconds until a server is checked again, because its configuration may change while it runs."""


class PolicyMissing(DirectoryMisconfigured):
    """The server applies no password policy to the decoy, so to nobody."""


@dataclass(slots=True)
class PolicyProof:
    """Checks each server when a connection to it is opened, and again when the check is older than VALID_SECONDS."""

    user_binds: ConnectionPool
    decoy_dn: str
    monotonic: Callable[[], float] = time.monotonic
    _proved_at: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, url: str) -> None:
        """Check the server `url` if that is due. Raises PolicyMissing, DirectoryUnavailable."""
        with self._lock:
            proved_at = self._proved_at.get(url)
        if proved_at is not None and self.monotonic() - proved_at < VALID_SECONDS:
            return
        self.user_binds.run_once_at(url, lambda connection: require_policy(connection, url, self.decoy_dn))
        with self._lock:
            self._proved_at[url] = self.monotonic()


def require_policy(connection: Connection, url: str, decoy_dn: str) -> None:
    """Try a wrong password at the decoy, over a connection for such binds. Raises PolicyMissing.

    The answer contains the policy's control only if the overlay is on that database, whereas supportedControl lists
    it as soon as the module is loaded.
    """
    result = bind_as(connection, decoy_dn, Secret(secrets.token_hex(16)))
    if ppolicy.CONTROL_OID not in (result.get("controls") or {}):
        raise PolicyMissing(
            f"{url} applies no password policy to {decoy_dn}: without the overlay ppolicy on this database it would "
            "store passwords as they are sent (10-modules.ldif, 40-password-policy.ldif and 70-services.ldif of "
            "ldif/)"
        )
