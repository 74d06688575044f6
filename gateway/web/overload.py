"""Load shedding: forms that waited too long for a free thread are answered at once."""

from __future__ import annotations

import math
from contextvars import ContextVar

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue

from gateway.web import messages
from gateway.web.api.problems import Problem
from gateway.web.page_state import PageState
from gateway.web.pages.errors import BUSY, ErrorPages, is_sent_form

FORMS = ("find", "reset", "change", "recovery", "agents.sign_in", "agents.search", "agents.person")
"""The endpoints of pages with a form, to which somebody can return."""
queued_seconds: ContextVar[float] = ContextVar("queued_seconds", default=0.0)
"""How many seconds the present request waited for its thread. The server sets it."""


def init_load_shedding(app: Flask, pages: ErrorPages, max_seconds: float) -> None:
    """Answer 503 with Retry-After to a POST that waited longer than `max_seconds`, so that the queue gets shorter.

    Such a form would cost the directory time, and most of the senders no longer wait for the answer.
    """

    @app.before_request
    def shed() -> ResponseReturnValue | None:
        waited = queued_seconds.get()
        if request.method != "POST" or waited <= max_seconds:
            return None
        wait = math.ceil(waited)
        if not is_sent_form():
            sentence = messages.filled(messages.BUSY, seconds=wait)
            return Problem("busy", sentence, headers={"Retry-After": str(wait)}).answer()
        form = request.endpoint if request.endpoint in FORMS else "home"
        state = PageState(BUSY, 503, retry_after_seconds=wait, facts={"form_url": url_for(form)})
        return pages.after_form(state)
