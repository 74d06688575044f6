"""Systems with the dependencies of the package, and without it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.built_packages import built_package
from tests.support.chrooted_system import ChrootedSystem
from tests.support.debian_root import FOLDER, SUITES, bare_root, root_with_downloads


@pytest.fixture(params=sorted(SUITES))
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def disks() -> Iterator[Path]:
    """A folder beside the roots: an overlay must not be on another one, as /tmp may be."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="disks-", dir=FOLDER) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def prepared(disks: Path) -> dict[str, ChrootedSystem]:
    """Systems by suite that have what the package depends on; tests put overlays on them."""
    return {}


@pytest.fixture
def system(suite: str, disks: Path, prepared: dict[str, ChrootedSystem], tmp_path: Path) -> Iterator[ChrootedSystem]:
    """A system with all dependencies, and the package's file in /root."""
    package = built_package(suite)
    if suite not in prepared:
        lower = [root_with_downloads(suite, package, []), bare_root(suite)]
        made = ChrootedSystem(lower, disks / suite)
        file = made.bring(package)
        # Not by a removal of the package: nothing of it may have been there.
        made.done(
            f"dpkg-deb -f {file} Depends | tr -d ' \\n' | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g'"
            " | xargs apt-get install --yes --no-install-recommends"
        )
        prepared[suite] = made
    base = prepared[suite]
    one = ChrootedSystem([base.folder / "upper", *base.lower], disks / f"{suite}-{tmp_path.name}")
    yield one
    one.discard()
