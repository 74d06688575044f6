"""A clock that stands still."""

from __future__ import annotations

import pytest

from tests.support.still_clock import stop_the_clock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)
