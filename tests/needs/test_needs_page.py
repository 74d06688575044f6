"""docs/needs.md is what the declaration says."""

from __future__ import annotations

import json

import pytest

from tests.support.mamia_command import run_mamia
from tests.support.needs_page import PAGE, page
from tests.support.settings_file import write_settings_file


class TestPage:
    def test_when_written_again_then_it_stays_as_it_is(self):
        """`make needs` writes it."""
        assert PAGE.read_text(encoding="utf-8") == page()


@pytest.fixture
def config(server, tmp_path):
    return write_settings_file(tmp_path, server)


class TestCommand:
    def test_when_needs_are_asked_for_then_those_of_the_settings_are_printed(self, config):
        done = run_mamia("check", "--needs", "--config", config)

        assert done.returncode == 0, done.stderr
        assert "| compare | `numen`, `temporaryAgentNumber` | people | reset |" in done.stdout
        assert "mamia sync" not in done.stdout

    def test_when_json_is_asked_for_then_each_right_has_its_fields(self, config):
        done = run_mamia("check", "--needs", "--json", "--config", config)

        written = [right for right in json.loads(done.stdout)["rights"] if right["attributes"] == ["userPassword"]]
        assert [(right["account"], right["access"]) for right in written] == [("gateway", "write")]
