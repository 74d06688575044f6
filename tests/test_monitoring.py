"""Alert rules and dashboard: well formed, and about series that there are."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from gateway.metrics import Metrics

FOLDER = Path(__file__).parents[1] / "docker" / "monitoring"


@pytest.fixture
def series():
    """Names that the gateway gives, with the endings of their kinds."""
    names = set()
    for family in Metrics().registry().collect():
        endings = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",)}.get(family.type, ("",))
        names |= {family.name + ending for ending in endings}
    return names


def rules():
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return group["rules"]


def panels():
    return json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]


def used(expressions):
    return set(re.findall(r"\bmamia_\w+", " ".join(expressions)))


def test_alerts_when_prometheus_reads_them_then_it_finds_no_fault():
    done = subprocess.run(["promtool", "check", "rules", FOLDER / "alerts.yaml"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_alert_when_the_store_fills_up_then_it_fires_before_it_is_full(tmp_path):
    """One percent a minute: at 80 minutes it has fired for two, and a fifth of the memory is left."""
    test = {
        "rule_files": [str(FOLDER / "alerts.yaml")],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": 'mamia_store_full_ratio{job="mamia"}', "values": "0+0.01x100"}],
                "alert_rule_test": [
                    {"eval_time": "70m", "alertname": "MamiaStoreFilling", "exp_alerts": []},
                    {
                        "eval_time": "80m",
                        "alertname": "MamiaStoreFilling",
                        "exp_alerts": [firing("MamiaStoreFilling")],
                    },
                ],
            }
        ],
    }
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))

    done = subprocess.run(["promtool", "test", "rules", tmp_path / "test.yaml"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def firing(alert):
    [rule] = [rule for rule in rules() if rule["alert"] == alert]
    return {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}


def test_alerts_when_they_fire_then_they_say_what_it_means_and_how_to_mend_it():
    assert all({"summary", "mend"} <= set(rule["annotations"]) for rule in rules())


def test_alerts_and_dashboard_when_they_name_series_then_the_gateway_gives_them(series):
    expressions = [rule["expr"] for rule in rules()]
    expressions += [target["expr"] for panel in panels() for target in panel["targets"]]

    assert used(expressions) <= series


def test_dashboard_when_read_then_every_series_is_on_it(series):
    shown = used([target["expr"] for panel in panels() for target in panel["targets"]])

    bases = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in series}
    missing = bases - {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in shown}
    assert missing <= {"mamia_propagation_attempts"}
