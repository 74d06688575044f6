"""An id per request, for log lines, the answer's header and error pages; and the time when the request began."""

from __future__ import annotations

import random
import time

from flask import Flask, Response, g

from gateway.logs import request_id

HEADER = "X-Request-ID"


def init_request_ids(app: Flask) -> None:
    """Give each request an id of 16 hex digits: in `g.request_id`, the log's context, HEADER and templates.

    An id that the client or a proxy sends is not used.
    """

    @app.before_request
    def give_number() -> None:
        # It is no secret: a call of the kernel for each request would only take time.
        number = f"{random.getrandbits(64):016x}"
        g.request_id = number
        request_id.set(number)
        g.began = time.perf_counter()

    @app.after_request
    def add_header(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response

    @app.teardown_request
    def forget_number(error: BaseException | None) -> None:
        request_id.set("-")

    # A page after a sent form names the request that sent it, which the log has under that id.
    app.jinja_env.globals["request_id"] = lambda: g.get("reference") or g.request_id


def seconds_so_far() -> float:
    """Return the seconds since the present request began; 0.0 if it was refused before that."""
    now = time.perf_counter()
    return float(now - g.get("began", now))
