"""For the password plugin of Roundcube, with its driver `httpapi` as it comes.

To the driver (1.6) every answer but 2xx is a connection error. Of an answer that is not what it expects it writes the
text into the webmail's own log, and tells the person that the password was not saved, never why. So a refusal is 200
with the sentence, an outage is 503, and a request that is not the webmail's is what it is everywhere.
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
"""What the driver's example of password_httpapi_expect looks for: /^ok$/i."""
_REFUSALS_OF_PEOPLE = (403, 409, 429)


def roundcube(views: ApiViews) -> ResponseReturnValue:
    """Change a password for the webmail: "ok", or the sentence for the person. Raises Problem, Outage."""
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
