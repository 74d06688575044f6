"""Load shedding: forms that waited too long for a free thread are answered at once."""

from __future__ import annotations

import math
from contextvars import ContextVar

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from gateway.web import messages
from gateway.web.api.problems import Problem

queued_seconds: ContextVar[float] = ContextVar("queued_seconds", default=0.0)
"""How many seconds the present request waited for its thread. The server sets it."""
API = "/api/"


def init_load_shedding(app: Flask, max_seconds: float) -> None:
    """Answer 503 with Retry-After to a POST that waited longer than `max_seconds`, so that the queue gets shorter.

    Such a form would cost the directory time, and most of the senders no longer wait for the answer.
    """

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
