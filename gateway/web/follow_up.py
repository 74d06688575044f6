"""What follows on a service, whoever asked for it: a page or an API client."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from flask import current_app, g

from gateway.account.model import Person, Propagation
from gateway.protection.rate_limiting.limiter import LimitScope
from gateway.web import client_info, notices
from gateway.web.desk import Desk
from gateway.workstation.state import DeliveryStatus

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
        "saved_at": int(time.time()),
        **facts,
    }
    return desk.tickets.issue("result", told, RESULT_SECONDS)


def states_at_first(desk: Desk, propagation: Propagation | None) -> dict[str, str]:
    """Attributes of an NT4-style domain were written with the password; the worker brings the others."""
    if propagation is None:
        return {}
    settings = desk.settings.workstation.targets
    states = {
        name: DeliveryStatus.DONE if settings[name].type == "samba_nt" else DeliveryStatus.PENDING
        for name in propagation.targets
    }
    return {**states, **dict.fromkeys(propagation.refused, DeliveryStatus.REJECTED)}


def admits_account(desk: Desk, service: str, account: str) -> bool:
    """Count an attempt at an account that may have several logins, and note in the audit one that is too many.

    `account` is an identity of the directory. The answer is that of a wrong password: another one would tell that
    two logins are one person. Raises StoreUnavailable.
    """
    if desk.rate_limiter.admits_account(service, account):
        return True
    desk.audit.record(service, "rate_limited", limit=LimitScope.ACCOUNT, **client_info.facts())
    return False


def record_lock_out(desk: Desk, person: Person) -> None:
    """Write the audit now, and the mail in another thread.

    Called while the refusal waits, so that the answer's time is the same without it. A disk that is slow would still
    delay the answer, or the next request on its connection, if the mail were written in this thread.
    """
    desk.audit.record("notice", "locked", login=person.login, **client_info.facts())
    app, number = current_app._get_current_object(), g.request_id  # type: ignore[attr-defined]

    def send() -> None:
        with app.app_context():
            g.request_id = number
            notices.tell(desk, "locked", person)

    desk.background.submit(send)
