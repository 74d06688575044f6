"""A page with a form: GET shows it, POST hands it to a service and returns one result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_babel.speaklater import LazyString

from gateway.account.outcomes import Refused
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.services.caller import Caller, EntryPoint
from gateway.services.outcomes import NotHuman, Outage, RateLimited, Saved
from gateway.services.robots import Passed, RobotService
from gateway.web import client_info, content, language, messages
from gateway.web.forms import SentForm, ServiceForm
from gateway.web.sentences import Sentences

_CAPTCHA = {
    Verdict.WRONG: messages.CAPTCHA_WRONG,
    Verdict.EXPIRED: messages.CAPTCHA_EXPIRED,
    Verdict.REPLAYED: messages.ALREADY_SENT,
    Verdict.OTHER_NETWORK: messages.CAPTCHA_REPEATED,
    Verdict.TOO_EASY: messages.CAPTCHA_REPEATED,
}
WORK_ALONE = frozenset({Verdict.OTHER_NETWORK, Verdict.TOO_EASY})
"""Verdicts about the proof of work only; the challenge with the characters stays valid."""
REFUSED = 422
TOO_MANY = 429
UNAVAILABLE = 503


class FormPage(MethodView):
    """A page with a form. One instance serves all requests, so it keeps no state of a request."""

    init_every_request = False
    form_class: ClassVar[type[SentForm]]
    template: ClassVar[str]
    panel: str
    """The text beside the form, by its name in `templates/content/`."""

    def __init__(self, sentences: Sentences) -> None:
        self.sentences = sentences

    def get(self) -> ResponseReturnValue:
        """Show the form, with the login that a link may fill in."""
        return self.show(self.form_class(formdata=None, data=self.form_class.prefilled(request.args)))

    def post(self) -> ResponseReturnValue:
        """Validate the form, hand it to `submit` and show the outcome, or after an outage the form and the reason."""
        form = self.form_class(request.form)
        if language.is_switch():
            return self.show(form)
        if not form.validate():
            sentences, status = ([messages.STALE_PAGE], 400) if form.is_stale else ([], REFUSED)
            return self.form_invalid(form, sentences, status)
        try:
            outcome = self.submit(form, client_info.caller(EntryPoint.PAGE))
        except Outage as outage:
            return self.render_outage(form, outage)
        return self.render(form, outcome)

    def submit(self, form: Any, caller: Caller) -> object:
        """Hand a valid form to its service, and return the outcome. Raises Outage."""
        raise NotImplementedError

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show an outcome of `submit`. Raises TypeError for one that this class does not know."""
        match outcome:
            case RateLimited():
                return self.render_rate_limited(outcome)
            case Refused():
                return self.render_refusal(form, outcome)
            case Saved():
                # After this redirect, to reload the result or to go back repeats nothing.
                return redirect(url_for("result", ticket=outcome.result_ticket), 303)
            case _:
                raise TypeError(f"no page shows {type(outcome).__name__}")

    def render_rate_limited(self, limited: RateLimited) -> ResponseReturnValue:
        """Show how many minutes to wait. The page is the same whether or not the account exists."""
        seconds = limited.retry_after_seconds
        page = render_template(
            "pages/rate_limited.html", minutes=math.ceil(seconds / 60), without_work=limited.without_work
        )
        return page, TOO_MANY, {"Retry-After": str(seconds)}

    def render_outage(self, form: Any, outage: Outage) -> ResponseReturnValue:
        """Show the form again with what failed, and refer the person to the helpdesk."""
        page = self.show(form, [self.sentences.outage(outage)], helpdesk_may_help=True)
        seconds = outage.retry_after_seconds
        return page, UNAVAILABLE, {"Retry-After": str(seconds)} if seconds else {}

    def render_refusal(self, form: Any, refused: Refused) -> ResponseReturnValue:
        """Show the form again with the reason, beside the field that it concerns."""
        sentences: Sequence[str | LazyString] = self.sentences.refused(refused)
        field = messages.FIELD_OF.get(refused.code, "")
        if field in form:
            form[field].errors = [*form[field].errors, *sentences]
            sentences = []
        return self.show(form, sentences, min_length=refused.limits.min_length), REFUSED

    def form_invalid(self, form: Any, sentences: Sequence[str | LazyString], status: int) -> ResponseReturnValue:
        """Show the form again, with `sentences` that concern all of it; nothing was changed."""
        return self.show(form, sentences), status

    def show(
        self,
        form: Any,
        sentences: Sequence[str | LazyString] | None = None,
        *,
        min_length: int = 0,
        **more: object,
    ) -> str:
        """Return the page with the form, as HTML.

        `sentences` concern all of the form. `min_length`: characters that the directory requires of this person's
        password, if the person is known; else 0. `more` goes to the template.
        """
        rules = self.sentences.rules.at_least(min_length)
        return render_template(
            f"pages/{self.template}.html",
            form=form,
            sentences=sentences or [],
            panel=content.text(self.panel),
            rules=messages.rules_in_words(rules),
            min_length=rules.min_length,
            **more,
        )


class ServicePage(FormPage):
    """The first form of a service, which may ask for a CAPTCHA."""

    form_class: ClassVar[type[ServiceForm]]

    def __init__(self, sentences: Sentences, robots: RobotService) -> None:
        super().__init__(sentences)
        self.robots = robots

    def post(self) -> ResponseReturnValue:
        """Show another picture if its button sent the form, as without JavaScript; else submit the form."""
        if "another_picture" not in request.form:
            return super().post()
        form = self.form_class(request.form)
        self._renew_challenge(form)
        return self.show(form)

    def verify_robot(self, form: Any, attempt: Attempt, caller: Caller) -> NotHuman | RateLimited | None:
        """Return why the form must not be served; None if it may be. Raises Outage.

        Call it after validation, so that a mistake in another field does not use up the CAPTCHA.
        """
        try:
            outcome = self.robots.verify(attempt, form.answer, caller)
        except Outage:
            # The challenge may have been used up already.
            self._renew_challenge(form)
            raise
        if isinstance(outcome, Passed):
            if outcome.was_asked:
                self._renew_challenge(form)
            return None
        if isinstance(outcome, NotHuman) and outcome.verdict not in WORK_ALONE:
            self._renew_challenge(form)
        return outcome

    def render(self, form: Any, outcome: object) -> ResponseReturnValue:
        """Show an outcome; for NotHuman show the form again, with the reason beside the CAPTCHA."""
        if not isinstance(outcome, NotHuman):
            return super().render(form, outcome)
        missing = messages.captcha_missing(self.robots.check.takes_characters)
        form.captcha.errors = [str(_CAPTCHA.get(outcome.verdict) or missing)]
        return self.form_invalid(form, [], REFUSED)

    def show(self, form: Any, sentences: Sequence[str | LazyString] | None = None, **more: Any) -> str:
        """Return the page with the form, and with a CAPTCHA if one is required."""
        check = self.robots.check
        # The amount of work depends on what is known before the form is validated.
        early = Attempt(self.form_class.service, client_info.address(), **self.form_class.counted_early(request.form))
        asks = check.is_required(early)
        if asks and not check.captcha.is_open(form.challenge.data or ""):
            self._renew_challenge(form)
        return super().show(
            form,
            sentences,
            asks_captcha=asks,
            may_need_work=asks or check.is_on,
            came_without_work=form.came_without_work,
            **more,
        )

    def _renew_challenge(self, form: ServiceForm) -> None:
        form.captcha.data = ""
        form.challenge.data = self.robots.check.captcha.challenge(form.service)
