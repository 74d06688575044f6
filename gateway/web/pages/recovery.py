"""The page "Mes moyens de secours": sign in, see the recovery methods, add, rename and remove them.

Each form answers with a redirect; what is shown then travels sealed, as the sign-in does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.account.model import Secret
from gateway.account.outcomes import Refusal, Refused
from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.protection import totp
from gateway.services.caller import Caller, EntryPoint
from gateway.services.outcomes import NotHuman, Outage, RateLimited
from gateway.services.ports import Channel
from gateway.services.recovery import WAYS, RecoveryService
from gateway.services.recovery_outcomes import Confirming, Managing, Notice, Shown
from gateway.services.robots import RobotService
from gateway.services.tickets import UsedTicket
from gateway.web import client_info, messages
from gateway.web.helpdesk import moment
from gateway.web.kept_pages import KeptPages
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import REFUSED, UNAVAILABLE, ServicePage
from gateway.web.pages.ticket_page import Restart, TicketPage
from gateway.web.recovery_forms import ConfirmMethodForm, MethodsForm, RecoverySignInForm
from gateway.web.sentences import Sentences

PANEL = "recovery"
GOOD = frozenset({Notice.ADDED, Notice.REMOVED, Notice.RENAMED, Notice.UNREADABLE_REMOVED})


class RecoveryPage(ServicePage):
    """The sign-in. A form with a ticket belongs to a later step, and the page of that step serves it."""

    form_class = RecoverySignInForm
    template = "recovery"
    panel = PANEL

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        robots: RobotService,
        kept: KeptPages,
        service: RecoveryService,
    ) -> None:
        super().__init__(sentences, states, robots, kept)
        self.service = service
        self.confirm_step = ConfirmPage(sentences, states, service, self.restart)
        self.methods_step = MethodsPage(sentences, states, service, self.confirm_step)
        self.confirm_step.methods_step = self.methods_step

    def post(self) -> ResponseReturnValue:
        """Hand the form of a later step to its page, which the fields of the form identify."""
        if "action" in request.form:
            return self.methods_step.post()
        if "ticket" in request.form:
            return self.confirm_step.post()
        return super().post()

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show what follows a sent form of any step; the sign-in once it is over."""
        for step in (self.methods_step, self.confirm_step):
            if state and state.step == step.step:
                try:
                    g.shown = self.service.shown(state.facts.get("ticket", ""), client_info.caller(EntryPoint.PAGE))
                except Outage as outage:
                    failed = PageState(self.step, UNAVAILABLE, sentences=[str(self.sentences.outage(outage))])
                    return self.show(replace(failed, retry_after_seconds=outage.retry_after_seconds))
                return step.show_next(state) if g.shown else self.show(self.restart(str(messages.RECOVERY_OVER)))
        return super().show_next(state)

    def submit(self, form: RecoverySignInForm, caller: Caller) -> Managing | Refused | RateLimited | NotHuman:
        """Verify that no script sends the form, then the password. Raises Outage."""
        login = str(form.login.data)
        if stopped := self.verify_robot(form, self.service.attempt(login, caller), caller):
            return stopped
        return self.service.sign_in(login, Secret(str(form.current_password.data)), caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the list of methods after the sign-in."""
        if isinstance(outcome, Managing):
            return replace(self.methods_step.manage(outcome), values=form.kept())
        return super().after(form, outcome)

    def restart(self, sentence: str) -> PageState:
        """Return the sign-in again, with a sentence that says why."""
        return self.state(self.form_class(formdata=None), [sentence], REFUSED)


class _Step(TicketPage):
    panel = PANEL

    def __init__(self, sentences: Sentences, states: PageStates, service: RecoveryService, restart: Restart) -> None:
        super().__init__(sentences, states, service.steps, restart)
        self.service = service

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows; a grant that is void leads back to the sign-in."""
        if isinstance(outcome, Refused) and outcome.code is Refusal.GRANT_VOID:
            return self.restart(str(messages.RECOVERY_OVER))
        return super().after(form, outcome)

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with what the ticket stands for."""
        shown: Shown = g.shown
        return super().render(form, state, login=shown.login, kinds=messages.KINDS, **more)


class MethodsPage(_Step):
    """The list of methods, with the forms to add, rename and remove."""

    form_class = MethodsForm
    template = step = "recovery_methods"

    def __init__(
        self, sentences: Sentences, states: PageStates, service: RecoveryService, confirm_step: ConfirmPage
    ) -> None:
        super().__init__(sentences, states, service, confirm_step.restart)
        self.confirm_step = confirm_step

    def manage(self, outcome: Managing) -> PageState:
        """Return the list, and what has just happened."""
        form = MethodsForm(formdata=None)
        form.ticket.data = outcome.ticket
        return self.state(form, notice=outcome.notice.value if outcome.notice else "")

    def state(
        self, form: Any, sentences: Sequence[str | LazyString] = (), status: int = 200, **facts: object
    ) -> PageState:
        """Return the state of the list; a mistake is in the form of its kind."""
        facts = {"notice": "", **facts}
        return super().state(form, sentences, status, kind=str(form.kind.data or ""), **facts)

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> Managing | Confirming | Refused:
        """Do what the button says. Raises Outage."""
        form.ticket.data = self.steps.renew(used)
        name, id_ = str(form.method_name.data or ""), str(form.method.data or "")
        match str(form.action.data):
            case "rename" if name:
                return self.service.rename(used, id_, name, caller)
            case "unreadable":
                return self.service.remove_unreadable(used, caller)
            case "remove":
                return self.service.remove(used, id_, caller)
            case "add" if form.kind.data in self.service.kinds:
                kind = RecoveryKind(form.kind.data)
                address = str(form.address.data or "") if kind in WAYS else ""
                return self.service.begin(used, kind, name or str(messages.KINDS[kind]), address, caller)
            case _:
                return self.service.leave(used)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the list again, or the confirmation of a new method."""
        match outcome:
            case Managing():
                return self.manage(outcome)
            case Confirming():
                return self.confirm_step.ask(outcome)
            case _:
                return super().after(form, outcome)

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the list as the directory has it now."""
        notice = state.facts["notice"]
        rows = [self._row(method) for method in g.shown.methods]
        sentence = messages.RECOVERY_NOTICES[notice] if notice else ""
        facts = {name: value for name, value in state.facts.items() if name != "notice"}
        return super().render(
            form,
            replace(state, facts=facts),
            rows=rows,
            notice=sentence,
            is_good=notice in GOOD,
            offered=[kind.value for kind in self.service.kinds],
            unreadable=g.shown.unreadable,
            rest_hours=self.sentences.settings.recovery.rest_hours,
            **more,
        )

    def _row(self, method: RecoveryMethod) -> dict[str, object]:
        rest, zone = self.service.methods.rest, ZoneInfo(self.sentences.settings.academy.timezone)
        is_ready = method.is_ready(self.service.methods.now(), rest)
        return {
            "id": method.id,
            "name": method.name,
            "kind": str(messages.KINDS[method.kind]),
            "masked": Channel(WAYS[method.kind], method.address, "").masked if method.kind in WAYS else "",
            "added": moment(method.added_at.astimezone(zone)),
            "ready": "" if is_ready else moment(method.ready_at(rest).astimezone(zone)),
            "used": moment(method.used_at.astimezone(zone)) if method.used_at else "",
        }


class ConfirmPage(_Step):
    """The step that confirms a new method, by a code or by the browser."""

    form_class = ConfirmMethodForm
    template = step = "recovery_confirm"
    methods_step: MethodsPage

    def ask(self, outcome: Confirming) -> PageState:
        """Return an empty form for the confirmation."""
        form = ConfirmMethodForm(formdata=None)
        form.ticket.data = outcome.ticket
        if not outcome.is_wrong:
            return self.state(form)
        form.answer.errors = [messages.filled(messages.CONFIRMATION_WRONG, left=outcome.attempts_left)]
        return self.state(form, status=REFUSED)

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> Managing | Confirming | Refused:
        """Hand the answer over, or go back to the list. Raises Outage."""
        form.ticket.data = self.steps.renew(used)
        if "leave" in request.form:
            return self.service.leave(used)
        return self.service.confirm(used, str(form.answer.data or ""), caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the list, or the same step again."""
        match outcome:
            case Managing():
                return self.methods_step.manage(outcome)
            case Confirming():
                return self.ask(outcome)
            case _:
                return super().after(form, outcome)

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show the step; the list if no method waits any more."""
        if state and g.shown.new is None:
            return self.methods_step.show_next(
                replace(state, step=self.methods_step.step, facts={**state.facts, "notice": "", "kind": ""})
            )
        return super().show_next(state)

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with what confirms the method that waits."""
        shown: Shown = g.shown
        new = shown.new
        assert new
        facts: dict[str, object] = {"kind": new.kind.value, "sent_to": "", "secret": "", "options": {}}
        if new.kind in WAYS:
            facts["sent_to"] = Channel(WAYS[new.kind], new.address, "").masked
        if new.secret:
            address = totp.app_address(new.secret, shown.login, self.sentences.settings.academy.name)
            facts |= {"secret": new.secret.reveal(), "app_address": address, "picture": totp.picture(address)}
        if shown.challenge and self.service.passkeys:
            facts["options"] = self.service.creation_options(shown)
        return super().render(form, state, **facts, **more)
