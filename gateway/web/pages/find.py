"""The page "Retrouver mon compte": find an account by name and birth date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.account.outcomes import Found, Refused
from gateway.services.caller import Caller
from gateway.services.find import FindService
from gateway.services.outcomes import NotHuman, RateLimited
from gateway.services.robots import RobotService
from gateway.web import content
from gateway.web.forms import AccountForm, FindForm
from gateway.web.kept_pages import KeptPages
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import ServicePage
from gateway.web.sentences import Sentences

FOUND = "found"
MAX_FOUND_CHARS = 1800
"""Of the accounts that a page shows, about 18. They travel in a cookie, and proxies pass on 4 kB of headers."""
ACCOUNT_SECONDS = 600


class FindPage(ServicePage):
    """The page on which people find their account."""

    form_class = FindForm
    template = panel = "find"

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        robots: RobotService,
        kept: KeptPages,
        service: FindService,
    ) -> None:
        super().__init__(sentences, states, robots, kept)
        self.service = service

    def submit(self, form: FindForm, caller: Caller) -> Found | Refused | RateLimited | NotHuman:
        """Verify that no script sends the form, then search. Raises Outage."""
        request = form.to_request()
        stopped = self.verify_robot(form, self.service.attempt(request, caller), caller)
        return stopped or self.service.find(request, caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the accounts that were found, or why there is none."""
        if not isinstance(outcome, Found):
            return super().after(form, outcome)
        people = [
            {"login": person.login, "mail": person.mail, "initial_password": person.initial_password}
            for person in outcome.people
        ]
        while len(json.dumps(people)) > MAX_FOUND_CHARS:
            people.pop()
        return replace(self.state(form, people=people, number=len(outcome.people)), step=FOUND)

    def show_next(self, state: PageState | None) -> ResponseReturnValue:
        """Show what follows the form: the accounts, or the form again."""
        if state is None or state.step != FOUND:
            return super().show_next(state)
        people = [
            {**person, "account": self._account_ticket(person["login"], state.values)}
            for person in state.facts["people"]
        ]
        return render_template(
            "pages/found.html",
            people=people,
            number=state.facts["number"],
            reset_form=AccountForm(formdata=None),
            panel=content.text("help"),
        )

    def _account_ticket(self, login: str, typed: Mapping[str, str]) -> str:
        """Return what the button for a reset brings: the login that was found, and the birth date that was typed."""
        payload = {"login": login, "birth_date": typed.get("birth_date", "")}
        return self.states.tickets.issue(AccountForm.purpose, payload, ACCOUNT_SECONDS)
