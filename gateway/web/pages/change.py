"""Modifier mon mot de passe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask.typing import ResponseReturnValue

from gateway.account.change import OnLockOut
from gateway.account.model import ChangeRequest
from gateway.account.outcomes import Changed, Refused
from gateway.web import follow_up
from gateway.web.desk import Desk
from gateway.web.forms import ChangeForm
from gateway.web.pages.service import ServicePage

ChangeService = Callable[[ChangeRequest, OnLockOut], Changed | Refused]


class ChangePage(ServicePage):
    form_class = ChangeForm
    template = panel = "change"

    def __init__(self, desk: Desk, change: ChangeService) -> None:
        super().__init__(desk)
        self.change = change

    def form_valid(self, form: ChangeForm) -> ResponseReturnValue:
        outcome = self.change(form.to_request(), partial(follow_up.record_lock_out, self.desk))
        if isinstance(outcome, Refused):
            return self.render_refusal(form, outcome)
        return self.redirect_to_result(
            form, "changed", outcome.person, outcome.propagation, notice="changed", was_expired=outcome.was_expired
        )
