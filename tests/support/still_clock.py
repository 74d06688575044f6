"""A clock of the pages and mails that stands still, so that their words are the same on every day."""

from __future__ import annotations

import sys
from datetime import datetime, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

import pytest

MOMENT = datetime(2026, 3, 10, 10, 0, tzinfo=ZoneInfo("Europe/Paris"))
"""A Tuesday, with the helpdesk open."""


class StillDatetime(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(MOMENT.timestamp(), tz)


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only for what is shown: locks and expiry are compared with the clock of a real directory."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gateway.web") and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", StillDatetime)
