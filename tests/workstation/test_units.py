"""What systemd is given: units, users, folders."""

from __future__ import annotations

import configparser
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.matching import first_match

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
MAX_EXPOSED = 2.0
"""On systemd's own scale, from 0 to 10."""


class CaseSensitiveParser(configparser.ConfigParser):
    """Reads a unit file: systemd tells User from user."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


class TestUnit:
    @pytest.mark.parametrize(
        "name, command", [("mamia", "serve"), ("mamia-sync", "sync"), ("mamia-capture", "capture")]
    )
    def test_when_read_then_it_runs_as_a_user_of_its_own_and_lets_what_is_in_hand_finish(self, name, command):
        unit = CaseSensitiveParser(strict=False)
        unit.read(SYSTEMD / f"{name}.service")

        service = unit["Service"]
        assert service["ExecStart"].endswith(f"/mamia {command}")
        assert service["User"] == name
        assert int(service["TimeoutStopSec"]) >= 30
        assert service["LimitCORE"] == "0"

    @pytest.mark.parametrize("name", ["mamia", "mamia-sync", "mamia-capture"])
    def test_when_systemd_rates_it_then_it_is_hardly_exposed(self, name):
        command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(SYSTEMD / f"{name}.service")]

        reported = subprocess.run(command, capture_output=True, text=True).stdout

        assert float(first_match(r"Overall exposure level for \S+: ([0-9.]+)", reported)[1]) < MAX_EXPOSED


class TestListener:
    def test_when_it_dies_or_stands_still_then_systemd_holds_its_socket_and_never_gives_up(self):
        socket_, service = (
            (SYSTEMD / f"mamia-capture.{kind}").read_text().splitlines() for kind in ("socket", "service")
        )

        assert {"SocketGroup=openldap", "SocketMode=0660", "Backlog=4096"} <= set(socket_)
        assert {"Type=notify", "WatchdogSec=10", "StartLimitIntervalSec=0", "Restart=always"} <= set(service)
        assert "Requires=mamia-capture.socket" in service


@pytest.fixture
def root(tmp_path):
    """A machine's root with our users and folders, as systemd makes them."""
    (tmp_path / "etc" / "mamia").mkdir(parents=True)
    for name in ("mamia.toml", "secret_keys", "gateway.password", "worker.key"):
        (tmp_path / "etc" / "mamia" / name).touch()
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", SYSTEMD / "mamia.sysusers"], check=True)
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={tmp_path}", SYSTEMD / "mamia.tmpfiles"], check=True)
    return tmp_path


class TestFile:
    @pytest.mark.parametrize(
        "name, readers",
        [
            ("worker.key", {"mamia-sync"}),
            ("secret_keys", {"mamia"}),
            ("gateway.password", {"mamia"}),
            ("mamia.toml", {"mamia", "mamia-sync", "mamia-capture"}),
        ],
    )
    def test_when_systemd_owns_it_then_nobody_reads_it_but_the_processes_that_need_it(self, root, name, readers):
        file = (root / "etc/mamia" / name).stat()
        if name != "mamia.toml":
            owners = [line.split(":") for line in (root / "etc/passwd").read_text().splitlines()]
            assert stat.S_IMODE(file.st_mode) == 0o600
            assert {row[0] for row in owners if row[2] == str(file.st_uid)} == readers
            return
        groups = [line.split(":") for line in (root / "etc/group").read_text().splitlines()]
        [(group, members)] = [(row[0], row[3]) for row in groups if row[2] == str(file.st_gid)]

        assert stat.S_IMODE(file.st_mode) == 0o640
        # A user's own group has no members written down.
        assert ({user for user in members.split(",") if user} or {group}) == readers


class TestFolder:
    def test_when_systemd_makes_it_then_the_proxy_may_enter_it_and_reads_no_secret(self, root):
        """For web.socket, which any process that enters may connect to."""
        folder = (root / "run/mamia-web").stat()
        groups = {row[2]: row for row in (line.split(":") for line in (root / "etc/group").read_text().splitlines())}

        assert stat.S_IMODE(folder.st_mode) == 0o710
        assert groups[str(folder.st_gid)][0] == "mamia-proxy"
        assert [row[0] for row in groups.values() if "www-data" in row[3].split(",")] == ["mamia-proxy"]
