"""A page with a form: GET shows it, POST hands it to a service, and a second address shows what follows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, ClassVar

from flask import g, redirect, render_template, request, url_for
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
from gateway.web.kept_pages import KeptPages, Tokens
from gateway.web.page_state import PageState, PageStates
from gateway.web.sent_form import SentForm, ServiceForm
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
STALE = 400
GONE = 410
REFUSED = 422
TOO_MANY = 429
UNAVAILABLE = 503


NEXT = "suite"
"""The last part of the address that shows what follows a sent form."""
BACK = "retour"
"""Parameter of that address for the form to which somebody returns who had to wait."""
FORM, LIMITED, SAVED = "form", "rate_limited", "saved"
"""Steps of each page with a form: the form, the wait after too many attempts, and a password that is saved."""


class FormPage(MethodView):
    """A page with a form. POST answers with a redirect to the address `NEXT`, which shows what follows.

    One instance serves all requests, so it keeps no state of a request.
    """

    init_every_request = False
    form_class: ClassVar[type[SentForm]]
    template: ClassVar[str]
    step: ClassVar[str] = FORM
    panel: str
    """The text beside the form, by its name in `templates/content/`."""

    def __init__(self, sentences: Sentences, states: PageStates) -> None:
        self.sentences = sentences
        self.states = states

    @property
    def path(self) -> str:
        """Return the path of the service's form."""
        return _path(str(request.endpoint), request.root_path)

    def get(self, step: str = "") -> ResponseReturnValue:
        """Show the first form with what was typed before or what a link may fill in; with `step` what follows it."""
        state = self.states.read(self.path)
        if step:
            return self.show_next(_behind_the_wait(state) if BACK in request.args else state)
        typed = dict(state.values) if state else {}
        values = typed | self.form_class.prefilled(request.args)
        return self.show(PageState(self.step, values=values)) if values else self.show_empty()

    def post(self) -> ResponseReturnValue:
        """Validate the form, hand it to `submit`, and redirect to what follows."""
        form = self.form_class(request.form)
        if language.is_switch():
            return self.follow(self.state(form))
        if not form.validate():
            sentences, status = ([messages.STALE_PAGE], STALE) if form.is_stale else ([], REFUSED)
            return self.follow(self.state(form, sentences, status))
        try:
            outcome = self.submit(form, client_info.caller(EntryPoint.PAGE))
        except Outage as outage:
            return self.follow(self.after_outage(form, outage))
        if isinstance(outcome, Saved):
            result = url_for("result", ticket=outcome.result_ticket)
            return self.states.follow(self.path, PageState(SAVED, facts={"result": result}), result)
        return self.follow(self.after(form, outcome))

    def follow(self, state: PageState) -> ResponseReturnValue:
        """Redirect to the page that shows `state`."""
        return self.states.follow(self.path, state, url_for(str(request.endpoint), step=NEXT, _method="GET"))

    def submit(self, form: Any, caller: Caller) -> object:
        """Hand a valid form to its service, and return the outcome. Raises Outage."""
        raise NotImplementedError

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows an outcome of `submit`. Raises TypeError for one that this class does not know."""
        match outcome:
            case RateLimited():
                return self._after_rate_limit(form, outcome)
            case Refused():
                return self._after_refusal(form, outcome)
            case _:
                raise TypeError(f"no page shows {type(outcome).__name__}")

    def after_outage(self, form: Any, outage: Outage) -> PageState:
        """Return the form again with what failed; the page refers the person to the helpdesk."""
        state = self.state(form, [self.sentences.outage(outage)], UNAVAILABLE, helpdesk_may_help=True)
        return replace(state, retry_after_seconds=outage.retry_after_seconds, reference=g.request_id)

    def _after_rate_limit(self, form: Any, limited: RateLimited) -> PageState:
        """Return how long to wait. The page is the same whether or not the account exists."""
        state = self.state(form, status=TOO_MANY, without_work=limited.without_work, behind=self.step)
        return replace(state, step=LIMITED, retry_after_seconds=limited.retry_after_seconds)

    def _after_refusal(self, form: Any, refused: Refused) -> PageState:
        """Return the form again with the reason, beside the field that it concerns."""
        sentences: Sequence[str | LazyString] = self.sentences.refused(refused)
        field = messages.FIELD_OF.get(refused.code, "")
        if field in form:
            form[field].errors = [*form[field].errors, *sentences]
            sentences = []
        return self.state(form, sentences, REFUSED, min_length=refused.limits.min_length)

    def state(
        self, form: Any, sentences: Sequence[str | LazyString] = (), status: int = 200, **facts: object
    ) -> PageState:
        """Return the state that shows `form` with its errors. `sentences` concern all of the form."""
        return PageState(
            self.step,
            status,
            values=form.kept() if is_from_here() else {},
            errors={name: list(map(str, errors)) for name, errors in form.errors.items() if name != "csrf_token"},
            sentences=list(map(str, sentences)),
            facts=facts,
        )

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show `state`; the first form with an explanation if the browser brings none."""
        if state is None:
            return self.show(PageState(FORM, GONE, sentences=[str(messages.STEP_GONE)], facts={"is_gone": True}))
        if state.reference:
            g.reference = state.reference
        if state.step == LIMITED:
            return self._show_rate_limit(state)
        if state.step == SAVED:
            # Somebody who goes back from the result is done, and is not to read that something failed.
            return redirect(state.facts["result"], 303)
        return self.show(state)

    def _show_rate_limit(self, state: PageState) -> ResponseReturnValue:
        back = f"{url_for(str(request.endpoint), step=NEXT)}?{BACK}"
        minutes, without_work = math.ceil(state.retry_after_seconds / 60), state.facts["without_work"]
        page = render_template("pages/rate_limited.html", minutes=minutes, form_url=back, without_work=without_work)
        return page, state.status, state.headers

    def show_empty(self) -> ResponseReturnValue:
        """Show the form as somebody finds it who has typed nothing."""
        return self.show(PageState(self.step))

    def show(self, state: PageState) -> ResponseReturnValue:
        """Show the form with what was typed and with the errors."""
        return self.show_form(self.form_class(formdata=None, data=state.values), state)

    def show_form(self, form: Any, state: PageState) -> ResponseReturnValue:
        """Show `form` with the errors of `state`."""
        for name in form.data.keys() & state.errors.keys():
            form[name].errors = list(state.errors[name])
        return self.render(form, state), state.status, state.headers

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the form, as HTML.

        The fact `min_length` is how many characters the directory requires of this person's password, if the person
        is known. `more` goes to the template, as the facts do.
        """
        facts = {**state.facts, **more}
        rules = self.sentences.rules.at_least(facts.pop("min_length", 0))
        return render_template(
            f"pages/{self.template}.html",
            form=form,
            form_url=self.path,
            sentences=state.sentences,
            panel=content.text(self.panel),
            rules=messages.rules_in_words(rules),
            min_length=rules.min_length,
            **facts,
        )


class ServicePage(FormPage):
    """The first form of a service, which may ask for a CAPTCHA."""

    form_class: ClassVar[type[ServiceForm]]

    def __init__(self, sentences: Sentences, states: PageStates, robots: RobotService, kept: KeptPages) -> None:
        super().__init__(sentences, states)
        self.robots = robots
        self.kept = kept

    def post(self) -> ResponseReturnValue:
        """Show another picture if its button sent the form, as without JavaScript; else submit the form."""
        if "another_picture" not in request.form:
            return super().post()
        form = self.form_class(request.form)
        self._renew_challenge(form)
        return self.follow(self.state(form))

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
        if isinstance(outcome, NotHuman):
            uses_up = outcome.verdict not in WORK_ALONE
        else:
            # Right characters without work, beyond their budget: the challenge is used up all the same.
            uses_up = isinstance(outcome, RateLimited) and outcome.without_work
        if uses_up:
            self._renew_challenge(form)
        return outcome

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows; after NotHuman the form again, with the reason beside the CAPTCHA."""
        if not isinstance(outcome, NotHuman):
            return super().after(form, outcome)
        missing = messages.captcha_missing(self.robots.check.takes_characters)
        form.captcha.errors = [str(_CAPTCHA.get(outcome.verdict) or missing)]
        return self.state(form, status=REFUSED)

    def state(
        self, form: Any, sentences: Sequence[str | LazyString] = (), status: int = 200, **facts: object
    ) -> PageState:
        """Return the state that shows `form`, and whether its browser did no proof of work."""
        if not self.robots.check.captcha.is_open(form.challenge.data or ""):
            form.challenge.data = form.captcha.data = ""
        return super().state(form, sentences, status, came_without_work=form.came_without_work, **facts)

    def show_empty(self) -> ResponseReturnValue:
        """Show the form without anything typed: rendered once for everybody, with tokens of this showing."""
        asks = self._asks_captcha({})
        return self.kept.page(partial(self._render_empty, asks), self.tokens(asks), asks)

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the form, and with a CAPTCHA if one is required."""
        asks = self._asks_captcha(state.values)
        if asks and not self.robots.check.captcha.is_open(form.challenge.data or ""):
            self._renew_challenge(form)
        return self.render_with(self.tokens(asks_captcha=False), form, state, asks, **more)

    def tokens(self, asks_captcha: bool) -> dict[str, str]:
        """Return new tokens for one showing of the page."""
        return {"challenge": self.robots.check.captcha.challenge(self.form_class.service)} if asks_captcha else {}

    def render_with(self, tokens: Tokens, form: Any, state: PageState, asks_captcha: bool, **more: object) -> str:
        """Return the page with the form, which has its challenge already."""
        return super().render(
            form,
            state,
            asks_captcha=asks_captcha,
            may_need_work=asks_captcha or self.robots.check.is_on,
            came_without_work=state.facts.get("came_without_work", False),
            **more,
        )

    def _render_empty(self, asks_captcha: bool, tokens: Tokens) -> str:
        form = self.form_class(formdata=None, data={"challenge": tokens.get("challenge", "")})
        return self.render_with(tokens, form, PageState(self.step), asks_captcha)

    def _asks_captcha(self, values: Mapping[str, str]) -> bool:
        # The amount of work depends on what is known before the form is validated.
        early = self.form_class.counted_early(values)
        return self.robots.check.is_required(Attempt(self.form_class.service, client_info.address(), **early))

    def _renew_challenge(self, form: ServiceForm) -> None:
        form.captcha.data = ""
        form.challenge.data = self.robots.check.captcha.challenge(form.service)


@lru_cache(maxsize=64)
def _path(endpoint: str, _root: str) -> str:
    """Return the path of `endpoint` below `_root`, the part of the address that the server or a proxy adds."""
    return url_for(endpoint)


def _behind_the_wait(state: PageState | None) -> PageState | None:
    """Return the step at which there were too many attempts; any other state as it is."""
    if state is None or state.step != LIMITED:
        return state
    return replace(state, step=state.facts["behind"], status=200, retry_after_seconds=0)


def is_from_here() -> bool:
    """Return whether one of our own pages sent the form, so that what it brings may be shown again later."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
