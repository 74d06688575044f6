"""The log of gunicorn itself as JSON, for `mamia serve --json`."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

from gateway.logs import JsonFormatter, RequestIdFilter


class JsonLog(Logger):
    """gunicorn's log, with the lines of the gateway's own log."""

    def setup(self, cfg: Any) -> None:
        """Open the log as gunicorn does, then change the form of its lines."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonFormatter())
            handler.addFilter(RequestIdFilter())
