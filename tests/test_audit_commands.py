"""The commands of the handbook that read the audit, on an audit with one event of each kind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.page_steps import page_steps

EVENTS = (
    ("2026-11-26T21:59:59.000001Z", "change", "changed", "early"),
    ("2026-11-26T22:00:01.000001Z", "change", "changed", "fdurand4"),
    ("2026-11-27T08:00:00.000001Z", "reset", "reset", "fdurand4"),
    ("2026-11-27T08:00:01.000001Z", "capture", "captured", "svincent"),
    ("2026-11-27T08:00:02.000001Z", "change", "credentials", "amartin2"),
    ("2026-11-27T08:00:03.000001Z", "dispute", "disputed", "pleroy"),
)


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    file = tmp_path / "audit.log"
    names = ("time", "service", "outcome", "login")
    file.write_text("".join(json.dumps(dict(zip(names, event, strict=True))) + "\n" for event in EVENTS))
    return file


def answer_of(command: str, audit: Path) -> list[str]:
    """The lines that the page's command prints for this audit."""
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", command.replace("/var/log/mamia/audit.log", str(audit))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


class TestOperate:
    def test_when_it_is_asked_who_changed_a_password_then_every_change_is_named_with_its_service(self, audit):
        changes, _, _ = page_steps("operate.md", "## Audit")

        answer = [line.split("\t") for line in answer_of(changes.text, audit)]

        assert answer == [[time, login, service] for time, service, _, login in EVENTS[:4]]

    def test_when_it_is_asked_who_reported_a_misuse_then_the_reports_are_named(self, audit):
        _, reports, _ = page_steps("operate.md", "## Audit")

        answer = [line.split("\t") for line in answer_of(reports.text, audit)]

        assert [line[1] for line in answer] == ["pleroy"]

    def test_when_it_is_asked_about_one_person_then_the_events_of_nobody_else_are_shown(self, audit):
        _, _, one_person = page_steps("operate.md", "## Audit")

        answer = [json.loads(line) for line in answer_of(one_person.text, audit)]

        assert [event["login"] for event in answer] == ["svincent"]


class TestRestore:
    def test_when_it_is_asked_since_the_backup_then_each_person_who_changed_since_is_named_once(self, audit):
        [since] = [one for one in page_steps("restore.md", "## Steps") if one.text.startswith("jq")]

        assert answer_of(since.text, audit) == ["fdurand4", "svincent"]
