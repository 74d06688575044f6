"""Two builds of one commit, on machines that differ, have the same bits, and so has /opt/mamia."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.built_packages import DIST

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[2]
STYLE = "mamia-1.0.0/gateway/web/static/vendor/site.css"
SOMEBODY_ELSE = {"TZ": "Pacific/Auckland", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "7"}


def hashes(folder: Path) -> dict[str, str]:
    """The hash of each file that was built; the list of hashes is not one of them."""
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(folder.glob("mamia*"))}


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dist/ of another clone, under another umask, zone and language; its roots are this one's."""
    clone = tmp_path_factory.mktemp("elsewhere") / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    # What was fetched for this clone need not be fetched again.
    (clone / "node_modules").symlink_to(ROOT / "node_modules")
    built = subprocess.run(
        ["make", "dist", f"PYTHON={sys.base_prefix}/bin/python3"],
        cwd=clone, umask=0o077, capture_output=True, text=True,
        env={**os.environ, **SOMEBODY_ELSE, "ROOTS": str(ROOT / "var" / "release")},
    )  # fmt: skip
    assert built.returncode == 0, (built.stdout + built.stderr)[-4000:]
    return clone / "dist"


def tree(package: Path, folder: Path) -> dict[str, str]:
    """Hash, mode and time of every file below /opt/mamia."""
    folder.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return {
        str(one.relative_to(folder)): f"{one.lstat().st_mode:o} {int(one.lstat().st_mtime)} "
        + (os.readlink(one) if one.is_symlink() else hashlib.sha256(one.read_bytes()).hexdigest())
        for one in sorted((folder / "opt/mamia").rglob("*"))
        if one.is_symlink() or one.is_file()
    }


class TestTwoBuilds:
    def test_when_machines_differ_then_all_files_are_bit_identical(self, other):
        assert len(hashes(DIST)) == 5
        assert hashes(other) == hashes(DIST)

    def test_when_machines_differ_then_the_installed_environment_is_the_same(self, other, tmp_path):
        for package in sorted(DIST.glob("*.deb")):
            one = tree(package, tmp_path / package.name / "one")

            assert one == tree(other / package.name, tmp_path / package.name / "other")
            assert len(one) > 1000


class TestMissingAssets:
    def test_when_the_sdist_lacks_a_style_then_no_package_is_built(self, other):
        sdist = other / "mamia-1.0.0.tar.gz"
        whole = sdist.read_bytes()
        command = f"gunzip {sdist} && tar --delete -f {sdist.with_suffix('')} {STYLE} && gzip {sdist.with_suffix('')}"
        subprocess.run(["sh", "-c", command], check=True)

        done = subprocess.run(
            ["deploy/release/deb", "bookworm", "9"], cwd=other.parent, capture_output=True, text=True, check=False,
            env={**os.environ, "ROOTS": str(ROOT / "var" / "release")},
        )  # fmt: skip

        sdist.write_bytes(whole)
        assert done.returncode != 0
        assert "missing or empty: gateway/web/static/vendor/site.css" in done.stdout + done.stderr
        assert list(other.glob("*-9~*.deb")) == []
