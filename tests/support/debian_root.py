"""Roots of bare Debian systems, made once and kept in var/systems/; whoever boots one puts an overlay on it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MIRROR = os.environ.get("MIRROR", "http://deb.debian.org/debian")
FOLDER = Path(__file__).parents[2] / "var" / "systems"
SUITES = {"bookworm": "Debian 12", "trixie": "Debian 13"}
INSIDE = """
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/root
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1,workdir=$2" /mnt/root
cp "$3" /mnt/root/package.deb
mount -t proc proc /mnt/root/proc
mount --rbind /dev /mnt/root/dev
env -i DEBIAN_FRONTEND=noninteractive HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot /mnt/root bash -ec "$4"
rm /mnt/root/package.deb
"""
"""Its mounts are in a namespace of its own, and end with it."""


def bare_root(suite: str) -> Path:
    """Return the root of what Debian's installer leaves without any task: nothing of ours is there."""
    root = FOLDER / suite
    with _making(root) as partial:
        if partial:
            command = ["debootstrap", suite, str(partial), MIRROR]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
            # Packages are fetched as this machine fetches them.
            shutil.copy("/etc/resolv.conf", partial / "etc/resolv.conf")
            (partial / "etc/machine-id").write_text("")
    return root


def root_with_downloads(suite: str, package: Path, names: Sequence[str]) -> Path:
    """Return a layer for `bare_root`, which holds the files of packages that apt would fetch; none is installed.

    `package`: a .deb whose dependencies are fetched, `names`: packages of Debian with theirs.
    """
    depends = subprocess.run(
        ["dpkg-deb", "--field", package, "Depends", "Recommends"], capture_output=True, check=True
    )
    key = hashlib.sha256(depends.stdout + " ".join(names).encode()).hexdigest()[:12]
    layer, bare = FOLDER / f"{suite}-{key}", bare_root(suite)
    with _making(layer) as partial:
        if partial:
            script = f"apt-get update -qq; apt-get install --yes --download-only /package.deb {' '.join(names)}"
            work = partial.with_name(f"{partial.name}.work")
            work.mkdir(exist_ok=True)
            alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c"]
            command = [*alone, INSIDE, *map(str, (bare, partial, work, package)), script]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            shutil.rmtree(work)
    return layer


@contextmanager
def _making(folder: Path) -> Iterator[Path | None]:
    """Yield a folder to fill, which becomes `folder` when the block ends; None if another process has made it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            yield None
            return
        partial = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        yield partial
        partial.rename(folder)
