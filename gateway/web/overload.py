"""Forms that waited for a free thread longer than anybody waits for an answer."""

from __future__ import annotations

import math
from contextvars import ContextVar

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from gateway.web import messages
from gateway.web.api.problems import Problem

queued_seconds: ContextVar[float] = ContextVar("queued_seconds", default=0.0)
"""How long the request at hand waited for its thread; set by the server."""
API = "/api/"


def init_load_shedding(app: Flask, max_seconds: float) -> None:
    """Answer those that waited longer than `max_seconds` at once, so that the queue gets shorter: what they ask for
    takes the directory's time, and most of their senders have gone."""

    @app.before_request
    def shed() -> ResponseReturnValue | None:
        waited = queued_seconds.get()
        if request.method != "POST" or waited <= max_seconds:
            return None
        seconds = str(math.ceil(waited))
        sentence = messages.filled(messages.BUSY, seconds=seconds)
        if request.path.startswith(API):
            return Problem("busy", sentence, headers={"Retry-After": seconds}).answer()
        return render_template("pages/busy.html", sentence=sentence), 503, {"Retry-After": seconds}
