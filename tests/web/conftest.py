"""A person, and a network before slapd, for tests of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.faulty_network import FaultyNetwork, faulty_network
from tests.support.slapd_server import SlapdServer


@pytest.fixture
def durand(directory: SlapdServer) -> str:
    return directory.add_person("fdurand4")


@pytest.fixture
def network(directory: SlapdServer) -> Iterator[FaultyNetwork]:
    with faulty_network(directory.slapd.port) as network:
        yield network
