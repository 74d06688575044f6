"""The directory in which the mistakes of a file are planted."""

from __future__ import annotations

import pytest

from gateway.checks import indices, tls_handshake
from tests.support.planted_directory import PlantedDirectory
from tests.support.slapd_server import QUICK_HASH, SlapdServer


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory as ldif/ makes it, with two people."""
    academy = SlapdServer(tmp_path_factory.mktemp("planted") / "state", hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    academy.add_person("mpetit", surname="Petit", birthDate="19750112", departmentNumber="rectorat")
    yield PlantedDirectory(academy, ["back_sock", "syncprov"])
    academy.slapd.stop()


@pytest.fixture(autouse=True)
def silence_is_short(monkeypatch):
    """A port of the same machine answers at once, if it answers."""
    monkeypatch.setattr(tls_handshake, "PROBE_SECONDS", 1)


@pytest.fixture(autouse=True)
def no_search_is_slow(monkeypatch):
    """On a busy machine one may be, with every index there."""
    monkeypatch.setattr(indices, "SLOW_SEARCH_SECONDS", 30)
