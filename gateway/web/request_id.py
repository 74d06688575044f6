"""A number for each request, in its log lines, its answer's header and on error pages; and when it began."""

from __future__ import annotations

import logging
import logging.handlers
import queue
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, has_request_context

HEADER = "X-Request-ID"
LINE = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        return True


def number_requests(app: Flask) -> None:
    @app.before_request
    def give_number() -> None:
        g.request_id = secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def tell_number(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response

    app.jinja_env.globals["request_id"] = lambda: g.request_id


def seconds_so_far() -> float:
    """Since the present request came."""
    now = time.perf_counter()
    return float(now - g.get("began", now))


def log_to_standard_error(level: int = logging.INFO) -> None:
    """One line an event, with the request's number. What a person typed is in none of them."""
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
