"""What a Dockerfile does, done in a scratch folder: no engine is needed, and nothing of this machine is touched.

Absolute paths become paths below the folder of their stage; apt-get only simulates. What an image brings is what the
machine has.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

APT_GET = '#!/bin/sh\ncase $1 in install) exec /usr/bin/apt-get --simulate "$@";; esac\n'
_OURS = re.compile(r"(?<![\w.-])/(opt|src|usr/share/mamia|usr/local/sbin|var/lib|run/mamia-capture)\b")


@dataclass
class Dockerfile:
    file: Path
    context: Path
    scratch: Path
    """Where the stages get their folders."""
    instructions: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        lines = [line for line in self.file.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
        pairs = (line.split(maxsplit=1) for line in joined.splitlines() if line.strip())
        self.instructions = [(name, rest) for name, rest in pairs]

    @property
    def copied(self) -> list[str]:
        """The paths of the context that get into the image."""
        found = [rest.split() for name, rest in self.instructions if name == "COPY" and "--from=" not in rest]
        return [path for words in found for path in [w for w in words if not w.startswith("--")][:-1]]

    @property
    def ignored(self) -> list[str]:
        return self.file.with_name(self.file.name + ".dockerignore").read_text().split()

    def last(self, instruction: str) -> str:
        return [rest for name, rest in self.instructions if name == instruction][-1]

    def build(self) -> Path:
        """Do all of it; the folder that stands for the image's root."""
        (self.scratch / "bin").mkdir(parents=True)
        apt_get = self.scratch / "bin" / "apt-get"
        apt_get.write_text(APT_GET)
        apt_get.chmod(0o755)
        root = workdir = self.scratch
        for name, rest in self.instructions:
            if name == "FROM":
                root = workdir = self._root(rest.split(" AS ")[-1])
                root.mkdir()
            elif name == "WORKDIR":
                workdir = root / rest.lstrip("/")
                workdir.mkdir(parents=True)
            elif name == "COPY":
                self._copy(rest.split(), root, workdir)
            elif name == "RUN":
                self._run(rest, root, workdir)
        return root

    def _root(self, stage: str) -> Path:
        return self.scratch / re.sub(r"\W", "-", stage)

    def _copy(self, words: list[str], root: Path, workdir: Path) -> None:
        options = [word for word in words if word.startswith("--")]
        *sources, target = [word for word in words if not word.startswith("--")]
        stages = [option.removeprefix("--from=") for option in options if option.startswith("--from=")]
        origin = self._root(stages[0]) if stages else self.context
        goal = root / target.lstrip("/") if target.startswith("/") else workdir / target
        for source in sources:
            found = origin / source.lstrip("/")
            if found.is_dir():
                ignore = shutil.ignore_patterns("__pycache__", "vendor")
                shutil.copytree(found, goal, dirs_exist_ok=True, symlinks=True, ignore=None if stages else ignore)
                continue
            place = goal / found.name if target.endswith("/") else goal
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(found, place)

    def _run(self, command: str, root: Path, workdir: Path) -> None:
        here = _OURS.sub(lambda found: f"{root}{found.group(0)}", command)
        # npm may have come with the packages of the tests.
        path = f"{self.scratch / 'bin'}:{os.environ['PATH']}:{Path(sys.executable).parent}"
        done = subprocess.run(
            ["sh", "-c", here], cwd=workdir, env={**os.environ, "PATH": path}, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{here}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
