"""The outbox on a real slapd, and workers at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from gateway.directory.delivery_check import LdapDeliveryCheck
from gateway.directory.failover import LdapServers
from gateway.directory.mapping import PeopleMapping
from gateway.directory.outbox import LdapOutbox
from gateway.directory.password_write import PasswordWriter
from gateway.directory.passwords import LdapPasswords
from gateway.directory.policies import Policies
from gateway.directory.pool import ConnectionPool
from gateway.directory.propagation import LdapPropagation
from gateway.directory.protected import ProtectedPeople
from gateway.protection.seal import Sealer, Unsealer, make_key_pair, read_private_key, read_public_key
from gateway.settings import Directory, Settings
from tests.support.fake_target import FakeClock, FakeMonotonicClock, FakeTarget
from tests.support.gateway_settings import SERVICES, settings_for
from tests.support.outbox_harness import OutboxHarness
from tests.support.slapd_server import SlapdServer

WORKSTATION_FILTER = "(departmentNumber=rectorat)"


@pytest.fixture
def domain() -> FakeTarget:
    return FakeTarget()


@dataclass(frozen=True)
class Pools:
    """Connections of the web process (`service`, `user_binds`) and of the worker."""

    service: ConnectionPool
    user_binds: ConnectionPool
    worker: ConnectionPool
    worker_user_binds: ConnectionPool

    @classmethod
    def open(cls, directory: Directory, worker_password: str) -> Pools:
        """Both processes use servers of their own; the worker binds as cn=sync with `worker_password`."""
        sync = directory.model_copy(
            update={
                "bind_dn": f"cn=sync,{SERVICES}",
                "bind_password": SecretStr(worker_password),
            }
        )
        servers, workers_servers = LdapServers(directory), LdapServers(sync)
        return cls(
            service=ConnectionPool(directory, servers, as_service=True),
            user_binds=ConnectionPool(directory, servers, as_service=False),
            worker=ConnectionPool(sync, workers_servers, as_service=True),
            worker_user_binds=ConnectionPool(sync, workers_servers, as_service=False),
        )

    def close(self) -> None:
        for pool in (self.service, self.user_binds, self.worker, self.worker_user_binds):
            pool.close()


def passwords_of(settings: Settings, pools: Pools, propagation: LdapPropagation) -> LdapPasswords:
    mapping = PeopleMapping(settings.people)
    return LdapPasswords(
        service=pools.service,
        user_binds=pools.user_binds,
        writer=PasswordWriter(pools.service, pools.user_binds, mapping, proves_by_bind=False),
        mapping=mapping,
        decoy_dn=settings.directory.decoy_dn,
        lockout=timedelta(minutes=15),
        policies=Policies(pools.service),
        initial_policy=None,
        propagation=propagation,
        protected=ProtectedPeople(pools.service, settings.people),
    )


def delivery_check_of(settings: Settings, pools: Pools, now: FakeClock) -> LdapDeliveryCheck:
    return LdapDeliveryCheck(
        worker=pools.worker,
        user_binds=pools.worker_user_binds,
        people=settings.people,
        workstation_filter=WORKSTATION_FILTER,
        protected=ProtectedPeople(pools.worker, settings.people),
        lockout=timedelta(minutes=15),
        now=now,
    )


@pytest.fixture
def open_harness(directory: SlapdServer, tmp_path: Path) -> Iterator[Callable[..., OutboxHarness]]:
    """Opens a harness that delivers to the targets named; `people` adds to [people] of the settings."""
    opened: list[Pools] = []
    private_key, public_key = tmp_path / "worker.key", tmp_path / "worker.pub"
    make_key_pair(private_key, public_key)

    def harness(*names: str, hours: FakeClock | None = None, **people: str | list[str]) -> OutboxHarness:
        settings = settings_for(directory, people=people)
        pools = Pools.open(settings.directory, directory.slapd.password("sync"))
        opened.append(pools)
        propagation = LdapPropagation(
            service=pools.service,
            mapping=PeopleMapping(settings.people),
            workstation_filter=WORKSTATION_FILTER,
            seal=Sealer(read_public_key(public_key)).seal,
            delivered=names or ("domain",),
            joined=(),
            now=hours or FakeClock(),
        )
        return OutboxHarness(
            passwords=passwords_of(settings, pools, propagation),
            outbox=LdapOutbox(pools.worker, settings.people),
            unseal=Unsealer([read_private_key(private_key)]),
            keys=(private_key,),
            seconds=FakeMonotonicClock(),
            delivery=delivery_check_of(settings, pools, hours or FakeClock()),
        )

    yield harness
    for pools in opened:
        pools.close()


@pytest.fixture
def harness(open_harness: Callable[..., OutboxHarness]) -> OutboxHarness:
    return open_harness()


@pytest.fixture
def durand(directory: SlapdServer) -> str:
    """Somebody of the rectorat."""
    return directory.add_person("fdurand4", departmentNumber="rectorat")
