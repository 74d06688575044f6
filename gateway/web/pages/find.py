"""Retrouver mon compte."""

from __future__ import annotations

from collections.abc import Callable

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.account.model import FindRequest
from gateway.account.outcomes import Found, Refused
from gateway.protection.store import StoreUnavailable
from gateway.web import content, origin
from gateway.web.desk import Desk
from gateway.web.forms import FindForm
from gateway.web.pages.service import ServicePage


class FindPage(ServicePage):
    form_class = FindForm
    template = panel = "find"

    def __init__(self, desk: Desk, find: Callable[[FindRequest], Found | Refused]) -> None:
        super().__init__(desk)
        self.find = find

    @property
    def asks_captcha(self) -> bool:
        """Where the settings don't ask for it anyway: after a few misses, or while all together miss too often."""
        if super().asks_captcha:
            return True
        try:
            return self.desk.throttle.is_suspicious(origin.address())
        except StoreUnavailable:
            return True

    def serve(self, form: FindForm) -> ResponseReturnValue:
        outcome = self.find(form.to_request())
        if isinstance(outcome, Refused):
            self.desk.throttle.count_miss(origin.address())
            return self.refuse(form, outcome)
        self.note(form, "found", logins=[person.login for person in outcome.people])
        return render_template("pages/found.html", people=outcome.people, panel=content.text(self.panel))
