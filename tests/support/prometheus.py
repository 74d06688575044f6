"""A real Prometheus with the files of deploy/monitoring, that scrapes what a test runs."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support.polling import wait_until
from tests.support.ports import free_port

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"
RULES = FOLDER / "alerts.yaml"
CONFIG = FOLDER / "prometheus.yml"
WINDOW = "15s"
"""Over which rates are taken, instead of minutes and hours."""


@dataclass
class Prometheus:
    folder: Path
    jobs: dict[str, int]
    """From the name of each job of the file to the port on 127.0.0.1 that it scrapes instead."""
    is_quick: bool = True
    """Whether alerts fire after seconds, instead of minutes and hours as in the file."""
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        self.folder.mkdir()
        rules = RULES.read_text()
        (self.folder / "rules.yaml").write_text(quick_rules(rules) if self.is_quick else rules)
        config = yaml.safe_load(CONFIG.read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = ["rules.yaml"]
        for job in config["scrape_configs"]:
            job["static_configs"] = [{"targets": [f"127.0.0.1:{self.jobs[job['job_name']]}"]}]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        command = [
            "prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._is_ready)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)

    def firing(self) -> set[str]:
        """Names of the alerts that fire now."""
        alerts = self._ask("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def health(self) -> dict[str, str]:
        """From the name of each alert to whether its expression could be evaluated: "ok", "err" or "unknown"."""
        return {rule["name"]: rule["health"] for group in self._ask("rules")["groups"] for rule in group["rules"]}

    def query(self, expression: str) -> list[Any]:
        """What an expression gives now."""
        found: list[Any] = self._ask("query", query=expression)["result"]
        return found

    def up(self) -> set[str]:
        return {found["metric"]["job"] for found in self.query("up == 1")}

    def _ask(self, what: str, **parameters: str) -> Any:
        answer = requests.get(f"http://127.0.0.1:{self.port}/api/v1/{what}", params=parameters, timeout=30)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).ok
        except requests.ConnectionError:
            return False


def quick_rules(text: str) -> str:
    """The same rules, which fire after two seconds, with rates over a short time."""
    return re.sub(r"for: \d+[mh]", "for: 2s", re.sub(r"\[\d+[mh]\]", f"[{WINDOW}]", text))
