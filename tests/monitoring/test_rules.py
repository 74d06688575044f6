"""Alert rules and dashboard: well formed, and about series that there are."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
import yaml

from gateway.metrics import Metrics
from gateway.services.week import CHANGED, FOUND, RESET, STEPS
from tests.support.alert_faults import FAULTS
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.prometheus import CONFIG, FOLDER, Prometheus


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


def assert_alert(folder, name, series, values, *, quiet_at, fires_at, labels=()):
    """Whether that alert fires at one time and not at the other, by Prometheus' own reckoning."""
    rule_tests = [
        {"eval_time": quiet_at, "alertname": name, "exp_alerts": []},
        {"eval_time": fires_at, "alertname": name, "exp_alerts": [firing(name, dict(labels))]},
    ]
    inputs = {"interval": "1m", "input_series": [{"series": series, "values": values}], "alert_rule_test": rule_tests}
    (folder / "test.yaml").write_text(
        yaml.safe_dump({"rule_files": [str(FOLDER / "alerts.yaml")], "tests": [inputs]})
    )

    done = subprocess.run(["promtool", "test", "rules", folder / "test.yaml"], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


class TestAlert:
    def test_when_the_store_fills_up_then_it_fires_before_it_is_full(self, tmp_path):
        """One percent a minute: at 80 minutes it has fired for two, and a fifth of the memory is left."""
        series = 'mamia_store_full_ratio{job="mamia"}'

        assert_alert(tmp_path, "MamiaStoreFilling", series, "0+0.01x100", quiet_at="70m", fires_at="80m")

    def test_when_a_service_account_is_connected_from_elsewhere_then_it_fires_at_once(self, tmp_path):
        labels = {"server": "ldaps://ldap1.ac-example.fr", "account": "gateway"}
        series = 'mamia_directory_service_connections{server="ldaps://ldap1.ac-example.fr",account="gateway",expected="no"}'

        assert_alert(
            tmp_path, "MamiaForeignServiceConnection", series, "0 0 1 1", quiet_at="1m", fires_at="2m", labels=labels
        )

    def test_when_numbers_are_tried_then_it_fires_and_the_busiest_pages_do_not_set_it_off(self, tmp_path):
        """20,000 a minute is what the pages can ask for at most, 120,000 half of what a stolen password did."""
        labels = {"server": "ldaps://ldap1.ac-example.fr"}
        series = 'mamia_directory_operations{server="ldaps://ldap1.ac-example.fr",operation="compare"}'

        assert_alert(
            tmp_path,
            "MamiaManyCompares",
            series,
            "0+20000x30 600000+120000x30",
            quiet_at="30m",
            fires_at="45m",
            labels=labels,
        )

    def test_when_passwords_are_held_after_a_restore_then_it_fires_at_once(self, tmp_path):
        labels = {"target": "windows"}

        assert_alert(
            tmp_path, "MamiaDirectoryRestored", 'mamia_propagation_held{target="windows"}', "0 0 3",
            quiet_at="1m", fires_at="2m", labels=labels,
        )  # fmt: skip


def firing(alert, labels):
    [rule] = [rule for rule in rules() if rule["alert"] == alert]
    reported = {name: filled(text, labels) for name, text in rule["annotations"].items()}
    return {"exp_labels": {**rule["labels"], **labels}, "exp_annotations": reported}


def filled(text, labels):
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels[found[1]], text)


class TestAlerts:
    def test_when_prometheus_reads_them_then_it_finds_no_fault(self):
        done = subprocess.run(["promtool", "check", "rules", FOLDER / "alerts.yaml"], capture_output=True, text=True)

        assert done.returncode == 0, done.stdout + done.stderr

    def test_when_a_prometheus_loads_them_as_they_are_then_it_can_evaluate_each(self, tmp_path):
        ports = {"mamia": free_port(), "mamia-sync": free_port()}
        prometheus = Prometheus(tmp_path / "prometheus", ports, is_quick=False)
        prometheus.start()
        try:
            wait_until(lambda: "unknown" not in prometheus.health().values())

            assert prometheus.health() == {rule["alert"]: "ok" for rule in rules()}
        finally:
            prometheus.stop()

    def test_when_there_is_one_then_test_prometheus_lets_it_fire_by_its_fault(self):
        assert sorted(rule["alert"] for rule in rules()) == sorted(FAULTS)

    def test_when_they_fire_then_they_say_what_it_means_and_how_to_fix_it(self):
        assert all({"summary", "runbook", "runbook_url"} <= set(rule["annotations"]) for rule in rules())

    def test_when_they_fire_then_the_handbook_has_a_section_for_each_and_for_nothing_else(self):
        text = (FOLDER.parents[1] / "docs" / "operate.md").read_text()
        sections = re.findall(r"^### (Mamia\w+)$", text, re.MULTILINE)

        assert sorted(sections) == sorted(rule["alert"] for rule in rules())
        assert {rule["annotations"]["runbook_url"] for rule in rules()} == {
            f"operate.html#{name.lower()}" for name in sections
        }


class TestConfig:
    def test_when_prometheus_reads_it_then_it_finds_no_fault(self):
        done = subprocess.run(["promtool", "check", "config", CONFIG], capture_output=True, text=True)

        assert done.returncode == 0, done.stdout + done.stderr

    def test_when_alerts_name_jobs_then_it_has_them(self):
        jobs = {job["job_name"] for job in yaml.safe_load(CONFIG.read_text())["scrape_configs"]}

        assert set(re.findall(r'job="([^"]+)"', " ".join(rule["expr"] for rule in rules()))) == jobs


class TestAlertsAndDashboard:
    def test_when_they_name_series_then_the_gateway_gives_them(self, series):
        expressions = [rule["expr"] for rule in rules()]
        expressions += [target["expr"] for panel in panels() for target in panel["targets"]]

        assert used(expressions) <= series


class TestDashboard:
    def test_when_read_then_every_series_is_on_it(self, series):
        shown = used([target["expr"] for panel in panels() for target in panel["targets"]])

        bases = {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in series}
        missing = bases - {re.sub(r"_(bucket|count|sum|total)$", "", name) for name in shown}
        assert missing <= {"mamia_propagation_attempts"}

    def test_when_read_then_no_success_is_among_what_is_refused(self):
        [refused] = [panel for panel in panels() if panel["title"] == "What is refused"]

        [left_out] = re.findall(r'outcome!~"([^"]+)"', refused["targets"][0]["expr"])

        shown = {
            outcome for service, outcome in FOUND | CHANGED | RESET | STEPS if not re.fullmatch(left_out, outcome)
        }
        assert shown == set()
