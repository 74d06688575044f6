"""The access log: one line per request. It names the route, because addresses may contain tickets or typed text."""

from __future__ import annotations

import logging

from flask import Flask, Response, request

from gateway.web import client_info
from gateway.web.request_id import seconds_so_far

log = logging.getLogger(__name__)


def init_access_log(app: Flask) -> None:
    """Log address, method, route, status and milliseconds of each request, except for static files."""

    @app.after_request
    def log_request(response: Response) -> Response:
        if request.endpoint == "static":
            return response
        route = request.url_rule.rule if request.url_rule else "(no such page)"
        milliseconds = 1000 * seconds_so_far()
        log.info(
            "%s %s %s %d %.0f ms", client_info.address(), request.method, route, response.status_code, milliseconds
        )
        return response
