"""Folders with short paths, a store, and an installed program for tests of `mamia setup`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.debian_slapd import DebianSlapd
from tests.support.installed_program import InstalledProgram
from tests.support.redis_server import RedisServer


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a socket has 107 bytes at most."""
    path = Path(tempfile.mkdtemp(prefix="i-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RedisServer]:
    """As the page configures it."""
    server = RedisServer(tmp_path, options={"maxmemory": "256mb", "maxmemory-policy": "noeviction"})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def program(folder: Path) -> Iterator[InstalledProgram]:
    environment = {"MAMIA_WEB__HEALTH_PORT": "0", "MAMIA_CAPTCHA__REQUIRED": "[]"}
    installed = InstalledProgram(folder / "p", environment)
    yield installed
    installed.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[DebianSlapd]:
    """One for all tests of a file, which leave it as it is."""
    path = Path(tempfile.mkdtemp(prefix="i-", dir="/tmp"))
    slapd = DebianSlapd(path / "d")
    yield slapd
    slapd.stop()
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def place(program: InstalledProgram, server: DebianSlapd) -> InstalledProgram:
    """The program on the machine of that slapd."""
    (program.root / "run/slapd/ldapi").symlink_to(server.socket)
    return program
