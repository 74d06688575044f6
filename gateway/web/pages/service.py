"""What the three services share: show a form, check it, ask the CAPTCHA, serve, and say what went wrong."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any, ClassVar

from flask import (
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_babel.speaklater import LazyString

from gateway.account.errors import DirectoryBusy, DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.model import Person, Propagation
from gateway.account.outcomes import Refused
from gateway.protection.captcha.robot_check import RobotCheck
from gateway.protection.captcha.verdict import Verdict
from gateway.protection.rate_limiting.limiter import Attempt, RetryAfter
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.web import client_info, content, follow_up, language, messages, notices
from gateway.web.desk import Desk
from gateway.web.forms import SentForm, ServiceForm

log = logging.getLogger(__name__)

_CAPTCHA = {
    Verdict.WRONG: messages.CAPTCHA_WRONG,
    Verdict.EXPIRED: messages.CAPTCHA_EXPIRED,
    Verdict.REPLAYED: messages.ALREADY_SENT,
    Verdict.OTHER_NETWORK: messages.CAPTCHA_REPEATED,
    Verdict.TOO_EASY: messages.CAPTCHA_REPEATED,
}
WORK_ALONE = frozenset({Verdict.OTHER_NETWORK, Verdict.TOO_EASY})
"""What concerns the proof of work, and leaves the characters as they were."""
HASHING = frozenset({"change", "choose"})
"""Services that make the directory hash a password."""
REFUSED = 422
TOO_MANY = 429
UNAVAILABLE = 503


class FormPage(MethodView):
    """A form that is shown, sent and answered."""

    init_every_request = False
    form_class: ClassVar[type[SentForm]]
    template: ClassVar[str]
    panel: str
    """The text beside the form, by its name in `templates/content/`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def get(self) -> ResponseReturnValue:
        return self.show(self.form_class(formdata=None, data=self.form_class.prefilled(request.args)))

    def post(self) -> ResponseReturnValue:
        form = self.form_class(request.form)
        if language.is_switch():
            return self.show(form)
        if not form.validate():
            return self.form_invalid(
                form, [messages.STALE_PAGE] if form.is_stale else [], 400 if form.is_stale else REFUSED
            )
        return self.handle(form)

    def handle(self, form: Any) -> ResponseReturnValue:
        """Serve a form that is in order; an outage leaves the person with the form and a reason."""
        try:
            if form.service in HASHING:
                self.desk.refuse_if_full()
            return self.check_preconditions(form) or self.form_valid(form)
        except DirectoryMisconfigured as error:
            sentence = messages.filled(messages.MISCONFIGURED, request_id=g.request_id)
            return self.render_outage(form, "directory_misconfigured", error, sentence)
        except DirectoryBusy as error:
            seconds = error.retry_after_seconds
            page, status = self.render_outage(form, "busy", error, messages.filled(messages.BUSY, seconds=seconds))
            return page, status, {"Retry-After": str(seconds)}
        except DirectoryUnavailable as error:
            return self.render_outage(form, "directory_unavailable", error, messages.UNAVAILABLE)
        except WriteUnconfirmed as error:
            return self.render_outage(form, "write_unconfirmed", error, messages.UNCONFIRMED)
        except StoreUnavailable as error:
            # Without counts nothing may be let through: guesses would be free.
            return self.render_outage(form, "store_unavailable", error, messages.STORE_UNAVAILABLE)

    def check_preconditions(self, form: Any) -> ResponseReturnValue | None:
        """What must hold before the directory is asked; an answer where it doesn't. Raises StoreUnavailable."""
        return self.check_rate_limit(form)

    def form_valid(self, form: Any) -> ResponseReturnValue:
        raise NotImplementedError

    def check_rate_limit(self, form: Any, *, only_look: bool = False) -> ResponseReturnValue | None:
        attempt = Attempt(form.service, client_info.address(), **form.subjects())
        rate_limiter = self.desk.rate_limiter
        wait = rate_limiter.test(attempt) if only_look else rate_limiter.hit(attempt)
        return self.render_rate_limited(form, wait) if wait else None

    def render_rate_limited(self, form: Any, wait: RetryAfter, *, without_work: bool = False) -> ResponseReturnValue:
        """The same page whatever was tried, and whoever has an account."""
        self.audit(form, "rate_limited", limit=wait.scope)
        minutes = math.ceil(wait.seconds / 60)
        page = render_template("pages/rate_limited.html", minutes=minutes, without_work=without_work)
        return page, TOO_MANY, {"Retry-After": str(wait.seconds)}

    def audit(self, form: Any, outcome: str, **facts: object) -> None:
        """One line of the audit. `form` gives the login as it was typed, where the outcome gives none."""
        login = facts.pop("login", "") or form.subjects().get("login", "")
        self.desk.audit.record(form.service, outcome, login=str(login), **client_info.facts(), **facts)

    def render_outage(self, form: Any, outcome: str, error: Exception, sentence: str | LazyString) -> tuple[str, int]:
        log.error("%s: %s: %s", form.service, outcome, error)
        self.audit(form, outcome)
        return self.show(form, [sentence], helpdesk_may_help=True), UNAVAILABLE

    def render_refusal(self, form: Any, refused: Refused) -> ResponseReturnValue:
        self.audit(form, refused.code, rules=[str(rule) for rule in refused.violations])
        sentences: Sequence[str | LazyString] = self.desk.sentences(refused)
        field = messages.FIELD_OF.get(refused.code, "")
        if field in form:
            form[field].errors = [*form[field].errors, *sentences]
            sentences = []
        return self.show(form, sentences, min_length=refused.limits.min_length), REFUSED

    def form_invalid(self, form: Any, sentences: Sequence[str | LazyString], status: int) -> ResponseReturnValue:
        """The form once more, with `sentences` that concern all of it; nothing was changed."""
        return self.show(form, sentences), status

    def show(
        self,
        form: Any,
        sentences: Sequence[str | LazyString] | None = None,
        *,
        min_length: int = 0,
        **more: object,
    ) -> str:
        """`min_length`: what the directory asks of this person's password, where it is known whose it is."""
        rules = self.desk.rules.at_least(min_length)
        return render_template(
            f"pages/{self.template}.html",
            form=form,
            sentences=sentences or [],
            panel=content.text(self.panel),
            rules=messages.rules_in_words(rules),
            min_length=rules.min_length,
            **more,
        )

    def redirect_to_result(
        self,
        form: Any,
        outcome: str,
        person: Person,
        propagation: Propagation | None,
        *,
        notice: str,
        **facts: object,
    ) -> ResponseReturnValue:
        """Send the browser to a page that tells `outcome`: reloading it, or going back, repeats nothing."""
        with follow_up.never_failing("the audit"):
            self.audit(form, outcome, login=person.login, targets=follow_up.states_at_first(self.desk, propagation))
        with follow_up.never_failing("the notice"):
            notices.tell(self.desk, notice, person)
        ticket = follow_up.result_ticket(self.desk, outcome, person, propagation, **facts)
        return redirect(url_for("result", ticket=ticket), 303)


class ServicePage(FormPage):
    """A form that may ask for a CAPTCHA."""

    form_class: ClassVar[type[ServiceForm]]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.check = RobotCheck(desk.settings.captcha, desk.captcha, desk.work, desk.rate_limiter)

    def post(self) -> ResponseReturnValue:
        """The button that asks for another picture sends the form too: without JavaScript it is the only way."""
        if "another_picture" not in request.form:
            return super().post()
        form = self.form_class(request.form)
        self._renew_challenge(form)
        return self.show(form)

    def check_preconditions(self, form: Any) -> ResponseReturnValue | None:
        """Nobody solves a CAPTCHA in vain: a look at the rate limit comes before it, and the count after it.

        The CAPTCHA comes when all else is in order, so that a slip elsewhere does not cost a new one.
        """
        if not self.check.is_required(self._attempt()):
            return self.check_rate_limit(form)
        if held_up := self.check_rate_limit(form, only_look=True):
            return held_up
        return self._check_robot(form) or self.check_rate_limit(form)

    def _check_robot(self, form: Any) -> ResponseReturnValue | None:
        verdict = self.check.check(self._attempt(), form.answer)
        if verdict not in WORK_ALONE:
            self._renew_challenge(form)
        if verdict is Verdict.RIGHT_WITHOUT_WORK:
            wait = self.desk.rate_limiter.hit_without_work(client_info.address())
            return self.render_rate_limited(form, wait, without_work=True) if wait else None
        if verdict is Verdict.RIGHT:
            return None
        if verdict is not Verdict.MISSING:
            self.audit(form, f"captcha_{verdict.name.lower()}")
        form.captcha.errors = [str(_CAPTCHA.get(verdict) or messages.captcha_missing(self.check.takes_characters))]
        return self.form_invalid(form, [], REFUSED)

    def show(self, form: Any, sentences: Sequence[str | LazyString] | None = None, **more: Any) -> str:
        asks = self.check.is_required(self._attempt())
        if asks and not self.desk.captcha.is_open(form.challenge.data or ""):
            self._renew_challenge(form)
        return super().show(
            form,
            sentences,
            asks_captcha=asks,
            may_need_work=asks or self.check.is_on,
            came_without_work=form.came_without_work,
            **more,
        )

    def _attempt(self) -> Attempt:
        """What is known of it before the form is read: it decides how much work the form must bring."""
        form = self.form_class
        return Attempt(form.service, client_info.address(), **form.counted_early(request.form))

    def _renew_challenge(self, form: ServiceForm) -> None:
        form.captcha.data = ""
        form.challenge.data = self.desk.captcha.challenge(form.service)
