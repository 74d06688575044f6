"""The log on standard error: one line per event, with the id of the request."""

from __future__ import annotations

import json
import logging
import logging.handlers
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

LINE = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"
request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request in progress; "-" outside a request."""


class RequestIdFilter(logging.Filter):
    """Adds the request's id to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id`, and accept the record."""
        record.request_id = request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object per line: time (ISO 8601, UTC), level, logger, request, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; the traceback of an exception is in `traceback`."""
        facts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": getattr(record, "request_id", "-"),
            "message": record.getMessage(),
            # QueueHandler formats the traceback before it passes the record on.
            **({"traceback": self.formatException(record.exc_info)} if record.exc_info else {}),
        }
        return json.dumps(facts)


def log_to_standard_error(level: int = logging.INFO, *, as_json: bool = False) -> None:
    """Send all loggers to standard error, as lines for people or as JSON.

    Log lines must not contain what a person typed.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(LINE))
    handler.addFilter(RequestIdFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


@contextmanager
def log_without_waiting() -> Iterator[None]:
    """Write the log in a separate thread within this context.

    So the process never waits for the reader of its log.
    """
    root, lines = logging.getLogger(), queue.SimpleQueue[logging.LogRecord]()
    writing = logging.handlers.QueueListener(lines, *root.handlers)
    kept, root.handlers[:] = root.handlers[:], [logging.handlers.QueueHandler(lines)]
    writing.start()
    try:
        yield
    finally:
        writing.stop()
        root.handlers[:] = kept
