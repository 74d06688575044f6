"""The log on standard error: one line per event, with the request's number."""

from __future__ import annotations

import logging
import logging.handlers
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

LINE = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"
request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Of the request that is being answered; "-" outside of any."""


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


def log_to_standard_error(level: int = logging.INFO) -> None:
    """Send all loggers there. What a person typed is in none of their lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(LINE))
    handler.addFilter(RequestIdFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


@contextmanager
def log_without_waiting() -> Iterator[None]:
    """What is logged is written by a thread of its own: such a process must not wait for whoever reads its log."""
    root, lines = logging.getLogger(), queue.SimpleQueue[logging.LogRecord]()
    writing = logging.handlers.QueueListener(lines, *root.handlers)
    kept, root.handlers[:] = root.handlers[:], [logging.handlers.QueueHandler(lines)]
    writing.start()
    try:
        yield
    finally:
        writing.stop()
        root.handlers[:] = kept
