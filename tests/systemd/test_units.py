"""The units of the package under a real systemd: reload, activation, the end of a process, rotation, a reboot."""

from __future__ import annotations

import re

import pytest

from tests.support.polling import wait_until
from tests.support.served_system import binds

pytestmark = pytest.mark.install

MAX_EXPOSURE = {"mamia.service": 1.9, "mamia-sync.service": 1.9, "mamia-capture.service": 1.9}
"""Of 10, by `systemd-analyze security`."""
AUDIT = "/var/log/mamia/audit.log"


def processes_of(served, unit):
    return served.system.property(unit, "MainPID"), served.system.run(
        "systemctl", "show", "--property", "NRestarts", "--value", unit
    ).stdout


class TestReload:
    def test_when_new_settings_can_be_used_then_people_see_them_and_the_journal_says_so(self, served):
        with served.settings("academy", name="Académie Rechargée"):
            done = served.system.run("systemctl", "reload", "mamia.service", check=False)

            assert done.returncode == 0, served.system.status("mamia.service")
            assert "Académie Rechargée" in served.text_of("/")
        assert "the service uses the new settings" in served.system.journal("--unit", "mamia.service")

    def test_when_they_can_not_then_it_fails_and_the_journal_names_the_key(self, served):
        before = processes_of(served, "mamia.service")
        with served.settings("web", port="huit"):
            done = served.system.run("systemctl", "reload", "mamia.service", check=False)

            assert done.returncode != 0
            assert "web.port" in served.system.journal("--unit", "mamia.service")
            assert served.status_of("/") == 200
        assert processes_of(served, "mamia.service") == before


class TestMinimumStrength:
    def test_when_set_then_passwords_are_judged_in_the_units_sandbox(self, served):
        with served.settings("password", min_strength=80):
            served.system.run("systemctl", "reload", "mamia.service")
            served.wait_until_ready()
            served.change("Neuf-Chevaux-Bleus-2034!q")

        assert not re.search(r"SIGSYS|status=31|core-dump|seccomp", served.system.journal("--unit", "mamia.service"))


class TestListener:
    def test_when_it_does_not_run_then_a_write_of_slapd_starts_it(self, served):
        served.system.run("systemctl", "stop", "mamia-capture.service")
        assert served.system.property("mamia-capture.socket", "ActiveState") == "active"

        served.change("Reveil-Automatique-2034!w")

        served.system.wait_for_state("mamia-capture.service", "active")


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
        with served.settings("audit", destination="file", file=AUDIT):
            served.system.run("systemctl", "reload", "mamia.service")
            served.change("Avant-La-Rotation-2036!e")
            served.system.run("logrotate", "--force", "/etc/logrotate.d/mamia")
            served.change("Apres-La-Rotation-2036!r")

            [former] = served.system.shell(f"ls {AUDIT}-*").stdout.split()
            assert served.system.read(former).count('"outcome": "changed"') == 1
            assert served.system.read(AUDIT).count('"outcome": "changed"') == 1
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

        for unit in ("mamia.service", "mamia-capture.socket", "redis-server.service", "nginx.service"):
            served.system.wait_for_state(unit, "active")
        served.wait_until_ready()
        served.change("Apres-Le-Redemarrage-2037!t")
        assert binds(served.system, served.password)
