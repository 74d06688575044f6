"""A slapd that reports its writes, a listener, and workstations of both kinds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.protection.seal import make_key_pair
from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.slapd_server import QUICK_HASH, SlapdServer
from tests.support.workstation_settings import ABSENT_DOMAIN

TARGETS = f"""
[workstation.targets.poste]
type = "samba_nt"
{ABSENT_DOMAIN}"""
"""One in the same directory, and one to which no worker brings anything."""


@pytest.fixture(scope="module")
def short_folder() -> Iterator[Path]:
    """pytest's own paths are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="cap-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def reporting(short_folder: Path) -> Iterator[SlapdServer]:
    """Announces at `short_folder`/s, where somebody must listen for anything to be written on people."""
    academy = SlapdServer(short_folder / "slapd", hash_cost=QUICK_HASH)
    academy.slapd.report_writes_to(short_folder / "s")
    make_key_pair(short_folder / "worker.key", short_folder / "worker.pub")
    yield academy
    academy.slapd.stop()


@pytest.fixture
def listener(reporting: SlapdServer, short_folder: Path) -> Iterator[CaptureProcess]:
    """Not started; nobody is in the directory."""
    reporting.remove_everybody()
    (short_folder / "capture-audit.log").unlink(missing_ok=True)
    process = CaptureProcess(short_folder, write_capture_settings(short_folder, reporting, TARGETS))
    yield process
    process.stop()


@pytest.fixture
def capture(listener: CaptureProcess) -> CaptureProcess:
    """Running."""
    listener.start()
    return listener
