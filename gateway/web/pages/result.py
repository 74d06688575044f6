"""What a service did, told by a ticket that grants nothing: the page can be reloaded for an hour.

For people with a workstation it follows the password there: a script asks `etat` for the one part that changes, and
without JavaScript a link loads the page again.
"""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.protection.tickets import TokenError
from gateway.web import content
from gateway.web.desk import Desk
from gateway.web.propagation_status import Progress, views_of

GONE = 410


class ResultPage:
    def __init__(self, desk: Desk, progress: Progress) -> None:
        self.desk = desk
        self.progress = progress

    def page(self, ticket: str) -> ResponseReturnValue:
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, TokenError):
            return render_template("pages/result_gone.html"), GONE
        return render_template(
            "pages/result.html",
            ticket=ticket,
            targets=views_of(self.desk, opened.payload, self.progress),
            panel=content.text("help"),
            **opened.payload,
        )

    def state(self, ticket: str) -> ResponseReturnValue:
        """The part of the page that changes, and whether it still will."""
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, TokenError):
            return {"html": "", "waiting": False}, GONE
        targets = views_of(self.desk, opened.payload, self.progress)
        html = render_template("parts/targets.html", targets=targets)
        return {"html": html, "waiting": any(target.may_move for target in targets)}
