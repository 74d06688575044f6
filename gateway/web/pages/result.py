"""The page that confirms a saved password. Its ticket permits nothing else, so it can be reloaded for an hour.

For people with a workstation it shows the state there: a script requests `etat` for the one part that changes, and
without JavaScript a link reloads the page.
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
    """Confirms that a password is saved, and shows its state at each target of the workstation."""

    results: Results
    status: PropagationStatus

    def page(self, ticket: str) -> ResponseReturnValue:
        """Show the whole page; 410 after its ticket has expired."""
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
        """Answer as JSON: `html` is the part of the page that changes, `waiting` whether it still can change."""
        payload = self.results.open(ticket)
        if isinstance(payload, TicketVoid):
            return {"html": "", "waiting": False}, GONE
        targets = self.status.views(payload)
        html = render_template("parts/targets.html", targets=targets)
        return {"html": html, "waiting": any(target.may_move for target in targets)}
