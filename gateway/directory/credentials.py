"""Verification of passwords and numbers in such a way that the time of the answer reveals nothing about an entry."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from ldap3 import Connection
from ldap3.core.results import (
    RESULT_COMPARE_TRUE,
    RESULT_INVALID_ATTRIBUTE_SYNTAX,
    RESULT_INVALID_CREDENTIALS,
)

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Secret
from gateway.directory.decoy import Decoy
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import PolicyError, policy_error
from gateway.directory.user_bind import bind_as
from gateway.ldap import DECIDED, Entry, Result, compare, is_success, require_fit, result_text

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Verifies passwords by a bind, and numbers and birth dates by Compare; for unknown people it uses the decoy.

    All methods raise DirectoryUnavailable, DirectoryMisconfigured.
    """

    service: ConnectionPool
    user_binds: ConnectionPool
    decoy: Decoy

    def try_password(self, entry: Entry | None, password: Secret) -> PolicyError | bool | None:
        """Return like `_bind_succeeds`. A wrong password costs the directory the same work for every entry.

        A locked or closed entry is refused without hashing, and a hash of an older scheme takes a fraction of the
        decoy's time. So an answer that comes much sooner than the decoy's is followed by one more bind at the decoy.
        """
        dn = entry.dn if entry else self.decoy.dn
        started = time.monotonic()
        try:
            opened = self._bind_succeeds(dn, password)
        except DirectoryMisconfigured as error:
            if entry is None:
                raise
            # This raises if the directory answers everybody so. Otherwise the error concerns that entry only.
            self._try_decoy(password)
            log.error("%s can't be opened by any password: %s", dn, error)
            return None
        seconds = time.monotonic() - started
        if opened is None and self.decoy.is_slower_than(seconds):
            self._try_decoy(password)
        elif entry is None:
            self.decoy.record(seconds)
        return opened

    def holds(self, entry: Entry | None, attribute: str, value: str) -> bool:
        """Return whether the entry has that value, by Compare, the only operation allowed on NUMENs.

        None compares the decoy.
        """
        return self._compare(entry.dn if entry else self.decoy.dn, attribute, value)

    def _try_decoy(self, password: Secret) -> None:
        started = time.monotonic()
        self._bind_succeeds(self.decoy.dn, password)
        self.decoy.record(time.monotonic() - started)

    def _bind_succeeds(self, dn: str, password: Secret) -> PolicyError | bool | None:
        """Return whether `password` opens the entry `dn`.

        Returns True for the right password, PASSWORD_EXPIRED for the right one past its time, None for a wrong one.
        """
        if not password:
            raise ValueError("a bind without a password succeeds as anonymous (RFC 4513, 5.1.2)")
        result = self.user_binds.run_idempotent(lambda connection: bind_as(connection, dn, password))
        if is_success(result):
            return True
        if result["result"] != RESULT_INVALID_CREDENTIALS:
            raise DirectoryMisconfigured(f"bind: {result_text(result)}")
        # slapd reports "expired" for the right password only.
        return PolicyError.PASSWORD_EXPIRED if policy_error(result) is PolicyError.PASSWORD_EXPIRED else None

    def _compare(self, dn: str, attribute: str, value: str) -> bool:
        def ask(connection: Connection) -> Result:
            result = compare(connection, dn, attribute, value)
            require_fit(result)
            return result

        code = self.service.run_idempotent(ask)["result"]
        if code in DECIDED:
            return bool(code == RESULT_COMPARE_TRUE)
        if code == RESULT_INVALID_ATTRIBUTE_SYNTAX:
            # 00/00/1960 where birth dates are a GeneralizedTime: nobody can have it.
            return False
        # slapd hides an entry that must not be compared: "no such object".
        if dn == self.decoy.dn:
            raise DirectoryMisconfigured(f"the service account may not compare {attribute}")
        # This raises if no entry may be compared. Otherwise the error concerns that entry only.
        self._compare(self.decoy.dn, attribute, value)
        log.error("the service account may not compare %s of %s", attribute, dn)
        return False
