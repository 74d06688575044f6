"""An administrator whom the settings protect, in each way that they can name one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.administrators import ADMINS, CHIEF, CONFIG, OTHER, OUTER, RENAMED, WAYS, Way, delete
from tests.support.slapd_server import QUICK_HASH, SlapdServer


@pytest.fixture(scope="package")
def short_folder() -> Iterator[Path]:
    """pytest's own paths are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="prot-") as folder:
        yield Path(folder)


@pytest.fixture(scope="package")
def guarded(short_folder: Path) -> Iterator[SlapdServer]:
    academy = SlapdServer(short_folder / "slapd", hash_cost=QUICK_HASH)
    academy.load(CONFIG, as_config=True)
    yield academy
    academy.slapd.stop()


@pytest.fixture
def directory(guarded: SlapdServer) -> Iterator[SlapdServer]:
    """An administrator and somebody else, of the same rectorat; no group yet."""
    guarded.remove_everybody()
    guarded.add_person(CHIEF, surname="Chief", departmentNumber="rectorat")
    guarded.add_person(OTHER, departmentNumber="rectorat")
    yield guarded
    for group in (ADMINS, OUTER, RENAMED):
        delete(guarded, group)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, directory: SlapdServer) -> Way:
    """Everything is there, and nobody is protected yet."""
    chosen = WAYS[request.param]
    chosen.prepare(directory)
    return chosen


@pytest.fixture
def protected(way: Way, directory: SlapdServer) -> Way:
    """CHIEF is protected."""
    way.protect(directory)
    return way


@pytest.fixture
def of_group(directory: SlapdServer) -> Way:
    """CHIEF is protected as a member of ADMINS, which the settings name."""
    one = WAYS["groupOfNames"]
    one.prepare(directory)
    one.protect(directory)
    return one
