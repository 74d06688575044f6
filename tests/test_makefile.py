"""`make` on a machine where it can't work: its first line says so, and what to do instead."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOO_OLD = """#!/bin/sh
case "$2" in *print*) echo 3.9;; *) exit 1;; esac
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The only folder on the PATH: what a make and a shell need, and nothing of Debian's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("id", "sed", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def add(tools: Path, name: str, text: str) -> None:
    (tools / name).write_text(text)
    (tools / name).chmod(0o755)


def first_line(tools: Path, target: str) -> str:
    make = shutil.which("make")
    assert make
    done = subprocess.run([make, target], cwd=ROOT, env={"PATH": str(tools)}, capture_output=True, text=True)
    assert done.returncode != 0
    return (done.stdout + done.stderr).splitlines()[0]


class TestMake:
    @pytest.mark.parametrize("target", ["demo", "test", "check"])
    def test_when_apt_is_missing_then_its_first_line_says_so_and_leads_to_the_containers(self, tools, target):
        (tools / "python3").symlink_to(sys.executable)

        line = first_line(tools, target)

        assert "apt-get is missing" in line
        assert "containers" in line

    @pytest.mark.parametrize("python, reported", [(None, "missing"), (TOO_OLD, "3.9")])
    def test_when_there_is_no_suitable_python_then_its_first_line_says_so(self, tools, python, reported):
        add(tools, "apt-get", "#!/bin/sh\n")
        if python:
            add(tools, "python3", python)

        line = first_line(tools, "demo")

        assert line.startswith(f"This needs Python 3.11 or later; python3 is {reported}.")
        assert "containers" in line
