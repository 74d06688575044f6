"""Checks, on the entry itself, whether a password that waits in the outbox may be set at a workstation.

Anybody who has the gateway's or the listener's password can write the outbox of any person, so the outbox proves
nothing. The worker checks itself who the person is, and binds with the password before it delivers it.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ldap3 import Connection
from ldap3.core.results import RESULT_INVALID_CREDENTIALS

from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Secret
from gateway.directory import ppolicy
from gateway.directory.account_lock import locked_until
from gateway.directory.pool import ConnectionPool
from gateway.directory.ppolicy import PolicyError, policy_error
from gateway.directory.protected import ProtectedPeople
from gateway.directory.server_time import MODIFIED_AT
from gateway.directory.user_bind import bind_as
from gateway.ldap import ANYTHING, RETRYABLE_FOR_WRITES, Entry, find_entry, is_success
from gateway.settings import People
from gateway.workstation.model import Reason, Refused, Unavailable
from gateway.workstation.ports import Waiting

MAX_PROVED = 10_000
"""Maximum number of binds whose result is remembered, so that neither a retry nor another target binds again."""
MAX_BINDS_AT_ONCE = 2
"""Maximum number of binds at the same time; each one costs the directory a hash."""
LOCKS = 64
"""Number of locks that all people share; two people who are checked at the same time rarely have the same one."""
MAX_SINCE_READ = timedelta(minutes=1)
"""Maximum time between the answer with the directory's time and the reading of the entry."""
RIGHTS = "30-access.ldif of ldif/ has the rights of the worker's account; mamia check names those that are missing"

Proof = tuple[str, str, bytes, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The entry, and the server from which it was read."""

    entry: Entry
    server: str


@dataclass(slots=True)
class LdapDeliveryCheck:
    """`workstation.ports.DeliveryCheck` on LDAP.

    `worker` and `user_binds` share their servers: a password is verified where its entry was read, because another
    server may not have it yet.
    """

    worker: ConnectionPool
    user_binds: ConnectionPool
    people: People
    workstation_filter: str
    protected: ProtectedPeople
    lockout: timedelta
    now: Callable[[], datetime]
    _tried: OrderedDict[Proof, Refused | None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _of_a_person: tuple[threading.Lock, ...] = field(
        default_factory=lambda: tuple(threading.Lock() for _ in range(LOCKS))
    )
    """One lock per group of entries, so that the other targets of an entry wait for the first one's bind."""
    _binding: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_BINDS_AT_ONCE))

    def check(self, item: Waiting, change: str, password: Secret) -> Refused | Unavailable | None:
        """Return why the password must not be delivered (Refused) or cannot be now (Unavailable); None if it may be.

        Raises DirectoryUnavailable.
        """
        try:
            seen = self.worker.run_idempotent(lambda connection: self._read(connection, item.dn))
            if isinstance(seen, Refused):
                return seen
            if self.protected.includes(seen.entry.dn, seen.entry.all(self.people.login)):
                return Refused(Reason.PROTECTED)
            return self._not_open(seen.entry, item) or self._not_proved(item, change, password, seen)
        except DirectoryMisconfigured as error:
            return Unavailable(str(error), RIGHTS)

    def _read(self, connection: Connection, dn: str) -> _Seen | Refused:
        """Return the entry if it is a person with a workstation.

        Raises ServerUnavailable, and DirectoryMisconfigured if the filters cannot be evaluated.
        """
        wanted = f"(&{self.people.filter}{self.workstation_filter})"
        attributes = [self.people.login, ppolicy.LOCKED_AT, ppolicy.LOCKED_UNTIL, ppolicy.CHANGED_AT]
        if entry := _search(connection, dn, wanted, attributes):
            return _Seen(entry, connection.server.name)
        # An assertion that is Undefined (RFC 4511, 4.5.1.7) must not end a waiting delivery.
        if _search(connection, dn, f"(!{wanted})", ["1.1"]) or not _search(connection, dn, ANYTHING, ["1.1"]):
            return Refused(Reason.NO_WORKSTATION)
        raise DirectoryMisconfigured(f"the worker's account can't decide {wanted}: may it search by its attributes?")

    def _not_open(self, entry: Entry, item: Waiting) -> Refused | Unavailable | None:
        """Return why the account is not open, by the directory's time.

        A locked account refuses the right password too, so no bind is tried until the lock is over.
        """
        locked_at = entry.first(ppolicy.LOCKED_AT)
        if ppolicy.is_closed(locked_at):
            return Refused(Reason.NOT_IN_FORCE, "an administrator closed the account")
        # The lock may be newer than the answer from which the time was read.
        now = item.read_at or self.now()
        if any(ppolicy.is_locked(locked_at, self.lockout, moment) for moment in (now, now + MAX_SINCE_READ)):
            return Unavailable("the account is locked: the worker tries again when the lock is over")
        return None

    def _not_proved(self, item: Waiting, change: str, password: Secret, seen: _Seen) -> Refused | Unavailable | None:
        """Return why the password is not proved.

        A wrong one counts as the person's failure, so it is tried only once.
        """
        # The sealed bytes are part of the key, because another password may replace the one that was proved.
        sealed = hashlib.sha256(item.sealed).digest()
        proof = item.uuid, change, sealed, seen.entry.first(ppolicy.CHANGED_AT)
        with self._of_a_person[hash(item.uuid) % LOCKS]:
            with self._lock:
                if proof in self._tried:
                    return self._tried[proof]
            with self._binding:
                objection = self._not_opened(item, password, seen)
            if not isinstance(objection, Unavailable):
                self._remember(proof, objection)
            return objection

    def _not_opened(self, item: Waiting, password: Secret, seen: _Seen) -> Refused | Unavailable | None:
        dn = item.dn
        result, server = self.user_binds.run_idempotent(
            lambda connection: (bind_as(connection, dn, password), connection.server.name)
        )
        if is_success(result) or policy_error(result) is PolicyError.PASSWORD_EXPIRED:
            return None
        if result["result"] != RESULT_INVALID_CREDENTIALS:
            return Unavailable(f"bind as {dn}: {result['description']}", "look at the directory's log")
        if server != seen.server:
            return Unavailable(f"{server} does not take the password yet that {seen.server} has")
        return self._why_refused(item, seen.entry)

    def _why_refused(self, item: Waiting, before: Entry) -> Refused | Unavailable:
        """Return why a bind failed.

        Other people's wrong passwords may have locked the account between the read and the bind.
        """
        dn, lock = item.dn, before.first(ppolicy.LOCKED_AT)
        after = self.worker.run_idempotent(lambda connection: _search(connection, dn, ANYTHING, [ppolicy.LOCKED_AT]))
        if after and after.first(ppolicy.LOCKED_AT) != lock:
            return self._not_open(after, item) or Unavailable("the account was locked meanwhile")
        if lock and item.read_at is None:
            # Only our own clock shows that the lock is over, which is not enough to erase a password.
            return Unavailable(
                f"whether a lock is over can't be told without the right to read {MODIFIED_AT}", RIGHTS
            )
        if self._was_locked(before, item.read_at or self.now()):
            return Unavailable(
                "the account is locked by a policy of its own: the worker tries again when the lock is over"
            )
        return Refused(Reason.NOT_IN_FORCE, "it does not open the entry")

    def _was_locked(self, before: Entry, now: datetime) -> bool:
        """Return whether slapd refused a bind because of a lock, without checking the password.

        Such a bind leaves pwdAccountLockedTime unchanged. At a bind, slapd removes a lock that is over from the
        entry, whatever the password.
        """
        locked_at = ppolicy.read_time(before.first(ppolicy.LOCKED_AT))
        end = locked_until(before, now)
        is_left = locked_at is not None and locked_at <= now
        return is_left or (end is not None and end != ppolicy.MAX_VALIDITY)

    def _remember(self, proof: Proof, refused: Refused | None) -> None:
        with self._lock:
            self._tried[proof] = refused
            while len(self._tried) > MAX_PROVED:
                self._tried.popitem(last=False)


def _search(connection: Connection, dn: str, filter_: str, attributes: list[str]) -> Entry | None:
    """Return the entry `dn` if the filter matches it. Raises ServerUnavailable, DirectoryMisconfigured."""
    return find_entry(connection, dn, filter_, attributes, unfit=RETRYABLE_FOR_WRITES)
