"""Whether a password that waits in the outbox may be set at a workstation: asked of the entry itself.

Whoever holds the gateway's or the listener's account can write the outbox of any person. So nothing in the outbox is
proof: the worker asks itself who the person is, and binds with the password before it delivers it.
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
"""Binds that are remembered with what came of them, so that neither a retry nor another target binds again."""
MAX_BINDS_AT_ONCE = 2
"""Each costs the directory a hash."""
LOCKS = 64
"""Shared by all people: few of those who are proved at one time have the same."""
MAX_SINCE_READ = timedelta(minutes=1)
"""Between the answer that told the directory's time and the reading of the entry."""
RIGHTS = "30-access.ldif of ldif/ has the rights of the worker's account; mamia check tells which of them are missing"

Proof = tuple[str, str, bytes, str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """The entry, and the server that showed it."""

    entry: Entry
    server: str


@dataclass(slots=True)
class LdapDeliveryCheck:
    """`workstation.ports.DeliveryCheck` on LDAP.

    `worker` and `user_binds` share their servers: a password is proved where its entry was read, since another server
    may not have it yet.
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
    """The targets of one entry wait for the bind of the first."""
    _binding: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_BINDS_AT_ONCE))

    def check(self, item: Waiting, change: str, password: Secret) -> Refused | Unavailable | None:
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
        """Raises ServerUnfit, and DirectoryMisconfigured where the filters can't be decided."""
        wanted = f"(&{self.people.filter}{self.workstation_filter})"
        attributes = [self.people.login, ppolicy.LOCKED_AT, ppolicy.LOCKED_UNTIL, ppolicy.CHANGED_AT]
        if entry := _search(connection, dn, wanted, attributes):
            return _Seen(entry, connection.server.name)
        # An assertion that is Undefined (RFC 4511, 4.5.1.7) must not end what waits.
        if _search(connection, dn, f"(!{wanted})", ["1.1"]) or not _search(connection, dn, ANYTHING, ["1.1"]):
            return Refused(Reason.NO_WORKSTATION)
        raise DirectoryMisconfigured(f"the worker's account can't decide {wanted}: may it search by its attributes?")

    def _not_open(self, entry: Entry, item: Waiting) -> Refused | Unavailable | None:
        """A locked account refuses the right password too: no bind is tried until the lock is over.

        By the directory's time, as the lock is.
        """
        locked_at = entry.first(ppolicy.LOCKED_AT)
        if ppolicy.is_closed(locked_at):
            return Refused(Reason.NOT_IN_FORCE, "an administrator closed the account")
        # The lock may be younger than the answer that told the time.
        now = item.read_at or self.now()
        if any(ppolicy.is_locked(locked_at, self.lockout, moment) for moment in (now, now + MAX_SINCE_READ)):
            return Unavailable("the account is locked: it is tried when the lock is over")
        return None

    def _not_proved(self, item: Waiting, change: str, password: Secret, seen: _Seen) -> Refused | Unavailable | None:
        """A wrong password counts as a failure of the person's, so it is tried once and then refused for good."""
        # With the sealed bytes: another password may be put in the place of the one that was proved.
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
        """Somebody else's wrong passwords may have locked the account between the read and the bind."""
        dn, lock = item.dn, before.first(ppolicy.LOCKED_AT)
        after = self.worker.run_idempotent(lambda connection: _search(connection, dn, ANYTHING, [ppolicy.LOCKED_AT]))
        if after and after.first(ppolicy.LOCKED_AT) != lock:
            return self._not_open(after, item) or Unavailable("the account was locked meanwhile")
        if lock and item.read_at is None:
            # Our own clock says that the lock is over, and nothing is erased on that word alone.
            return Unavailable(
                f"whether a lock is over can't be told without the right to read {MODIFIED_AT}", RIGHTS
            )
        if self._was_locked(before, item.read_at or self.now()):
            return Unavailable("the account is locked by a policy of its own: it is tried when the lock is over")
        return Refused(Reason.NOT_IN_FORCE, "it does not open the entry")

    def _was_locked(self, before: Entry, now: datetime) -> bool:
        """Whether slapd refused a bind, which left pwdAccountLockedTime as it was, for a lock and without looking at
        the password. At a bind it takes a lock that is over out of the entry, whatever the password."""
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
    """The entry `dn` if the filter matches it. Raises ServerUnfit, DirectoryMisconfigured."""
    return find_entry(connection, dn, filter_, attributes, unfit=RETRYABLE_FOR_WRITES)
