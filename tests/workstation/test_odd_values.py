"""Whatever slapd lets our own attributes hold: a password reaches the workstation, and what is held stays."""

from __future__ import annotations

from tests.support.fake_target import FakeTarget
from tests.support.odd_values import add_odd_people
from tests.support.outbox_harness import OutboxHarness
from tests.support.slapd_server import PASSWORD, SlapdServer

KEY, NEW = "a key for tests that is long enough, 1", "Nouveau-2025"


class TestDelivery:
    def test_when_values_are_odd_then_each_password_is_delivered_and_no_value_is_lost(
        self, directory: SlapdServer, harness: OutboxHarness, domain: FakeTarget
    ) -> None:
        people = add_odd_people(directory, KEY)
        for login in people:
            directory.set(login, "departmentNumber", "rectorat")
        before = {login: directory.read_raw(login)["mamiaRecovery"] for login in people}
        for login in people:
            harness.change(login, PASSWORD, NEW)

        harness.worker(domain).run_once()

        assert domain.passwords == dict.fromkeys(people, NEW)
        assert {login: directory.read_raw(login)["mamiaRecovery"] for login in people} == before
