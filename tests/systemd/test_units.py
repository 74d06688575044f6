"""The units of the package under a real systemd: reload, activation, the end of a process, rotation, a reboot."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.debian_slapd import PEOPLE
from tests.support.polling import wait_until
from tests.support.served_system import LOGIN, SAVED, ServedSystem, binds

pytestmark = pytest.mark.install

MAX_EXPOSURE = dict.fromkeys(
    ("mamia.service", "mamia-sync.service", "mamia-capture.service", "mamia-remind.service"), 1.5
)
"""Of 10, by `systemd-analyze security`."""
AUDIT = "/var/log/mamia/audit.log"
CHANGED = '"outcome": "changed"'
REFUSED_CALL = re.compile(r"SIGSYS|status=31|core-dump|seccomp|type=1326")
"""In the journal, which has the kernel's and the audit's lines too."""
[(NUMBER, BIRTH_DATE)] = [
    (number, f"{born[6:]}/{born[4:6]}/{born[:4]}") for login, _, _, born, number in PEOPLE if login == LOGIN
]
WEAK = "Azerty-2034!"
"""It keeps the academy's rules, and is easily guessed."""


class TestReload:
    def test_when_new_settings_can_be_used_then_people_see_them_and_the_journal_says_so(self, served):
        mark, former = served.system.end_of_journal(), served.workers()
        with served.settings(academy={"name": "Académie Rechargée"}):
            done = served.system.run("systemctl", "reload", "mamia.service", check=False)

            assert done.returncode == 0, served.system.status("mamia.service")
            assert "Académie Rechargée" in served.text_of("/")
            assert not former & served.workers()
            said = served.system.journal("--after-cursor", mark, "--unit", "mamia.service")
            assert "the service uses the new settings" in said

    def test_when_they_can_not_then_it_fails_and_the_journal_names_the_key(self, served):
        mark, former = served.system.end_of_journal(), served.workers()
        with served.settings(web={"port": "huit"}):
            done = served.system.run("systemctl", "reload", "mamia.service", check=False)

            assert done.returncode != 0
            said = served.system.journal("--after-cursor", mark, "--unit", "mamia.service")
            assert "web.port" in said
            assert "the service uses the new settings" not in said
            assert served.workers() == former
            assert served.status_of("/") == 200

    def test_when_people_ask_meanwhile_then_all_are_answered(self, served):
        with visits(served) as statuses:
            for _ in range(3):
                served.system.run("systemctl", "reload", "mamia.service")
            wait_until(lambda: len(statuses) > 50)

        assert set(statuses) == {200}


@contextmanager
def visits(served: ServedSystem) -> Iterator[list[int]]:
    """Ask for a page again and again, by one connection each, while the block runs; the statuses of the answers."""
    statuses: list[int] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.is_set():
            statuses.append(served.status_of("/"))

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


class TestMinimumStrength:
    def test_when_set_then_passwords_are_judged_in_the_units_sandbox(self, served):
        mark = served.system.end_of_journal()
        with served.settings(restart=["mamia.service"], password={"min_strength": 80}):
            refused = served.refuse(WEAK)
            with served.system.network():
                ticket = served.visitor.open_ticket(LOGIN, NUMBER, BIRTH_DATE)
                refused_in_reset = served.visitor.use_ticket(ticket, WEAK).main
            served.change("Neuf-Chevaux-Bleus-2034!q")

        assert "80" in refused
        assert "80" in refused_in_reset
        assert not REFUSED_CALL.search(served.system.journal("--after-cursor", mark))


class TestListener:
    def test_when_it_does_not_run_then_a_write_of_slapd_starts_it(self, served):
        served.system.run("systemctl", "stop", "mamia-capture.service")
        assert served.system.property("mamia-capture.socket", "ActiveState") == "active"

        served.change("Reveil-Automatique-2034!w")

        served.system.wait_for_state("mamia-capture.service", "active")

    def test_when_it_stands_still_then_the_watchdog_replaces_it(self, served):
        served.change("Avant-Le-Sommeil-2034!w")
        former = served.system.property("mamia-capture.service", "MainPID")

        served.system.run("kill", "-STOP", former)

        wait_until(lambda: served.system.property("mamia-capture.service", "MainPID") not in ("0", former), 120)
        served.change("Apres-Le-Sommeil-2034!w")


class TestProcess:
    @pytest.mark.parametrize("unit", ["mamia.service", "mamia-capture.service"])
    def test_when_it_is_killed_then_another_one_serves(self, served, unit):
        former = served.system.property(unit, "MainPID")

        served.system.run("kill", "-9", former)

        wait_until(lambda: served.system.property(unit, "MainPID") not in ("0", former))
        served.wait_until_ready()
        served.change(f"Apres-La-Fin-2035!{unit[6:9]}")


class TestRotation:
    def test_when_the_audit_is_rotated_then_the_service_goes_on_in_a_new_file_of_its_own(self, served):
        with served.settings(audit={"destination": "file", "file": AUDIT}):
            served.system.run("systemctl", "reload", "mamia.service")
            earlier = served.system.shell(f"grep -c '{CHANGED}' {AUDIT}", check=False).stdout.strip()
            served.change("Avant-La-Rotation-2036!e")
            served.system.run("logrotate", "--force", "/etc/logrotate.d/mamia")
            served.change("Apres-La-Rotation-2036!r")

            [former] = served.system.shell(f"ls {AUDIT}-*").stdout.split()
            assert served.system.read(former).count(CHANGED) == int(earlier or 0) + 1
            assert served.system.read(AUDIT).count(CHANGED) == 1
            assert served.system.run("stat", "-c", "%U %a", AUDIT).stdout.strip() == "mamia 600"


class TestSandbox:
    @pytest.mark.parametrize("unit", MAX_EXPOSURE)
    def test_when_judged_by_systemd_then_it_is_as_closed_as_it_was(self, served, unit):
        judged = served.system.run("systemd-analyze", "security", "--no-pager", unit).stdout
        [exposure] = re.findall(r"Overall exposure level for \S+: ([\d.]+)", judged)

        assert float(exposure) <= MAX_EXPOSURE[unit]

    def test_when_verified_then_systemd_has_nothing_to_say(self, served):
        units = served.system.shell("ls /usr/lib/systemd/system/mamia*").stdout.split()
        done = served.system.run("systemd-analyze", "verify", "--no-pager", *units, check=False)

        assert "mamia" not in done.stdout + done.stderr


class TestReboot:
    def test_when_the_machine_restarts_then_everything_comes_back_alone(self, served):
        served.system.reboot()

        units = (
            "mamia.service",
            "mamia-capture.socket",
            "mamia-check.timer",
            "redis-server.service",
            "nginx.service",
        )
        for unit in units:
            served.system.wait_for_state(unit, "active")
        served.wait_until_ready()
        served.change("Apres-Le-Redemarrage-2037!t")
        assert binds(served.system, served.password)

    def test_when_a_ticket_was_used_before_then_it_is_refused_after_it(self, served):
        with served.system.network():
            used = served.visitor.open_ticket(LOGIN, NUMBER, BIRTH_DATE)
            kept = served.visitor.open_ticket(LOGIN, NUMBER, BIRTH_DATE)
            assert SAVED in served.visitor.use_ticket(used, "Premier-Billet-2038!a").main
        served.password = "Premier-Billet-2038!a"

        served.system.reboot()
        served.wait_until_ready()

        with served.system.network():
            again = served.visitor.use_ticket(used, "Second-Emploi-2038!b").main
            late = served.visitor.use_ticket(kept, "Autre-Billet-2038!c").main
        assert SAVED not in again
        assert SAVED not in late
        assert binds(served.system, served.password)

    def test_when_a_ticket_was_not_used_then_it_serves_after_it(self, served):
        with served.system.network():
            ticket = served.visitor.open_ticket(LOGIN, NUMBER, BIRTH_DATE)

        served.system.reboot()
        served.wait_until_ready()

        with served.system.network():
            assert SAVED in served.visitor.use_ticket(ticket, "Billet-Patient-2039!d").main
        served.password = "Billet-Patient-2039!d"
        assert binds(served.system, served.password)
