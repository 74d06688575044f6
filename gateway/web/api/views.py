"""The views of the API: each builds a request, calls a service and serialises its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from gateway.account.invisible import without_invisible
from gateway.account.model import ChangeRequest, FindRequest, Secret
from gateway.account.outcomes import Refusal, Refused
from gateway.services.caller import Caller
from gateway.services.change import ChangeService
from gateway.services.find import FindService
from gateway.services.outcomes import Outage, RateLimited, Saved, TicketVoid
from gateway.services.results import Results
from gateway.settings import ApiService
from gateway.web import messages
from gateway.web.api.authentication import Clients
from gateway.web.api.parsing import read_json
from gateway.web.api.problems import Problem, of_refused
from gateway.web.api.schemas import (
    ChangeRequestBody,
    FindRequestBody,
    FoundAccount,
    FoundAccounts,
    LockoutPolicy,
    PasswordChanged,
    PasswordPolicy,
    PropagationLink,
    PropagationState,
    RuleInWords,
    TargetState,
)
from gateway.web.propagation_status import PropagationStatus
from gateway.web.sentences import Sentences


@dataclass(frozen=True, slots=True)
class ApiViews:
    """The views of all operations. They raise Problem and Outage, which `answering_problems` turns into answers."""

    clients: Clients
    finder: FindService
    changer: ChangeService
    results: Results
    status: PropagationStatus
    sentences: Sentences

    def policy(self) -> ResponseReturnValue:
        """Answer with the rules for new passwords. Raises Problem, Outage."""
        self._count_call("policy", "policy")
        rules, settings = self.sentences.rules, self.sentences.settings
        return _json(
            PasswordPolicy(
                **{name: getattr(rules, name) for name in _PLAIN_RULES},
                forbidden_words=list(rules.forbidden_words),
                refuses_breached=bool(settings.password.pwned_url),
                history=settings.password.history,
                lockout=LockoutPolicy(**settings.lockout.model_dump()),
                rules=[RuleInWords(code=rule, sentence=text) for rule, text in messages.rules_in_words(rules)],
            )
        )

    def find(self) -> ResponseReturnValue:
        """Answer with the accounts of a person. Raises Problem, Outage."""
        caller, body = self.clients.admit("find"), read_json(FindRequestBody)
        surname, given_name = without_invisible(body.surname), without_invisible(body.given_name)
        outcome = self.finder.find(FindRequest(surname, given_name, body.birth_date), caller)
        if isinstance(outcome, Refused | RateLimited):
            raise self._problem(outcome)
        accounts = [
            FoundAccount(login=person.login, mail=person.mail, initial_password=person.initial_password)
            for person in outcome.people
        ]
        return _json(FoundAccounts(accounts=accounts))

    def change(self) -> ResponseReturnValue:
        """Change a password, and answer with the targets that it is propagated to. Raises Problem, Outage."""
        caller, body = self.clients.admit("change"), read_json(ChangeRequestBody)
        saved = self.change_password(
            ChangeRequest(without_invisible(body.login), Secret(body.current_password), Secret(body.new_password)),
            caller,
        )
        return _json(
            PasswordChanged(login=saved.person.login, was_expired=saved.was_expired, propagation=_link(saved))
        )

    def propagation(self, ticket: str) -> ResponseReturnValue:
        """Answer with the state of the change of this ticket at each target. Raises Problem, Outage."""
        self._count_call("propagation", "change")
        payload = self.results.open(ticket)
        if isinstance(payload, TicketVoid):
            raise Problem("propagation_unknown")
        views = self.status.views(payload)
        targets = [
            TargetState(target=view.name, label=view.label, state=view.status, sentence=self.status.sentence(view))
            for view in views
        ]
        return _json(PropagationState(waiting=any(view.may_move for view in views), targets=targets))

    def change_password(self, request: ChangeRequest, caller: Caller) -> Saved:
        """Return the saved change. Raises Problem for a refusal or a rate limit, and Outage."""
        outcome = self.changer.change(request, caller)
        if isinstance(outcome, Refused | RateLimited):
            raise self._problem(outcome)
        return outcome

    def answering_problems(self, view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
        """Return `view`, with refusals and outages answered as problems of RFC 9457."""

        def answered(**values: str) -> ResponseReturnValue:
            try:
                return view(**values)
            except Problem as problem:
                return problem.answer()
            except Outage as outage:
                seconds = outage.retry_after_seconds
                headers = {"Retry-After": str(seconds)} if seconds else {}
                return Problem(outage.code, str(self.sentences.outage(outage)), headers=headers).answer()

        return answered

    def _count_call(self, service: str, permitted_by: ApiService) -> None:
        """Count a call that only reads. Raises Problem, Outage."""
        if limited := self.results.count_call(service, self.clients.admit(permitted_by)):
            raise self._problem(limited)

    def _problem(self, outcome: Refused | RateLimited) -> Problem:
        if isinstance(outcome, Refused) and outcome.code is Refusal.CHARTER:
            page = url_for("change", _external=True)
            return of_refused(outcome, [messages.filled(messages.CHARTER_ELSEWHERE, page=page)])
        if isinstance(outcome, Refused):
            return of_refused(outcome, self.sentences.refused(outcome))
        headers = {"Retry-After": str(outcome.retry_after_seconds)}
        return Problem("rate_limited", str(messages.TOO_OFTEN), headers=headers)


_PLAIN_RULES = (
    "min_length", "max_length", "lower_case", "upper_case", "digit", "special", "forbid_current", "forbid_login",
    "forbid_names", "min_strength", "forbids_common",
)  # fmt: skip


def _link(saved: Saved) -> PropagationLink | None:
    if saved.propagation is None:
        return None
    href = url_for("api.propagation", ticket=saved.result_ticket)
    return PropagationLink(href=href, targets=list(saved.propagation.targets))


def _json(body: BaseModel) -> ResponseReturnValue:
    return body.model_dump_json(), {"Content-Type": "application/json"}
