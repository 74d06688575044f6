"""A number for each request, in its log lines, its answer's header and on error pages; and when it began."""

from __future__ import annotations

import secrets
import time

from flask import Flask, Response, g

from gateway.logs import request_id

HEADER = "X-Request-ID"


def init_request_ids(app: Flask) -> None:
    @app.before_request
    def give_number() -> None:
        g.request_id = secrets.token_hex(8)
        request_id.set(g.request_id)
        g.began = time.perf_counter()

    @app.after_request
    def tell_number(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response

    @app.teardown_request
    def forget_number(error: BaseException | None) -> None:
        request_id.set("-")

    app.jinja_env.globals["request_id"] = lambda: g.request_id


def seconds_so_far() -> float:
    """Since the present request came."""
    now = time.perf_counter()
    return float(now - g.get("began", now))
