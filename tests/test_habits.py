"""The files by which editors, forges and contributors know the project."""

from __future__ import annotations

import configparser
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CHECKER = Path(sys.executable).with_name("check-jsonschema")


class TestForge:
    @pytest.mark.parametrize(
        ("schema", "file"),
        [
            ("vendor.github-workflows", ".github/workflows/check.yml"),
            ("vendor.dependabot", ".github/dependabot.yml"),
        ],
    )
    def test_when_its_files_are_judged_by_their_schema_then_they_are_valid(self, schema, file):
        judged = subprocess.run(
            [CHECKER, "--builtin-schema", schema, ROOT / file], capture_output=True, text=True, check=False
        )

        assert judged.returncode == 0, judged.stdout


class TestPreCommit:
    def test_when_compared_with_make_check_then_it_runs_the_same_tools(self):
        recipe = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
        hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]

        tools = [
            line.strip().removeprefix("$(BIN)/").removesuffix(" . .ci/words") for line in recipe.splitlines()[1:]
        ]

        assert [hook["entry"].removeprefix(".venv/bin/") for hook in hooks] == tools


class TestWorkflow:
    def test_when_it_runs_then_it_does_what_ci_does_on_the_supported_releases(self):
        job = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["debian"]
        tested = (ROOT / "docs/platforms.md").read_text()

        assert job["steps"][-1]["run"] == ".ci/run"
        releases = [image.removeprefix("debian:") for image in job["strategy"]["matrix"]["release"]]
        assert all(f"Debian GNU/Linux {release} " in tested for release in releases)

    def test_when_it_runs_then_it_builds_the_handbook_strictly(self):
        steps = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]["docs"]["steps"]
        recipe = (ROOT / "Makefile").read_text().partition("\ndocs:")[2].partition("\n\n")[0]

        assert "make docs" in [step.get("run") for step in steps]
        assert "--fail-on-warning" in recipe


class TestEditors:
    def test_when_they_read_their_file_then_lines_are_as_long_as_the_linter_allows(self):
        limit = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["line-length"]

        assert f"max_line_length = {limit}" in (ROOT / ".editorconfig").read_text()


class TestLicence:
    def test_when_it_is_read_then_it_is_the_one_that_the_package_names(self):
        assert "\nlicense = MIT\n" in (ROOT / "setup.cfg").read_text()
        assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")


class TestDemo:
    def test_when_its_contract_is_read_then_no_other_package_may_import_it(self):
        setup = configparser.ConfigParser()
        setup.read(ROOT / "setup.cfg")
        held = setup["importlinter:contract:demo"]["source_modules"].split()

        files = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "gateway/*.py"], capture_output=True, text=True, check=True
        )
        there = {file.split("/")[1].removesuffix(".py") for file in files.stdout.split()} - {"__init__", "demo"}
        assert {module.removeprefix("gateway.") for module in held} == there
