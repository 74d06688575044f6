"""The operation for Roundcube's password plugin, with its driver `httpapi` unchanged.

The driver (1.6) handles every answer except 2xx as a connection error. If the text of an answer is not the expected
one, it writes that text to the webmail's log, and shows the person only that the password was not saved, never the
reason. So a refusal is 200 with the sentence, an outage is 503, and other errors are the same as in other operations.
"""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from gateway.account.invisible import without_invisible
from gateway.account.model import ChangeRequest, Secret
from gateway.services.caller import EntryPoint
from gateway.web.api.parsing import read_form
from gateway.web.api.problems import Problem
from gateway.web.api.schemas import RoundcubeForm
from gateway.web.api.views import ApiViews

SAVED = "ok"
"""The answer that matches the driver's example of password_httpapi_expect: /^ok$/i."""
_REFUSALS_OF_PEOPLE = (403, 409, 429)


def roundcube(views: ApiViews) -> ResponseReturnValue:
    """Change a password for the webmail; answer SAVED, or the sentence for the person. Raises Problem, Outage."""
    caller = views.clients.admit("roundcube", EntryPoint.WEBMAIL)
    form = read_form(RoundcubeForm)
    try:
        views.change_password(
            ChangeRequest(without_invisible(form.user), Secret(form.curpass), Secret(form.newpass)), caller
        )
    except Problem as problem:
        if problem.status not in _REFUSALS_OF_PEOPLE:
            raise
        return _text(problem.detail)
    return _text(SAVED)


def _text(sentence: str) -> ResponseReturnValue:
    return sentence, {"Content-Type": "text/plain; charset=utf-8"}
