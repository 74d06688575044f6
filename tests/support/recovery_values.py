"""Recovery methods in the directory of a test, opened and sealed as the web service does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import ldap

from gateway.account.recovery import RecoveryMethod
from gateway.protection.recovery_seal import RecoverySeals
from tests.support.slapd_server import SlapdServer


def set_age(directory: SlapdServer, login: str, key: str, *, hours: float) -> None:
    """Let all methods of a person have been added so many hours ago."""
    added_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
    rewrite(directory, login, key, lambda method: replace(method, added_at=added_at))


def rewrite(directory: SlapdServer, login: str, key: str, change: Callable[[RecoveryMethod], RecoveryMethod]) -> None:
    """Put what `change` makes of each method in its place."""
    seals, [uuid] = RecoverySeals([key]), directory.read(login)["entryUUID"]
    methods = [seals.open(value, uuid) for value in directory.read_raw(login)["mamiaRecovery"]]
    put(directory, login, [seals.seal(change(method), uuid) for method in methods if method])


def put(directory: SlapdServer, login: str, values: list[bytes], attribute: str = "mamiaRecovery") -> None:
    """Let an entry have these values, whatever they are."""
    classes = directory.read(login)["objectClass"]
    changes = [(ldap.MOD_REPLACE, attribute, values)]
    if "mamiaRecoverable" not in classes:
        changes.insert(0, (ldap.MOD_ADD, "objectClass", [b"mamiaRecoverable"]))
    with directory.as_admin() as line:
        line.modify_s(directory.dn(login), changes)
