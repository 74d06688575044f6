"""The part of a password's write that is for the workstations."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.directory.mapping import PeopleMapping
from gateway.directory.pool import ConnectionPool
from gateway.directory.propagation import LdapPropagation, NoPropagation
from gateway.protection.seal import Sealer, read_public_key
from gateway.settings import Settings
from gateway.targets import inline_targets


def build_propagation(
    settings: Settings, service: ConnectionPool, mapping: PeopleMapping, *, asks_time: bool = True
) -> LdapPropagation | NoPropagation:
    """Return what adds the workstations' part to a write; NoPropagation if the settings name no target.

    `asks_time` is False if the directory is on this machine and has the same clock. Raises KeyFileError if
    workstation.public_key_file cannot be read.
    """
    workstation = settings.workstation
    if not workstation.targets:
        return NoPropagation()
    joined = inline_targets(workstation)
    names = {target.name for target in joined}
    key = workstation.public_key_file
    return LdapPropagation(
        service=service,
        mapping=mapping,
        workstation_filter=workstation.filter,
        seal=Sealer(read_public_key(key)).seal if key else None,
        delivered=[name for name in workstation.targets if name not in names],
        joined=joined,
        now=utc_now,
        asks_time=asks_time,
    )


def utc_now() -> datetime:
    """Return the present time, aware, in UTC."""
    return datetime.now(UTC)
