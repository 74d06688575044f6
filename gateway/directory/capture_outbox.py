"""Writes the outbox attributes for a password that another LDAP client changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ldap3 import BASE, Connection
from ldap3.core.results import (
    RESULT_ASSERTION_FAILED,
    RESULT_COMPARE_TRUE,
    RESULT_INSUFFICIENT_ACCESS_RIGHTS,
    RESULT_NO_SUCH_OBJECT,
    RESULT_SUCCESS,
)
from ldap3.utils.conv import escape_filter_chars

from gateway.account.control_characters import holds_control_character
from gateway.account.errors import DirectoryMisconfigured
from gateway.account.model import Account, Propagation, Secret
from gateway.directory.assertion import assertion
from gateway.directory.entry import Entry, entry_of
from gateway.directory.mapping import IDENTITY, PeopleMapping
from gateway.directory.outbox import Changes, check_result
from gateway.directory.pool import ConnectionPool
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.needs.attributes import PASSWORD as PASSWORD
from gateway.needs.attributes import VERSION as VERSION
from gateway.workstation.capture import Prepared
from gateway.workstation.model import Reason

TRIES_AGAINST_OTHER_WRITES = 10


class LdapCaptureOutbox:
    """`workstation.capture.Outbox` on LDAP, over connections bound as the account of `mamia capture`."""

    def __init__(
        self,
        pool: ConnectionPool,
        mapping: PeopleMapping,
        person_filter: str,
        propagation: LdapPropagation | NoPropagation,
        protected: ProtectedPeople,
    ) -> None:
        self._pool = pool
        self._mapping = mapping
        self._filter = person_filter
        self._propagation = propagation
        self._protected = protected

    def prepare(self, entry: str, password: Secret | None) -> Prepared | None:
        """Return the outbox changes for the entry with DN `entry`; None for somebody without a workstation.

        `password` is None if its text is not known, as with a hashed value. Raises DirectoryUnavailable,
        DirectoryMisconfigured.
        """
        found = self._read(entry, [*self._mapping.login_attributes, IDENTITY])
        if found is None:
            return None
        account = Account(self._mapping.person(found), found.dn, found.first(IDENTITY), password_stamp="")
        if self._protected.includes(found.dn, self._mapping.logins(found)):
            # The listener's account must not write on them. The worker ends a delivery that still waits there.
            return Prepared(entry, account.person.login, Reason.PROTECTED, (), {})
        if password is None:
            outcome, (changes, propagation) = self._refused(account, Reason.NOT_PLAIN_TEXT)
        elif holds_control_character(password.reveal()):
            outcome, (changes, propagation) = self._refused(account, Reason.CONTROL_CHARACTER)
        else:
            outcome, (changes, propagation) = "captured", self._propagation.changes_for(account, password)
        if propagation is None:
            return None
        return Prepared(entry, account.person.login, outcome, propagation.targets, changes)

    def commit(self, prepared: Prepared, stored: Secret) -> bool:
        """Write the prepared changes if the entry still stores the password value `stored`; return whether it does.

        The write has the condition that the entry is as it was when `stored` was found in it, so nothing newer is
        lost. Raises DirectoryUnavailable, DirectoryMisconfigured.
        """
        value = stored.reveal().encode(errors="surrogateescape")
        for _ in range(TRIES_AGAINST_OTHER_WRITES):
            entry = self._read(prepared.entry, [VERSION])
            if entry is None or not self._compare(prepared.entry, value):
                return False
            if not prepared.changes or self._write(prepared, entry.first(VERSION)):
                return True
        return False

    def _refused(self, account: Account, reason: Reason) -> tuple[str, tuple[Changes, Propagation | None]]:
        return str(reason), self._propagation.rejection_for(account, reason)

    def _read(self, dn: str, attributes: list[str]) -> Entry | None:
        def read(connection: Connection) -> Entry | None:
            _, result, answers, _ = connection.search(dn, self._filter, BASE, attributes=attributes)
            if result["result"] == RESULT_NO_SUCH_OBJECT:
                return None
            check_result(result, f"reading {dn}")
            return next((entry_of(answer) for answer in answers if answer["type"] == "searchResEntry"), None)

        return self._pool.run_idempotent(read)

    def _compare(self, dn: str, value: bytes) -> bool:
        """Return whether exactly that value is stored, by Compare (RFC 4511, 4.10), which does not show the value."""
        result = self._pool.run_idempotent(lambda connection: connection.compare(dn, PASSWORD, value)[1])
        if result["result"] == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            raise DirectoryMisconfigured(f"the account of mamia capture may not compare {PASSWORD}")
        return bool(result["result"] == RESULT_COMPARE_TRUE)

    def _write(self, prepared: Prepared, version: str) -> bool:
        """Return False if the entry was written meanwhile.

        If it is sent twice, the second write is refused and read back.
        """

        def modify(connection: Connection) -> Mapping[str, Any]:
            result: Mapping[str, Any] = connection.modify(
                prepared.entry, prepared.changes, controls=[assertion(f"({VERSION}={escape_filter_chars(version)})")]
            )[1]
            if result["result"] not in (RESULT_SUCCESS, RESULT_ASSERTION_FAILED):
                check_result(result, f"writing the outbox of {prepared.entry}")
            return result

        return bool(self._pool.run_idempotent(modify)["result"] == RESULT_SUCCESS)
