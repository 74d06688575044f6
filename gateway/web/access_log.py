"""One line a request, by its route: addresses of pages may hold tickets, and queries what somebody typed."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from gateway.web import origin

log = logging.getLogger(__name__)


def log_requests(app: Flask) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def tell(response: Response) -> Response:
        if request.endpoint == "static":
            return response
        route = request.url_rule.rule if request.url_rule else "(no such page)"
        milliseconds = 1000 * (time.perf_counter() - g.get("started", time.perf_counter()))
        log.info("%s %s %s %d %.0f ms", origin.address(), request.method, route, response.status_code, milliseconds)
        return response
