"""Times of requests, and `/metrics` for those who may read it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flask import Flask, Response, abort, request
from flask.typing import ResponseReturnValue
from pydantic import IPvAnyNetwork

from gateway.metrics import Metrics
from gateway.protection.rate_limiting.addresses import is_within
from gateway.web import client_info
from gateway.web.request_id import seconds_so_far

log = logging.getLogger(__name__)

METHODS = ("GET", "POST", "HEAD")
"""Each label makes a line for ever: strangers must not choose them."""


def init_metrics(app: Flask, metrics: Metrics, allowed: Sequence[IPvAnyNetwork], update: Callable[[], None]) -> None:
    """`allowed`: the networks that may read; to all others there is no such page. `update` runs before each read."""

    def read() -> ResponseReturnValue:
        if not is_within(client_info.address(), allowed):
            abort(404)
        update()
        text, kind = metrics.text()
        return Response(text, content_type=kind)

    @app.after_request
    def observe(response: Response) -> Response:
        if request.endpoint not in ("static", "metrics"):
            # The route, never the address: it may hold a ticket.
            route = request.url_rule.rule if request.url_rule else "none"
            method = request.method if request.method in METHODS else "other"
            try:
                metrics.requests.labels(route, method, response.status_code).observe(seconds_so_far())
            except Exception as error:
                # Its file may be gone, or the disk full. The answer is made, and may say that a password is saved.
                log.error("a request is not counted: %s", type(error).__name__)
        return response

    app.add_url_rule("/metrics", "metrics", read)
