"""The pages for requests that cannot be served. After a form was sent, a redirect leads to them, as to any page.

So an administrator who reads the log sees 303 for such a form; the request after it has the status.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from flask import Flask, abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from gateway.web import messages
from gateway.web.api.problems import of_http
from gateway.web.page_state import PageState, PageStates

log = logging.getLogger(__name__)

FOR_PROGRAMS = ("/api/", "/captcha/")
"""The beginnings of addresses that programs and scripts call; the answer itself tells them what is wrong."""
BUSY, ERROR = "busy", "error"
KNOWN = (400, 404, 405, 413)
"""Status codes with sentences of their own; the others are shown as 500."""


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """Shows errors, and hands those of a sent form over to a page of their own."""

    states: PageStates

    def show(self) -> ResponseReturnValue:
        """Show the error of the form that was just sent; 404 if there was none."""
        state = self.states.read(url_for("error"))
        if state is None:
            abort(404)
        if state.reference:
            g.reference = state.reference
        if state.step == BUSY:
            sentence = messages.filled(messages.BUSY, seconds=state.retry_after_seconds)
            page = render_template("pages/busy.html", sentence=sentence, form_url=state.facts["form_url"])
        else:
            page = render_template("pages/error.html", code=state.status)
        return page, state.status, state.headers

    def after_form(self, state: PageState) -> ResponseReturnValue:
        """Redirect to the page that shows `state`."""
        return self.states.follow(url_for("error"), state, url_for("error"))

    def answer(self, error: HTTPException) -> ResponseReturnValue:
        """Answer a request that ended with `error`."""
        if request.path.startswith(FOR_PROGRAMS[0]):
            return of_http(error).answer()
        if isinstance(error, SecurityError):
            # The request names another host, and the links of a page would lead there.
            return str(messages.FOREIGN_HOST), 400, {"Content-Type": "text/plain; charset=utf-8"}
        code = error.code if error.code in KNOWN else 500
        if is_sent_form():
            return self.after_form(PageState(ERROR, code, reference=g.request_id))
        page = render_template("pages/error.html", code=code)
        return page, error.code or 500, [(name, value) for name, value in error.get_headers() if name == "Allow"]


def is_sent_form() -> bool:
    """Return whether a person sent a form, so that going back or reloading must not send it again."""
    return request.method == "POST" and not request.path.startswith(FOR_PROGRAMS)


def init_error_pages(app: Flask, pages: ErrorPages) -> None:
    """Answer errors with pages, and errors of the API with problems (RFC 9457)."""
    app.add_url_rule("/erreur", "error", pages.show)
    app.register_error_handler(HTTPException, pages.answer)

    @app.errorhandler(Exception)
    def fault(error: Exception) -> ResponseReturnValue:
        # The traceback contains line numbers, no values; the text of the exception could contain what a person typed.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("unexpected %s\n%s", type(error).__name__, where)
        return pages.answer(InternalServerError())
