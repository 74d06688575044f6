"""Whatever slapd lets our own attributes hold: the listener lets it be written, and seals passwords as before."""

from __future__ import annotations

from pathlib import Path

import ldap

from tests.support.capture_process import CaptureProcess
from tests.support.ldap_clients import Person
from tests.support.odd_values import add_odd_people
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD, SlapdServer

KEY, NEW = "a key for tests that is long enough, 1", "Neuf-Passe-2026!"


class TestListener:
    def test_when_values_are_odd_then_they_are_written_and_a_new_password_waits_for_the_workstation(
        self, reporting: SlapdServer, capture: CaptureProcess, short_folder: Path
    ) -> None:
        other = Person(reporting, short_folder, "fdurand4")

        people = add_odd_people(reporting, KEY)

        for login in people:
            reporting.set(login, "departmentNumber", "rectorat")
            with reporting.as_person(login) as line:
                line.modify_s(reporting.dn(login), [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])
        wait_until(lambda: all("mamiaPendingSecret" in reporting.read(login) for login in people))
        with reporting.as_person(other.login, PASSWORD) as line:
            line.modify_s(other.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])
        wait_until(lambda: other.waiting == NEW)
        assert capture.is_running
