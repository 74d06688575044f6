"""The outbox on a real slapd, and workers at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from conftest import SERVICES, settings_for
from workstation_double import LEASE, Domain, Hours, Seconds

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
from gateway.workstation.deliver import Courier, Pace


@dataclass
class Office:
    """Changes passwords as the pages do, and makes workers."""

    passwords: LdapPasswords
    outbox: LdapOutbox
    unseal: Unsealer
    keys: tuple
    seconds: Seconds
    delivery: LdapDeliveryCheck

    def change(self, login: str, current: str, new: str):
        account = self.passwords.held_by(login, Secret(current), lambda account: True)
        assert account is not None
        return self.passwords.replace(account, Secret(new))

    def worker(
        self, *targets: Domain, name: str = "worker", hours: Hours | None = None, unseal=None, audit=None
    ) -> Courier:
        return Courier(
            worker=name,
            outbox=self.outbox,
            targets={target.name: target for target in targets},
            unseal=unseal or self.unseal,
            delivery=self.delivery,
            now=hours or Hours(),
            monotonic=self.seconds,
            pace=Pace(lease_seconds=LEASE),
            audit=audit or (lambda *_, **__: None),
        )


@pytest.fixture
def domain() -> Domain:
    return Domain()


@pytest.fixture
def open_office(directory, tmp_path) -> Iterator[Callable[..., Office]]:
    """Opens an office that delivers to the targets named; `people` adds to [people] of the settings."""
    pools: list[ConnectionPool] = []
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")

    def office(*names: str, hours: Hours | None = None, **people: str | list[str]) -> Office:
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
            now=hours or Hours(),
        )
        passwords = LdapPasswords(
            service=service,
            trials=trials,
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
            now=hours or Hours(),
        )
        outbox = LdapOutbox(worker, settings.people)
        return Office(passwords, outbox, unseal, (tmp_path / "worker.key",), Seconds(), delivery)

    yield office
    for pool in pools:
        pool.close()


@pytest.fixture
def office(open_office) -> Office:
    return open_office()


@pytest.fixture
def durand(directory) -> str:
    """Somebody of the rectorat."""
    return directory.add_person("fdurand4", departmentNumber="rectorat")
