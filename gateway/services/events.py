"""The common order of rate limit, use case, audit and notification in all services."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from gateway.account.admission import Admission
from gateway.account.model import Person
from gateway.account.outcomes import Refused
from gateway.protection.audit import Audit
from gateway.protection.rate_limiting.limiter import Attempt, LimitScope, RateLimiter, RetryAfter
from gateway.services.caller import Caller
from gateway.services.history import History, NoHistory
from gateway.services.outcomes import INFRASTRUCTURE_ERRORS, Outage, RateLimited
from gateway.services.ports import Notifications
from gateway.services.webhooks import NoWebhooks, Webhooks

log = logging.getLogger(__name__)

HASHING = frozenset({"change", "choose"})
"""Services that make the directory hash a password."""
NO_HISTORY = NoHistory()
NO_WEBHOOKS = NoWebhooks()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Events:
    """Runs a use case between rate limit and audit, and turns failures of the infrastructure into Outage."""

    rate_limiter: RateLimiter
    audit: Audit
    notifications: Notifications
    hashing: Admission
    """The queue of attempts that make the directory hash. While it is full, attempts are refused and not counted."""
    history: History = NO_HISTORY
    """Where each event is kept for the helpdesk, besides the audit."""
    webhooks: Webhooks = NO_WEBHOOKS
    """Tells another program about some events."""

    def run(self, attempt: Attempt, caller: Caller, use_case: Callable[[], T | Refused]) -> T | Refused | RateLimited:
        """Count the attempt, run the use case and record a refusal. The service itself records a success.

        The rate limit comes first, so that a refused attempt costs the directory nothing. Raises Outage.
        """
        with self.outages(attempt.service, caller, attempt.login):
            if limited := self._limited(attempt, caller, self.rate_limiter.hit):
                return limited
            outcome = use_case()
        if isinstance(outcome, Refused):
            self.record_refusal(attempt.service, caller, outcome, attempt.login)
        return outcome

    def test(self, attempt: Attempt, caller: Caller) -> RateLimited | None:
        """Return the refusal with which `run` would answer, without counting the attempt. Raises Outage."""
        with self.outages(attempt.service, caller, attempt.login):
            return self._limited(attempt, caller, self.rate_limiter.test)

    def count(self, attempt: Attempt, caller: Caller) -> RateLimited | None:
        """Count an attempt whose use case runs later, or that needs none. Raises Outage."""
        with self.outages(attempt.service, caller, attempt.login):
            return self._limited(attempt, caller, self.rate_limiter.hit)

    def rate_limited(
        self, service: str, caller: Caller, wait: RetryAfter, login: str = "", *, without_work: bool = False
    ) -> RateLimited:
        """Record that a rate limit is reached, and return the outcome.

        `without_work` means the limit of forms without a proof of work.
        """
        self.record(service, "rate_limited", caller, login=login, limit=wait.scope)
        return RateLimited(wait.seconds, without_work)

    def account_limit(self, service: str, caller: Caller) -> Callable[[str], bool]:
        """Return the limit per account for a use case: all logins of an account count together.

        Beyond the limit the answer is that of a wrong password, because another answer would show that two logins
        belong to one person.
        """

        def admits(account: str) -> bool:
            """Count an attempt for the account, and return whether it may go on. Raises StoreUnavailable."""
            if self.rate_limiter.admits_account(service, account):
                return True
            self.record(service, "rate_limited", caller, limit=LimitScope.ACCOUNT)
            return False

        return admits

    def record(
        self,
        service: str,
        outcome: str,
        caller: Caller,
        *,
        login: str = "",
        logins: Sequence[str] = (),
        **facts: object,
    ) -> None:
        """Write one line of the audit, keep the event for `login` or all `logins`, tell webhooks. Never raises."""
        known = {**caller.audit_facts(), **facts}
        self.audit.record(service, outcome, login=login, logins=list(logins), **known)
        self.history.keep(service, str(outcome), [login] if login else logins, caller.operator)
        self.webhooks.tell(service, str(outcome), login, known)

    def record_refusal(self, service: str, caller: Caller, refused: Refused, login: str = "") -> None:
        """Write the line of the audit for an attempt that the use case refused, with the rules that were broken."""
        self.record(service, refused.code, caller, login=login, rules=[str(rule) for rule in refused.violations])

    def record_lock_out(self, person: Person, caller: Caller) -> None:
        """Write the audit now, and send the mail in another thread.

        The caller holds the refusal back for a fixed time, so this does not change the time of the answer. If this
        thread wrote the mail, a slow disk would delay the answer or the next request on its connection.
        """
        self.record("notice", "locked", caller, login=person.login)
        self.notifications.notify_in_background("locked", person, caller.request_id)

    @contextmanager
    def outages(self, service: str, caller: Caller, login: str = "") -> Iterator[None]:
        """Log and record a failure of the infrastructure, and raise it as Outage."""
        try:
            yield
        except INFRASTRUCTURE_ERRORS as error:
            outage = Outage.of(error)
            log.error("%s: %s: %s", caller.log_prefix(service), outage.code, error)
            self.record(service, outage.code, caller, login=login)
            raise outage from error

    def _limited(
        self, attempt: Attempt, caller: Caller, ask: Callable[[Attempt], RetryAfter | None]
    ) -> RateLimited | None:
        if attempt.service in HASHING:
            self.hashing.refuse_if_full()
        wait = ask(attempt)
        return self.rate_limited(attempt.service, caller, wait, attempt.login) if wait else None


@contextmanager
def never_failing(what: str) -> Iterator[None]:
    """Log the type of an exception instead of raising it; `what` begins the log line.

    This is for all steps after a write that the directory confirmed: an error page would say that nothing was saved.
    The text of the exception is not logged, because it may contain an address or typed text.
    """
    try:
        yield
    except Exception as error:
        log.error("%s failed after the password was saved: %s", what, type(error).__name__)
