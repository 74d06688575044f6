"""The button "somebody else used my account" of a result: it records the report and begins a reset.

The ticket in the address proves whose account it is. Without a valid one a reset is begun as well, and the report
counts once that reset has succeeded.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request, url_for
from flask.typing import ResponseReturnValue

from gateway.services.caller import EntryPoint
from gateway.services.disputes import Disputed, DisputeService
from gateway.services.outcomes import Outage, RateLimited, TicketVoid
from gateway.web import client_info, messages
from gateway.web.forms import DISPUTED, DisputeForm
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import FORM, LIMITED, NEXT, STALE, TOO_MANY, UNAVAILABLE
from gateway.web.sentences import Sentences


@dataclass(frozen=True, slots=True)
class DisputePage:
    """Answers the button with a redirect to the form of a reset."""

    sentences: Sentences
    states: PageStates
    service: DisputeService

    def post(self, ticket: str) -> ResponseReturnValue:
        """Record the report, and go on to a reset."""
        if not DisputeForm(request.form).validate():
            return self._begin_reset(_unreported(STALE, str(messages.STALE_PAGE)))
        try:
            outcome = self.service.report(ticket, client_info.caller(EntryPoint.PAGE))
        except Outage as outage:
            return self._begin_reset(self._after_outage(outage))
        return self._begin_reset(_after(outcome))

    def _begin_reset(self, state: PageState) -> ResponseReturnValue:
        return self.states.follow(url_for("reset"), state, url_for("reset", step=NEXT, _method="GET"))

    def _after_outage(self, outage: Outage) -> PageState:
        return PageState(
            FORM,
            UNAVAILABLE,
            values={"disputed": DISPUTED},
            sentences=[str(self.sentences.outage(outage))],
            retry_after_seconds=outage.retry_after_seconds,
            facts={"helpdesk_may_help": True},
            reference=g.request_id,
        )


def _after(outcome: Disputed | RateLimited | TicketVoid) -> PageState:
    match outcome:
        case Disputed():
            # The report is done: the reset that follows must not repeat it.
            facts = {"reported": "informed" if outcome.helpdesk_informed else "alone"}
            return PageState(FORM, values={"login": outcome.login}, facts=facts)
        case RateLimited():
            return PageState(
                LIMITED,
                TOO_MANY,
                values={"disputed": DISPUTED},
                retry_after_seconds=outcome.retry_after_seconds,
                facts={"without_work": False, "behind": FORM},
            )
        case TicketVoid():
            return _unreported(200)


def _unreported(status: int, *sentences: str) -> PageState:
    """Return the form of a reset that reports the misuse once it has succeeded."""
    return PageState(FORM, status, values={"disputed": DISPUTED}, sentences=sentences)
