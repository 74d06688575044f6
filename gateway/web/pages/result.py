"""What a service did, shown by a ticket that permits nothing: the page can be reloaded for an hour.

For people with a workstation it follows the password there: a script asks `etat` for the one part that changes, and
without JavaScript a link loads the page again.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.services.outcomes import TicketVoid
from gateway.services.results import Results
from gateway.web import content
from gateway.web.propagation_status import PropagationStatus

GONE = 410


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Shows a saved password, and follows it to the workstation."""

    results: Results
    status: PropagationStatus

    def page(self, ticket: str) -> ResponseReturnValue:
        """The whole page; 410 once its ticket is over."""
        payload = self.results.open(ticket)
        if isinstance(payload, TicketVoid):
            return render_template("pages/result_gone.html"), GONE
        return render_template(
            "pages/result.html",
            ticket=ticket,
            targets=self.status.views(payload),
            panel=content.text("help"),
            **payload,
        )

    def state(self, ticket: str) -> ResponseReturnValue:
        """The part of the page that changes, and whether it still will."""
        payload = self.results.open(ticket)
        if isinstance(payload, TicketVoid):
            return {"html": "", "waiting": False}, GONE
        targets = self.status.views(payload)
        html = render_template("parts/targets.html", targets=targets)
        return {"html": html, "waiting": any(target.may_move for target in targets)}
