"""`/health/live` and `/health/ready`: is the process alive, and can it serve?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from flask import Blueprint
from flask.typing import ResponseReturnValue

from gateway.account.errors import DirectoryUnavailable

log = logging.getLogger(__name__)


FAIL = "FAIL"


def health(ask_directory: Callable[[], None], checks: Callable[[], Mapping[str, str]]) -> Blueprint:
    """Return the routes of both. `ready` answers 503 if the directory is unavailable or a check says FAIL.

    `ask_directory` raises DirectoryUnavailable if the services cannot work; `checks` returns OK, WARN or FAIL for
    each recent check, by its name.
    """
    pages = Blueprint("health", __name__, url_prefix="/health")

    @pages.get("/live")
    def live() -> ResponseReturnValue:
        return {"status": "alive"}

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        try:
            ask_directory()
            found = checks()
        except DirectoryUnavailable as error:
            log.warning("not ready: %s", error)
            return {"status": "directory unavailable"}, 503
        if FAIL in found.values():
            log.warning("not ready: %s", found)
            return {"status": "not ready", "checks": dict(found)}, 503
        return {"status": "ready", "checks": dict(found)}

    return pages
