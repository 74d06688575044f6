"""The unit and the compose file of the worker."""

from __future__ import annotations

import configparser
from pathlib import Path

import yaml

DOCKER = Path(__file__).parents[2] / "docker"


def test_unit_when_read_then_it_runs_the_worker_as_a_user_of_its_own_and_lets_it_finish():
    unit = configparser.ConfigParser(strict=False)
    unit.optionxform = str
    unit.read(DOCKER / "systemd" / "mamia-sync.service")

    service = unit["Service"]
    assert service["ExecStart"].endswith("/mamia sync")
    assert service["User"] == "mamia-sync"
    assert int(service["TimeoutStopSec"]) >= 30
    assert service["LimitCORE"] == "0"


def test_compose_when_read_then_only_the_worker_gets_the_private_key():
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]

    assert services["worker"]["command"] == ["mamia", "sync"]
    assert "worker_key" in services["worker"]["secrets"]
    assert "worker_key" not in services["web"]["secrets"]
    assert services["web"]["user"] != services["worker"]["user"]
