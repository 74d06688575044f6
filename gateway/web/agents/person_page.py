"""The page about one person, for an agent who looked at this person for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel.speaklater import LazyString

from gateway.account.reset_code import in_groups
from gateway.services.agent_people import AgentAction, Done, Look, NotDone
from gateway.services.caller import Caller, EntryPoint
from gateway.services.outcomes import Outage
from gateway.services.reset_codes import Approved, Closed, CodeRefused, Given, Requested
from gateway.services.services import AgentServices
from gateway.web import client_info, messages
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import PERSON, PersonForm, SignOutForm
from gateway.web.agents.person_view import PersonView, PersonViews
from gateway.web.agents.texts import CODE_REFUSALS, DONE, OBSTACLES
from gateway.web.fields import typed
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import GONE, NEXT, REFUSED, UNAVAILABLE, FormPage
from gateway.web.sentences import Sentences


class PersonPage(FormPage):
    """Shows an account as it is now, and does what a button asks for. The form says whom it is about, sealed."""

    form_class = PersonForm
    template = "agent_person"
    step = PERSON
    panel = "agent-person"

    def __init__(self, sentences: Sentences, states: PageStates, services: AgentServices, views: PersonViews) -> None:
        super().__init__(sentences, states)
        self.people, self.codes = services.people, services.codes
        self.views = views

    def get(self, step: str = "") -> ResponseReturnValue:
        """Show the person who was looked at last; without one, lead to the search."""
        state = self.states.read(self.path)
        if state is None or self._look(state.facts.get(PERSON, "")) is None:
            return redirect(url_for("agents.search"), 303)
        return super().get(step or NEXT)

    def post(self) -> ResponseReturnValue:
        """Do what a button asks for; a form whose look is over leads to the search."""
        if self._look(request.form.get(PERSON, "")) is None:
            return redirect(url_for("agents.search"), 303)
        return super().post()

    def submit(self, form: PersonForm, caller: Caller) -> object:
        """Hand the action to the service. Raises Outage."""
        look, action = self._look(typed(form.person)), form.chosen
        if look is None or action is None:
            return None
        session, caller = session_cookie.present(), session_cookie.as_agent(caller)
        if isinstance(action, AgentAction):
            return self.people.act(session, look, action, form.password, caller)
        if self.codes is None:
            return None
        asked = typed(form.requested_by).strip()
        return self.codes.act(session, look, action, form.password, caller, requested_by=asked)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows: the person again, with what was done."""
        match outcome:
            case Done():
                return self.state(form, done=str(DONE[outcome.action]))
            case NotDone():
                return self.state(form, [OBSTACLES[outcome.obstacle]], REFUSED)
            case Given():
                until = self.views.moment(outcome.until)
                return self.state(form, code=in_groups(outcome.code), until=until)
            case Requested() | Approved() | Closed():
                return self.state(form, done=self.views.code_done(outcome))
            case CodeRefused():
                return self.state(form, [CODE_REFUSALS[outcome.reason]], REFUSED)
            case None:
                return self.state(form, [messages.NO_ACTION_CHOSEN], REFUSED)
            case _:
                return super().after(form, outcome)

    def state(
        self, form: Any, sentences: Sequence[str | LazyString] = (), status: int = 200, **facts: object
    ) -> PageState:
        """Return the state that shows the person of the form."""
        return super().state(form, sentences, status, **facts, **{PERSON: typed(form.person)})

    def show(self, state: PageState) -> ResponseReturnValue:
        """Show the person as the directory has the account now. Raises Outage."""
        look = self._look(state.facts[PERSON])
        if look is None:
            return redirect(url_for("agents.search"), 303)
        try:
            seen = self.people.see(look, session_cookie.as_agent(client_info.caller(EntryPoint.PAGE)))
        except Outage as outage:
            return self._show(state, look, None, self.sentences.outage(outage), UNAVAILABLE)
        if seen is None:
            return self._show(state, look, None, messages.PERSON_GONE, GONE)
        return self._show(state, look, self.views.of(seen))

    def _show(
        self, state: PageState, look: Look, view: PersonView | None, sentence: str | LazyString = "", status: int = 0
    ) -> ResponseReturnValue:
        form = self.form_class(formdata=None, data={PERSON: look.ticket})
        for name in form.data.keys() & state.errors.keys():
            form[name].errors = list(state.errors[name])
        shown = replace(state, sentences=[str(sentence)]) if sentence else state
        more = {name: state.facts.get(name, "") for name in ("done", "code", "until")}
        page = self.render(
            form,
            replace(shown, facts={}),
            view=view,
            look=look,
            agent=session_cookie.present().login,
            sign_out=SignOutForm(formdata=None),
            gives_codes=self.codes is not None,
            has_second_agents=bool(self.sentences.settings.helpdesk.four_eyes_filter),
            **more,
        )
        return page, status or state.status, state.headers

    def _look(self, ticket: str) -> Look | None:
        return self.people.open(session_cookie.present(), ticket)
