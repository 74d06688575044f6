"""Lookup of the one entry that a login or an identity means, and its conversion for the use cases."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.account.model import Account, DirectoryLimits, Grant
from gateway.directory.account_lock import changeable_from, is_closed, locked_until
from gateway.directory.mapping import IDENTITY, MAX_NAMED, PeopleMapping
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.ldap import Entry, search
from gateway.needs.attributes import RESET_CODE_UNTIL

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccountLookup:
    """Finds entries of people. All methods that read raise DirectoryUnavailable and DirectoryMisconfigured."""

    service: ConnectionPool
    mapping: PeopleMapping
    policies: Policies
    protected: ProtectedPeople
    decoy_dn: str

    def with_login(self, login: str) -> Entry | None:
        """Return the entry that `login` names, protected or not; None for an unknown login."""
        return self._find(self.mapping.login_filter(login), login)

    def with_identity(self, account: Account | Grant) -> Entry | None:
        """Return the entry as it is now, protected or not; None if it was deleted."""
        return self._find(self.mapping.uuid_filter(account.uuid))

    def unprotected_with_login(self, login: str) -> Entry | None:
        """Return like `with_login`, but None for a protected person, as for an unknown login."""
        return self._unprotected(self.with_login(login))

    def unprotected_with_identity(self, account: Account | Grant) -> Entry | None:
        """Return like `with_identity`, but None for a protected person."""
        return self._unprotected(self.with_identity(account))

    def is_closed(self, entry: Entry) -> bool:
        """Return whether the account must stay closed: a new password must not open it, or would not."""
        return is_closed(entry, self.policies.of(entry), datetime.now(UTC), self.policies.records_logins)

    def limits(self, entry: Entry) -> DirectoryLimits:
        """Return what the entry's policy requires of a new password."""
        policy, now = self.policies.of(entry), datetime.now(UTC)
        return DirectoryLimits(
            allows_change=policy.allows_user_change,
            changeable_from=changeable_from(entry, policy, now),
            locked_until=locked_until(entry, now) if policy.locks else None,
            min_length=policy.min_length,
            history=policy.history,
        )

    def account(
        self, entry: Entry, *, limits: DirectoryLimits | None = None, password_expired: bool = False
    ) -> Account:
        """Convert the entry for the use cases. `limits` are read if they are not given."""
        return Account(
            person=self.mapping.person(entry),
            dn=entry.dn,
            uuid=entry.first(IDENTITY),
            password_stamp=self.mapping.stamps.of(entry),
            password_expired=password_expired,
            limits=limits or self.limits(entry),
            has_reset_code=bool(entry.first(RESET_CODE_UNTIL)),
            charter=self.mapping.charter(entry),
            lacks_class=self.mapping.lacks_class(entry),
        )

    def _find(self, filter_: str, typed: str = "") -> Entry | None:
        """Return the one entry that the filter matches.

        If there are several, it is the one that the login `typed` names. Returns None if there is none, or still
        several.
        """
        mapping = self.mapping
        entries: Sequence[Entry] = self.service.run_idempotent(
            lambda connection: search(connection, mapping.base, filter_, mapping.account_attributes, MAX_NAMED)
        )
        if len(entries) > 1 and typed:
            entries = mapping.named_by(typed, entries)
        if len(entries) > 1:
            log.error("several entries share a login or an identity: %s", ", ".join(entry.dn for entry in entries))
            return None
        return entries[0] if entries else None

    def _unprotected(self, entry: Entry | None) -> Entry | None:
        """Return None for a protected person.

        The number of operations is the same if `entry` is None: then the decoy is checked.
        """
        dn, logins = (entry.dn, self.mapping.logins(entry)) if entry else (self.decoy_dn, ("decoy",))
        return None if self.protected.includes(dn, logins) else entry
