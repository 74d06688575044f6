"""The page "Retrouver mon compte": find an account by name and birth date."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.account.outcomes import Found, Refused
from gateway.services.caller import Caller
from gateway.services.find import FindService
from gateway.services.outcomes import NotHuman, RateLimited
from gateway.services.robots import RobotService
from gateway.web import content
from gateway.web.forms import FindForm
from gateway.web.pages.form_page import ServicePage
from gateway.web.sentences import Sentences


class FindPage(ServicePage):
    """The page on which people find their account."""

    form_class = FindForm
    template = panel = "find"

    def __init__(self, sentences: Sentences, robots: RobotService, service: FindService) -> None:
        super().__init__(sentences, robots)
        self.service = service

    def submit(self, form: FindForm, caller: Caller) -> Found | Refused | RateLimited | NotHuman:
        """Verify that no script sends the form, then search. Raises Outage."""
        request = form.to_request()
        stopped = self.verify_robot(form, self.service.attempt(request, caller), caller)
        return stopped or self.service.find(request, caller)

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show the accounts that were found, or why there is none."""
        if isinstance(outcome, Found):
            return render_template("pages/found.html", people=outcome.people, panel=content.text(self.panel))
        return super().render(form, outcome)
