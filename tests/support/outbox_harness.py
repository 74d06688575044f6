"""The outbox on a real slapd, with what fills it and what delivers from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.account.model import Secret
from gateway.account.outcomes import Changed, Refused
from gateway.directory.delivery_check import LdapDeliveryCheck
from gateway.directory.outbox import LdapOutbox
from gateway.directory.passwords import LdapPasswords
from gateway.protection.seal import Unsealer
from gateway.workstation.deliver import DeliveryConfig, DeliveryWorker
from tests.support.authenticated import account_of
from tests.support.fake_target import LEASE, FakeClock, FakeMonotonicClock, FakeTarget


@dataclass
class OutboxHarness:
    """Changes passwords as the pages do, and makes workers."""

    passwords: LdapPasswords
    outbox: LdapOutbox
    unseal: Unsealer
    keys: tuple[Path, ...]
    seconds: FakeMonotonicClock
    delivery: LdapDeliveryCheck

    def change(self, login: str, current: str, new: str) -> Changed | Refused:
        return self.passwords.set_password(account_of(self.passwords, login, current), Secret(new))

    def worker(
        self,
        *targets: FakeTarget,
        name: str = "worker",
        hours: FakeClock | None = None,
        unseal: Unsealer | None = None,
        audit: Callable[..., None] | None = None,
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
