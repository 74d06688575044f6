"""Retrouver mon compte."""

from __future__ import annotations

from collections.abc import Callable

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.web import client_info, content
from gateway.web.desk import Desk
from gateway.web.forms import FindForm
from gateway.web.pages.service import ServicePage


class FindPage(ServicePage):
    form_class = FindForm
    template = panel = "find"

    def __init__(self, desk: Desk, find: Callable[[FindRequest], Found | Refused]) -> None:
        super().__init__(desk)
        self.find = find

    def form_valid(self, form: FindForm) -> ResponseReturnValue:
        outcome = self.find(form.to_request())
        if isinstance(outcome, Refused):
            self.desk.rate_limiter.count_miss(client_info.address())
            return self.render_refusal(form, outcome)
        self.audit(form, "found", logins=[person.login for person in outcome.people])
        return render_template("pages/found.html", people=outcome.people, panel=content.text(self.panel))
