"""For machines: is the process alive, can it serve?"""

from __future__ import annotations

import logging
from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue

from gateway.account.errors import DirectoryUnavailable

log = logging.getLogger(__name__)


def health(ask_directory: Callable[[], None]) -> Blueprint:
    """`ask_directory` raises DirectoryUnavailable when the services could do nothing."""
    pages = Blueprint("health", __name__, url_prefix="/health")

    @pages.get("/live")
    def live() -> ResponseReturnValue:
        return {"status": "alive"}

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        try:
            ask_directory()
        except DirectoryUnavailable as error:
            log.warning("not ready: %s", error)
            return {"status": "directory unavailable"}, 503
        return {"status": "ready"}

    return pages
