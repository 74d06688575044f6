"""What the three services share: show a form, check it, ask the CAPTCHA, serve, and say what went wrong."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_wtf import FlaskForm

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Propagation
from gateway.account.outcomes import Refused
from gateway.account.policy import PasswordRules
from gateway.protection.captcha import Captcha, Verdict
from gateway.protection.tickets import Tickets
from gateway.settings import Settings
from gateway.web import content, wording
from gateway.web.forms import ServiceForm

log = logging.getLogger(__name__)

RESULT_SECONDS = 3600
REFUSED = 422
UNAVAILABLE = 503


@dataclass(frozen=True, slots=True)
class Desk:
    """What every page has at hand."""

    settings: Settings
    rules: PasswordRules
    captcha: Captcha
    tickets: Tickets

    def sentences(self, refused: Refused) -> list[str]:
        settings = self.settings
        return wording.refusal(refused, self.rules, settings.lockout, settings.password.history)


class FormPage(MethodView):
    """A form that is shown, sent and answered."""

    init_every_request = False
    form_class: ClassVar[type[FlaskForm]]
    template: ClassVar[str]
    panel: str
    """The text beside the form, by its name in `templates/content/`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def get(self) -> ResponseReturnValue:
        return self.show(self.form_class(formdata=None))

    def post(self) -> ResponseReturnValue:
        form = self.form_class(request.form)
        if not form.validate():
            return self.turn_down(
                form, [wording.STALE_PAGE] if form.is_stale else [], 400 if form.is_stale else REFUSED
            )
        return self.attend(form)

    def attend(self, form: Any) -> ResponseReturnValue:
        """Serve a form that is in order; an outage leaves the person with the form and a reason."""
        try:
            return self.serve(form)
        except DirectoryMisconfigured as error:
            log.error("%s: directory misconfigured: %s", self.panel, error)
            return self.turn_down(form, [wording.MISCONFIGURED.format(request_id=g.request_id)], UNAVAILABLE)
        except DirectoryUnavailable as error:
            log.error("%s: directory unavailable: %s", self.panel, error)
            return self.turn_down(form, [wording.UNAVAILABLE], UNAVAILABLE)
        except WriteUnconfirmed as error:
            log.error("%s: write unconfirmed: %s", self.panel, error)
            return self.turn_down(form, [wording.UNCONFIRMED], UNAVAILABLE)

    def serve(self, form: Any) -> ResponseReturnValue:
        raise NotImplementedError

    def refuse(self, form: Any, refused: Refused) -> ResponseReturnValue:
        log.info("%s: refused: %s", self.panel, refused.code)
        sentences = self.desk.sentences(refused)
        field = wording.FIELD_OF.get(refused.code, "")
        if field in form:
            form[field].errors = [*form[field].errors, *sentences]
            sentences = []
        return self.turn_down(form, sentences, REFUSED)

    def turn_down(self, form: Any, sentences: list[str], status: int) -> ResponseReturnValue:
        """The form once more, with `sentences` that concern all of it; nothing was changed."""
        return self.show(form, sentences), status

    def show(self, form: Any, sentences: list[str] | None = None) -> str:
        return render_template(
            f"pages/{self.template}.html",
            form=form,
            sentences=sentences or [],
            panel=content.text(self.panel),
            rules=wording.rules_in_words(self.desk.rules),
        )

    def done(self, outcome: str, login: str, propagation: Propagation | None, **facts: object) -> ResponseReturnValue:
        """Send the browser to a page that tells `outcome`: reloading it, or going back, repeats nothing."""
        log.info("%s: done: %s", self.panel, outcome)
        told = {"outcome": outcome, "login": login, "propagation": propagation and asdict(propagation), **facts}
        ticket = self.desk.tickets.issue("result", told, RESULT_SECONDS)
        return redirect(url_for("result", ticket=ticket), 303)


class ServicePage(FormPage):
    """A form that may ask for a CAPTCHA."""

    form_class: ClassVar[type[ServiceForm]]

    @property
    def asks_captcha(self) -> bool:
        return self.form_class.service in self.desk.settings.captcha.required

    def post(self) -> ResponseReturnValue:
        """The button that asks for another picture sends the form too: without JavaScript it is the only way."""
        if "another_picture" not in request.form:
            return super().post()
        form = self.form_class(request.form)
        self._renew_challenge(form)
        return self.show(form)

    def attend(self, form: Any) -> ResponseReturnValue:
        """The CAPTCHA comes when all else is in order, so that a slip elsewhere does not cost a new picture."""
        if not self.asks_captcha:
            return super().attend(form)
        if not form.captcha.data:
            form.captcha.errors = [wording.MISSING["captcha"]]
            return self.turn_down(form, [], REFUSED)
        verdict = self.desk.captcha.check(form.service, form.challenge.data or "", form.captcha.data)
        self._renew_challenge(form)
        if verdict is Verdict.RIGHT:
            return super().attend(form)
        form.captcha.errors = [wording.CAPTCHA_WRONG if verdict is Verdict.WRONG else wording.CAPTCHA_EXPIRED]
        return self.turn_down(form, [], REFUSED)

    def show(self, form: Any, sentences: list[str] | None = None) -> str:
        if self.asks_captcha and not self.desk.captcha.is_open(form.challenge.data or ""):
            self._renew_challenge(form)
        return super().show(form, sentences)

    def _renew_challenge(self, form: ServiceForm) -> None:
        form.captcha.data = ""
        form.challenge.data = self.desk.captcha.challenge(form.service) if self.asks_captcha else ""
