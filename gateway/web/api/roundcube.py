"""For the password plugin of Roundcube, with its driver `httpapi` as it comes.

To the driver (1.6) every answer but 2xx is a connection error. Of an answer that is not what it expects it writes the
text into the webmail's own log, and tells the person that the password was not saved, never why. So a refusal is 200
with the sentence, an outage is 503, and a request that is not the webmail's is what it is everywhere.
"""

from __future__ import annotations

from flask import request
from flask.typing import ResponseReturnValue

from gateway.account.model import ChangeRequest, Secret
from gateway.web.api.problems import Problem
from gateway.web.api.services import ApiServices
from gateway.web.forms import LONGEST_PASSWORD, is_typeable

FIELDS = ("user", "curpass", "newpass")
SAVED = "ok"
"""What the driver's example of password_httpapi_expect looks for: /^ok$/i."""
_REFUSALS_OF_PEOPLE = (403, 409, 429)


def roundcube(services: ApiServices) -> ResponseReturnValue:
    client = services.clients.admit("roundcube")
    login, current, new = _typed()
    try:
        services.change_password(client, ChangeRequest(login, Secret(current), Secret(new)))
    except Problem as problem:
        if problem.status not in _REFUSALS_OF_PEOPLE:
            raise
        return _text(problem.detail)
    return _text(SAVED)


def _typed() -> list[str]:
    """Raises Problem."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise Problem("unsupported_media_type", "application/x-www-form-urlencoded")
    values = [request.form.getlist(name) for name in FIELDS]
    if any(
        len(value) != 1 or not 0 < len(value[0]) <= LONGEST_PASSWORD or not is_typeable(value[0]) for value in values
    ):
        raise Problem("invalid", f"{', '.join(FIELDS)}: once each, neither empty nor longer than {LONGEST_PASSWORD}")
    (login,), (current,), (new,) = values
    if not login.strip():
        raise Problem("invalid", "user: empty")
    return [login.strip(), current, new]


def _text(sentence: str) -> ResponseReturnValue:
    return sentence, {"Content-Type": "text/plain; charset=utf-8"}
