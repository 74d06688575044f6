"""A Debian that nobody booted: an overlay on a root, entered by chroot, as in an image or a rescue system."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ENTER = """
set -e
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs tmpfs "$1/root/run"
exec env -i DEBIAN_FRONTEND=noninteractive HOME=/root LANG=C.UTF-8 TERM=dumb \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$1/root" bash -c "$2"
"""
"""Its mounts and processes are in namespaces of their own, and end with the command."""


@dataclass
class ChrootedSystem:
    """`lower`: folders, the highest first, that stay as they are."""

    lower: Sequence[Path]
    folder: Path

    def __post_init__(self) -> None:
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash inside, as root; its output and errors are one text."""
        alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", ENTER]
        layers = ":".join(str(one) for one in self.lower)
        return subprocess.run(
            [*alone, layers, str(self.folder), script],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip

    def done(self, script: str) -> str:
        """Run a script that must succeed, and return its output."""
        run = self.run(f"set -e; {script}")
        assert run.returncode == 0, run.stdout[-4000:]
        return run.stdout

    def bring(self, file: Path, to: str = "/root/") -> str:
        """Copy a file into the system, and return its path there."""
        target = self.folder / "upper" / to.strip("/") / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
        return f"/{to.strip('/')}/{file.name}"

    def discard(self) -> None:
        """Remove the disk."""
        shutil.rmtree(self.folder, ignore_errors=True)
