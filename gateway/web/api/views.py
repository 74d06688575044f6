"""What API clients ask for: the same use cases, rate limits, audit and notices as the pages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from flask import g, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from gateway.account.errors import DirectoryBusy, DirectoryMisconfigured, DirectoryUnavailable, WriteUnconfirmed
from gateway.account.invisible import without_invisible
from gateway.account.model import ChangeRequest, FindRequest, Secret
from gateway.account.outcomes import Changed, Found, Refused
from gateway.protection.rate_limiting.limiter import Attempt, name_keys, person_keys
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.protection.tickets import TokenError
from gateway.web import client_info, follow_up, messages, notices
from gateway.web.api.authentication import Client, Clients
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
from gateway.web.desk import Desk
from gateway.web.pages.change import ChangeService
from gateway.web.propagation_status import Progress, views_of

log = logging.getLogger(__name__)

FindService = Callable[[FindRequest], Found | Refused]


class ApiServices:
    def __init__(self, desk: Desk, find: FindService, change: ChangeService, progress: Progress) -> None:
        self.desk = desk
        self.clients = Clients(desk)
        self._find = find
        self._change = change
        self._progress = progress

    def policy(self) -> ResponseReturnValue:
        self.check_rate_limit("policy", self.clients.admit("policy"))
        rules, settings = self.desk.rules, self.desk.settings
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
        client, body = self.clients.admit("find"), read_json(FindRequestBody)
        surname, given_name = without_invisible(body.surname), without_invisible(body.given_name)
        persons = person_keys(surname, given_name, body.birth_date.isoformat())
        self.check_rate_limit("find", client, persons=persons, names=name_keys(surname, given_name))
        outcome = self._find(FindRequest(surname, given_name, body.birth_date))
        if isinstance(outcome, Refused):
            raise self.refused("find", client, outcome)
        self.note("found", "find", client, logins=[person.login for person in outcome.people])
        accounts = [
            FoundAccount(login=person.login, mail=person.mail, initial_password=person.initial_password)
            for person in outcome.people
        ]
        return _json(FoundAccounts(accounts=accounts))

    def change(self) -> ResponseReturnValue:
        client, body = self.clients.admit("change"), read_json(ChangeRequestBody)
        changed = self.change_password(
            client,
            ChangeRequest(without_invisible(body.login), Secret(body.current_password), Secret(body.new_password)),
        )
        return _json(
            PasswordChanged(
                login=changed.person.login, was_expired=changed.was_expired, propagation=self._link(changed)
            )
        )

    def propagation(self, ticket: str) -> ResponseReturnValue:
        self.check_rate_limit("propagation", self.clients.admit("change"))
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, TokenError):
            raise Problem("propagation_unknown")
        views = views_of(self.desk, opened.payload, self._progress)
        targets = [
            TargetState(target=view.name, label=view.label, state=view.status, sentence=view.sentence)
            for view in views
        ]
        return _json(PropagationState(waiting=any(view.may_move for view in views), targets=targets))

    def change_password(self, client: Client, asked: ChangeRequest) -> Changed:
        """Throttled, noted and told to the person. Raises Problem."""
        self.check_rate_limit("change", client, login=asked.login)
        outcome = self._change(asked, partial(follow_up.record_lock_out, self.desk))
        if isinstance(outcome, Refused):
            raise self.refused("change", client, outcome, login=asked.login)
        with follow_up.never_failing("the audit"):
            states = follow_up.states_at_first(self.desk, outcome.propagation)
            self.note("changed", "change", client, login=outcome.person.login, targets=states)
        with follow_up.never_failing("the notice"):
            notices.tell(self.desk, "changed", outcome.person)
        return outcome

    def check_rate_limit(
        self,
        service: str,
        client: Client,
        *,
        login: str = "",
        persons: tuple[str, ...] = (),
        names: tuple[str, ...] = (),
    ) -> None:
        """Counts the attempt. Raises Problem, StoreUnavailable."""
        # For the audit of an outage: whose password is in doubt.
        g.asked = {"service": service, "client": client.name, "login": login}
        attempt = Attempt(
            service, client_info.address(), client=client.name, login=login, persons=persons, names=names
        )
        if service == "change":
            self.desk.refuse_if_full()
        if wait := self.desk.rate_limiter.hit(attempt):
            self.note("rate_limited", service, client, login=login, limit=wait.scope)
            raise Problem("rate_limited", str(messages.TOO_OFTEN), headers={"Retry-After": str(wait.seconds)})

    def refused(self, service: str, client: Client, refused: Refused, login: str = "") -> Problem:
        self.note(refused.code, service, client, login=login, rules=[str(rule) for rule in refused.violations])
        return of_refused(refused, self.desk.sentences(refused))

    def note(self, outcome: str, service: str, client: Client, login: str = "", **facts: object) -> None:
        self.desk.audit.record(service, outcome, login=login, client=client.name, **client_info.facts(), **facts)

    def _link(self, changed: Changed) -> PropagationLink | None:
        if changed.propagation is None:
            return None
        ticket = follow_up.result_ticket(self.desk, "changed", changed.person, changed.propagation)
        return PropagationLink(
            href=url_for("api.propagation", ticket=ticket), targets=list(changed.propagation.targets)
        )


_PLAIN_RULES = (
    "min_length", "max_length", "lower_case", "upper_case", "digit", "special", "forbid_current", "forbid_login",
    "forbid_names", "min_strength", "forbids_common",
)  # fmt: skip


def _json(body: BaseModel) -> ResponseReturnValue:
    return body.model_dump_json(), {"Content-Type": "application/json"}


def outages_as_problems(
    view: Callable[..., ResponseReturnValue], service: str, desk: Desk
) -> Callable[..., ResponseReturnValue]:
    """`view`, with what is an infrastructure failure told as a problem."""

    def answered(**values: str) -> ResponseReturnValue:
        try:
            return view(**values)
        except Problem as problem:
            return problem.answer()
        except (DirectoryUnavailable, WriteUnconfirmed, StoreUnavailable) as error:
            return outage(_problem_of(error), error)

    def outage(problem: Problem, error: Exception) -> ResponseReturnValue:
        log.error("api: %s: %s: %s", service, problem.code, error)
        desk.audit.record(**{"service": service, **g.get("asked", {})}, outcome=problem.code, **client_info.facts())
        return problem.answer()

    return answered


def _problem_of(error: DirectoryUnavailable | WriteUnconfirmed | StoreUnavailable) -> Problem:
    match error:
        case DirectoryMisconfigured():
            sentence = messages.filled(messages.MISCONFIGURED, request_id=g.request_id)
            return Problem("directory_misconfigured", sentence)
        case DirectoryBusy():
            seconds = str(error.retry_after_seconds)
            sentence = messages.filled(messages.BUSY, seconds=seconds)
            return Problem("busy", sentence, headers={"Retry-After": seconds})
        case DirectoryUnavailable():
            return Problem("directory_unavailable", str(messages.UNAVAILABLE))
        case WriteUnconfirmed():
            return Problem("write_unconfirmed", str(messages.UNCONFIRMED))
        case _:
            return Problem("store_unavailable", str(messages.STORE_UNAVAILABLE))
