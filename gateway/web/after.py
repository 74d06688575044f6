"""What follows on a service, whoever asked for it: a page or a portal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from flask import Response, after_this_request, copy_current_request_context, g
from flask_babel import force_locale

from gateway.account.model import Person, Propagation
from gateway.web import notices, origin
from gateway.web.desk import Desk
from gateway.workstation.state import Step

log = logging.getLogger(__name__)

RESULT_SECONDS = 3600
MAX_LOGIN_CHARS = 100
"""As many as can be typed. The ticket is part of an address, and servers limit those."""


@contextmanager
def never_failing(what: str) -> Iterator[None]:
    """Log the type of an exception instead of raising it.

    For whatever follows on a write that the directory confirmed: an error would tell the person that nothing was
    saved. The exception's own text may hold an address or what somebody typed.
    """
    try:
        yield
    except Exception as error:
        log.error("%s failed after the password was saved: %s", what, type(error).__name__)


def result_ticket(desk: Desk, outcome: str, person: Person, propagation: Propagation | None, **facts: object) -> str:
    """By which the outcome can be looked at for an hour; it grants nothing."""
    told = {
        "outcome": outcome,
        "login": person.login[:MAX_LOGIN_CHARS],
        "propagation": propagation and asdict(propagation),
        **facts,
    }
    return desk.tickets.issue("result", told, RESULT_SECONDS)


def states_at_first(desk: Desk, propagation: Propagation | None) -> dict[str, str]:
    """Attributes of an NT4-style domain were written with the password; the worker brings the others."""
    settings = desk.settings.workstation.targets
    names = propagation.targets if propagation else ()
    return {name: Step.DONE if settings[name].type == "samba_nt" else Step.PENDING for name in names}


def tell_locked_out(desk: Desk, person: Person) -> None:
    """The audit and the mail once the answer is out: the time that they take would tell who has an account."""
    number = g.request_id

    @copy_current_request_context
    def tell() -> None:
        g.request_id = number
        desk.audit.record("notice", "locked", login=person.login, **origin.facts())
        # Whoever tried chose the page's language, and need not be this person.
        with force_locale(desk.settings.web.languages[0]):
            notices.tell(desk, "locked", person)

    @after_this_request
    def wait_for_the_answer(response: Response) -> Response:
        response.call_on_close(tell)
        return response
