"""What a service did, told by a ticket that grants nothing: the page can be reloaded for an hour."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.protection.tickets import Void
from gateway.web import content
from gateway.web.pages.service import Desk


class ResultPage:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __call__(self, ticket: str) -> ResponseReturnValue:
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, Void):
            return render_template("pages/result_gone.html"), 410
        return render_template("pages/result.html", **opened.payload, panel=content.text("help"))
