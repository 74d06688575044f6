"""What `make dist` built: the tests of packages install these files."""

from __future__ import annotations

import subprocess
from pathlib import Path

DIST = Path(__file__).parents[2] / "dist"
RELEASES = {"bookworm": "deb12", "trixie": "deb13"}


def built_package(suite: str) -> Path:
    """Return the Debian package for a release of Debian."""
    found = sorted(DIST.glob(f"mamia_*~{RELEASES[suite]}_*.deb"))
    assert found, f"no package for {suite} in {DIST}: run make dist"
    return found[-1]


def with_version(package: Path, version: str, folder: Path) -> Path:
    """Return the same package, built again with another version."""
    tree, file = folder / "tree", folder / f"mamia_{version}.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    lines = control.read_text().splitlines()
    control.write_text("\n".join(f"Version: {version}" if "Version:" in line else line for line in lines) + "\n")
    subprocess.run(["dpkg-deb", "-Znone", "--build", tree, file], check=True, stdout=subprocess.DEVNULL)
    return file
