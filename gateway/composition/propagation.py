"""What a write of a password adds for the workstations."""

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
    return datetime.now(UTC)
