"""The service "reset my password": verify the person's identity, then set a password with a single-use ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.account.admission import Admission
from gateway.account.charter import NO_CHARTER, Charter
from gateway.account.errors import DirectoryUnavailable
from gateway.account.model import ChooseRequest, Grant, Secret, VerifyIdentityRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import Passwords
from gateway.account.reset import choose_password, restore_initial_password, verify_identity
from gateway.account.uniform_time import UniformTime
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller
from gateway.services.choice import Choice, choice_in, extended
from gateway.services.disputes import Disputes
from gateway.services.events import Events
from gateway.services.outcomes import RateLimited, Saved, TicketVoid
from gateway.services.results import Results
from gateway.services.tickets import CHOOSE, TicketSteps, UsedTicket, sealed_fields

SERVICE = "reset"


@dataclass(frozen=True, slots=True)
class ResetService:
    """Lets people who prove their identity set a new password, or restores their initial password."""

    events: Events
    results: Results
    steps: TicketSteps
    passwords: Passwords
    rules: PasswordRules
    uniform: UniformTime
    hashing: Admission
    ticket_minutes: int
    disputes: Disputes
    charter: Charter = NO_CHARTER

    def verify_identity(
        self, request: VerifyIdentityRequest, caller: Caller, *, is_disputed: bool = False
    ) -> Granted | Refused | RateLimited:
        """Check the proof, and return the right to choose one new password. Raises Outage.

        `is_disputed`: the person says that somebody else used the account. It counts once the reset has succeeded,
        because before that anybody may have said it.
        """
        attempt = self.attempt(request, caller)
        outcome = self.events.run(attempt, caller, lambda: self._verify(request, caller))
        if isinstance(outcome, Granted):
            by = "reset_code" if outcome.grant.reset_code else ""
            self.events.record(SERVICE, "proved", caller, login=request.login, proof=by)
            return replace(outcome, grant=replace(outcome.grant, is_disputed=is_disputed))
        return outcome

    def restore_initial(
        self, request: VerifyIdentityRequest, caller: Caller, *, is_disputed: bool = False
    ) -> Saved | Refused | RateLimited:
        """Check the proof, and set the initial password again; `is_disputed` as before. Raises Outage."""
        attempt = self.attempt(request, caller)
        outcome = self.events.run(attempt, caller, lambda: self._restore(request, caller))
        if isinstance(outcome, InitialRestored):
            saved = self.results.saved(SERVICE, "initial_restored", caller, outcome, notice="restored")
            return self._with_report(saved, caller, is_disputed=is_disputed)
        return outcome

    def offer_choice(self, grant: Grant) -> str:
        """Return the ticket that permits one choice of a password."""
        return self.steps.tickets.issue(self.steps.purpose, sealed_fields(grant), 60 * self.ticket_minutes)

    def choice_in(self, ticket: str) -> Choice | None:
        """Return what a ticket permits; None if it cannot be opened."""
        opened = self.steps.open(ticket)
        return None if isinstance(opened, TokenError) else choice_in(opened, 60 * self.ticket_minutes)

    def extend(self, ticket: str, caller: Caller) -> str | RateLimited | TicketVoid:
        """Return a ticket with more time, once and at most until MAX_SECONDS after the proofs. Raises Outage.

        The ticket before stays valid: a button may be pressed twice, or the answer may be lost.
        """
        used = self.steps.use(ticket, caller)
        if not isinstance(used, UsedTicket):
            return used
        with self.events.outages(CHOOSE, caller, used.grant.login):
            self.steps.tickets.give_back(used.ticket)
        choice = choice_in(used.ticket, 60 * self.ticket_minutes)
        if not choice.may_extend:
            return self.steps.renew(used)
        self.events.record(CHOOSE, "extended", caller, login=used.grant.login)
        return extended(used, choice, self.steps)

    def choose(self, used: UsedTicket, new: Secret, caller: Caller, accepts: str = "") -> Saved | Refused:
        """Set the chosen password; `steps.use` has counted the attempt already. Raises Outage.

        `accepts` is the version of the acceptable use policy that the person accepts with it.
        If nothing was changed, the ticket becomes valid again, because a browser that goes back sends the old ticket.
        """
        with self.events.outages(CHOOSE, caller, used.grant.login):
            outcome = self._choose(used, new, accepts)
        if isinstance(outcome, Changed):
            saved = self.results.saved(CHOOSE, "reset", caller, outcome, notice="reset")
            return self._with_report(saved, caller, is_disputed=used.grant.is_disputed)
        self.events.record_refusal(CHOOSE, caller, outcome, used.grant.login)
        return outcome

    def attempt(self, request: VerifyIdentityRequest, caller: Caller) -> Attempt:
        """Return what the rate limits count for the first step of a reset: address, API client, login and proof."""
        return Attempt(SERVICE, caller.address, client=caller.api_client, login=request.login, proof=request.proof)

    def _with_report(self, saved: Saved, caller: Caller, *, is_disputed: bool) -> Saved:
        """Record that somebody else used the account, if its owner said so. Never raises."""
        if is_disputed:
            self.disputes.record(saved.person.login, caller)
        return saved

    def _verify(self, request: VerifyIdentityRequest, caller: Caller) -> Granted | Refused:
        return verify_identity(
            request,
            passwords=self.passwords,
            uniform=self.uniform,
            admits=self.events.account_limit(SERVICE, caller),
        )

    def _restore(self, request: VerifyIdentityRequest, caller: Caller) -> InitialRestored | Refused:
        return restore_initial_password(
            request,
            passwords=self.passwords,
            uniform=self.uniform,
            admits=self.events.account_limit(SERVICE, caller),
            admission=self.hashing,
        )

    def _choose(self, used: UsedTicket, new: Secret, accepts: str) -> Changed | Refused:
        request, tickets = ChooseRequest(used.grant, new, accepts), self.steps.tickets
        try:
            outcome = choose_password(
                request, passwords=self.passwords, rules=self.rules, admission=self.hashing, charter=self.charter
            )
        except DirectoryUnavailable:
            tickets.give_back(used.ticket)
            raise
        if isinstance(outcome, Refused) and outcome.code is not Refusal.GRANT_VOID:
            tickets.give_back(used.ticket)
        return outcome
