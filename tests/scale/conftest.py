"""Two of everything: slapd in mirror mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.mirror import MirrorPair


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MirrorPair]:
    """Two slapd that copy each other, for the tests of one module."""
    pair = MirrorPair(tmp_path_factory.mktemp("mirror"))
    yield pair
    pair.stop()


@pytest.fixture
def pair(mirror: MirrorPair) -> MirrorPair:
    """The two with nobody in them, both running and both with the same changes."""
    for server in (mirror.first, mirror.second):
        if not server.slapd.is_running:
            server.slapd.start()
    mirror.wait_until_same()
    mirror.first.remove_everybody()
    mirror.wait_until_same()
    return mirror
