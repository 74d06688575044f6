"""Real domains, one of each for the whole run of a worker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from directory_server import free_address

from gateway.cli.private_samba import PrivateSamba


@pytest.fixture(scope="session")
def domain_controller() -> Iterator[PrivateSamba]:
    """A Samba AD domain controller. Its path is short: pytest's own would be too long for its sockets."""
    with tempfile.TemporaryDirectory(prefix="ad-") as folder:
        samba = PrivateSamba(Path(folder) / "dc", free_address())
        Path(folder).chmod(0o711)
        samba.create()
        samba.start()
        yield samba
        samba.stop()
