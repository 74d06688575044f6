"""Modifier mon mot de passe."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask.typing import ResponseReturnValue

from gateway.account.change import OnLockOut
from gateway.account.model import ChangeRequest
from gateway.account.outcomes import Changed, Refused
from gateway.web import after
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

    def serve(self, form: ChangeForm) -> ResponseReturnValue:
        outcome = self.change(form.to_request(), partial(after.record_lock_out, self.desk))
        if isinstance(outcome, Refused):
            return self.refuse(form, outcome)
        return self.done(
            form, "changed", outcome.person, outcome.propagation, notice="changed", was_expired=outcome.was_expired
        )
