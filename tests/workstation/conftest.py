"""The outbox on a real slapd, and workers at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateway.account.model import Secret
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
from gateway.workstation.deliver import DeliveryConfig, DeliveryWorker
from tests.support.fake_target import LEASE, FakeClock, FakeMonotonicClock, FakeTarget
from tests.support.gateway_settings import SERVICES, settings_for


@dataclass
class OutboxHarness:
    """Changes passwords as the pages do, and makes workers."""

    passwords: LdapPasswords
    outbox: LdapOutbox
    unseal: Unsealer
    keys: tuple
    seconds: FakeMonotonicClock
    delivery: LdapDeliveryCheck

    def change(self, login: str, current: str, new: str):
        account = self.passwords.authenticate(login, Secret(current), lambda account: True)
        assert account is not None
        return self.passwords.set_password(account, Secret(new))

    def worker(
        self, *targets: FakeTarget, name: str = "worker", hours: FakeClock | None = None, unseal=None, audit=None
    ) -> DeliveryWorker:
        return DeliveryWorker(
            worker=name,
            outbox=self.outbox,
            targets={target.name: target for target in targets},
            unseal=unseal or self.unseal,
            delivery=self.delivery,
            now=hours or FakeClock(),
            monotonic=self.seconds,
            config=DeliveryConfig(lease_seconds=LEASE),
            audit=audit or (lambda *_, **__: None),
        )


@pytest.fixture
def domain() -> FakeTarget:
    return FakeTarget()


@pytest.fixture
def open_harness(directory, tmp_path) -> Iterator[Callable[..., OutboxHarness]]:
    """Opens an office that delivers to the targets named; `people` adds to [people] of the settings."""
    pools: list[ConnectionPool] = []
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")

    def harness(*names: str, hours: FakeClock | None = None, **people: str | list[str]) -> OutboxHarness:
        settings = settings_for(directory, people=people)
        sync = settings.directory.model_copy(
            update={
                "bind_dn": f"cn=sync,{SERVICES}",
                "bind_password": type(settings.directory.bind_password)(directory.slapd.password("sync")),
            }
        )
        servers, workers_servers = LdapServers(settings.directory), LdapServers(sync)
        service, trials, worker, user_binds = (
            ConnectionPool(settings.directory, servers, as_service=True),
            ConnectionPool(settings.directory, servers, as_service=False),
            ConnectionPool(sync, workers_servers, as_service=True),
            ConnectionPool(sync, workers_servers, as_service=False),
        )
        pools.extend((service, trials, worker, user_binds))
        mapping = PeopleMapping(settings.people)
        propagation = LdapPropagation(
            service=service,
            mapping=mapping,
            workstation_filter="(departmentNumber=rectorat)",
            seal=Sealer(read_public_key(tmp_path / "worker.pub")).seal,
            delivered=names or ("domain",),
            joined=(),
            now=hours or FakeClock(),
        )
        passwords = LdapPasswords(
            service=service,
            user_binds=trials,
            writer=PasswordWriter(service, trials, mapping, proves_by_bind=False),
            mapping=mapping,
            decoy_dn=settings.directory.decoy_dn,
            lockout=timedelta(minutes=15),
            policies=Policies(service),
            initial_policy=None,
            propagation=propagation,
            protected=ProtectedPeople(service, settings.people),
        )
        unseal = Unsealer([read_private_key(tmp_path / "worker.key")])
        delivery = LdapDeliveryCheck(
            worker=worker,
            user_binds=user_binds,
            people=settings.people,
            workstation_filter="(departmentNumber=rectorat)",
            protected=ProtectedPeople(worker, settings.people),
            lockout=timedelta(minutes=15),
            now=hours or FakeClock(),
        )
        outbox = LdapOutbox(worker, settings.people)
        return OutboxHarness(passwords, outbox, unseal, (tmp_path / "worker.key",), FakeMonotonicClock(), delivery)

    yield harness
    for pool in pools:
        pool.close()


@pytest.fixture
def harness(open_harness) -> OutboxHarness:
    return open_harness()


@pytest.fixture
def durand(directory) -> str:
    """Somebody of the rectorat."""
    return directory.add_person("fdurand4", departmentNumber="rectorat")
