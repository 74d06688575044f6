"""The page that confirms a saved password. Its ticket permits nothing else, so it can be reloaded for an hour.

For people with a workstation it shows the state there: a script requests `etat` for the one part that changes, and
without JavaScript a link reloads the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.services.outcomes import TicketVoid
from gateway.services.results import Results
from gateway.web import content
from gateway.web.forms import DisputeForm
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
        shown = shown_of(payload, self.status)
        dispute_form = DisputeForm(formdata=None)
        panel = content.text("help")
        return render_template("pages/result.html", ticket=ticket, panel=panel, dispute_form=dispute_form, **shown)

    def state(self, ticket: str) -> ResponseReturnValue:
        """Answer as JSON: the part of the page that changes, and what a script needs to exchange it.

        `html` is that part; `state` names it, so that a script sees whether it is another one; `waiting`: whether it
        still can change.
        """
        payload = self.results.open(ticket)
        if isinstance(payload, TicketVoid):
            return {"html": "", "waiting": False}, GONE
        shown = shown_of(payload, self.status)
        return {
            "html": render_template("parts/outcome.html", ticket=ticket, **shown),
            "state": shown["state"],
            "waiting": shown["waiting"],
        }


def shown_of(payload: Mapping[str, Any], status: PropagationStatus) -> dict[str, Any]:
    """Return the names that the templates of this page use, for the content of a result's ticket."""
    targets = status.views(payload)
    return {
        **payload,
        "targets": targets,
        "summary": status.summary(payload, targets),
        "state": " ".join(target.case for target in targets),
        "waiting": any(target.may_move for target in targets),
    }
