"""The units and the compose file of the web service and the worker."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"


MOST_EXPOSED = 2.0
"""On systemd's own scale, from 0 to 10."""


@pytest.mark.parametrize("name, command", [("mamia", "serve"), ("mamia-sync", "sync")])
def test_unit_when_read_then_it_runs_as_a_user_of_its_own_and_lets_what_is_in_hand_finish(name, command):
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str
    unit.read(DOCKER / "systemd" / f"{name}.service")

    service = unit["Service"]
    assert service["ExecStart"].endswith(f"/mamia {command}")
    assert service["User"] == name
    assert int(service["TimeoutStopSec"]) >= 30
    assert service["LimitCORE"] == "0"


@pytest.mark.parametrize("name", ["mamia", "mamia-sync"])
def test_unit_when_systemd_rates_it_then_it_is_hardly_exposed(name):
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", DOCKER / "systemd" / f"{name}.service"]

    told = subprocess.run(command, capture_output=True, text=True).stdout

    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)[1]) < MOST_EXPOSED


def test_compose_when_read_then_only_the_worker_gets_the_private_key():
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]

    assert services["worker"]["command"] == ["mamia", "sync"]
    assert "worker_key" in services["worker"]["secrets"]
    assert "worker_key" not in services["web"]["secrets"]
    assert services["web"]["user"] != services["worker"]["user"]
