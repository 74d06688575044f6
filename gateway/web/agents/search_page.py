"""The search of the helpdesk: who is meant, and why the agent asks."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from gateway.account.model import Person
from gateway.services.agent_people import AgentPeople, Look, NobodyThere, Searched
from gateway.services.caller import Caller
from gateway.services.outcomes import RateLimited
from gateway.web import messages
from gateway.web.agents import session_cookie
from gateway.web.agents.forms import PERSON, SearchForm, SignOutForm
from gateway.web.fields import typed
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import NEXT, REFUSED, FormPage
from gateway.web.sentences import Sentences

MAX_SHOWN_CHARS = 70
"""Characters of a name or an address in the results, all of which travel in a cookie."""


class SearchPage(FormPage):
    """Searches people; a button of each one leads to the page about this person."""

    form_class = SearchForm
    template = "agent_search"
    panel = "agent-search"

    def __init__(self, sentences: Sentences, states: PageStates, people: AgentPeople) -> None:
        super().__init__(sentences, states)
        self.people = people

    def submit(self, form: SearchForm, caller: Caller) -> Searched | Look | NobodyThere | RateLimited:
        """Search, or look at the person whose button was pressed. Raises Outage."""
        session, reason = session_cookie.present(), typed(form.reason)
        if login := typed(form.person):
            return self.people.look(session, login, reason, session_cookie.as_agent(caller))
        return self.people.search(session, typed(form.searched), reason, session_cookie.as_agent(caller))

    def after(self, form: Any, outcome: object) -> PageState:
        """Return what follows: the people who were found."""
        match outcome:
            case Searched():
                rows = [_row(person) for person in outcome.people]
                return self.state(form, rows=rows, has_more=outcome.has_more)
            case Look():
                return look_state(outcome)
            case NobodyThere():
                return self.state(form, [messages.PERSON_GONE], REFUSED)
            case _:
                return super().after(form, outcome)

    def follow(self, state: PageState) -> ResponseReturnValue:
        """Redirect to the page that shows `state`: that of the person, if one was opened."""
        if PERSON not in state.facts:
            return super().follow(state)
        return self.states.follow(url_for("agents.person"), state, url_for("agents.person", step=NEXT, _method="GET"))

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the people who were found, if a search was sent."""
        shown = {"rows": None, "has_more": False, **more, "agent": session_cookie.present().login}
        facts = {name: value for name, value in state.facts.items() if name in ("rows", "has_more")}
        return super().render(form, state, **(shown | facts), sign_out=SignOutForm(formdata=None))


def look_state(look: Look) -> PageState:
    """Return the state that shows the person of `look`."""
    return PageState(PERSON, facts={PERSON: look.ticket})


def _row(person: Person) -> dict[str, str]:
    name = " ".join((*person.given_names[:1], *person.surnames[:1]))
    return {"login": person.login, "name": name[:MAX_SHOWN_CHARS], "mail": person.mail[:MAX_SHOWN_CHARS]}
