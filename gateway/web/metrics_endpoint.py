"""Measures how long requests take, and serves `/metrics` to the networks that may read it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pydantic import IPvAnyNetwork

from gateway.metrics import Metrics
from gateway.protection.rate_limiting.addresses import is_within
from gateway.web import client_info
from gateway.web.request_id import seconds_so_far

log = logging.getLogger(__name__)

METRICS = "metrics"
"""The endpoint that Prometheus reads."""
METHODS = ("GET", "POST", "HEAD")
"""The methods with their own label. Labels stay in the output for ever, so strangers must not choose them."""


def init_metrics(app: Flask, metrics: Metrics, allowed: Sequence[IPvAnyNetwork], update: Callable[[], None]) -> None:
    """Observe the seconds of each request, except for static files, and serve the figures at `/metrics`.

    `allowed`: the networks that may read; others get 404. `update` runs before each read.
    """

    def read() -> ResponseReturnValue:
        if not is_within(client_info.address(), allowed):
            # Without the links of an error page: the Host of this request was not verified.
            return "", 404
        update()
        text, kind = metrics.text()
        return Response(text, content_type=kind)

    @app.after_request
    def observe(response: Response) -> Response:
        if request.endpoint not in ("static", METRICS):
            # The label is the route, never the address, which may contain a ticket.
            route = request.url_rule.rule if request.url_rule else "none"
            method = request.method if request.method in METHODS else "other"
            try:
                metrics.request_of(route, method, response.status_code).observe(seconds_so_far())
            except Exception as error:
                # The metrics' file may be gone, or the disk full. The answer is ready and may confirm a password.
                log.error("a request is not counted: %s", type(error).__name__)
        return response

    app.add_url_rule("/metrics", METRICS, read)
