"""A service that was installed by its page on a booted Debian; the tests share it, one release after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.debian_root import SUITES
from tests.support.served_system import ServedSystem, served_system


@pytest.fixture(scope="session", params=sorted(SUITES))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSystem]:
    with served_system(str(request.param), tmp_path_factory.mktemp("served")) as one:
        yield one
