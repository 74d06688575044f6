"""The service "somebody else used my account": closes what is open, informs the helpdesk, and marks the audit."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.outcomes import RateLimited, TicketVoid
from gateway.services.reset_codes import ResetCodeService
from gateway.services.results import PURPOSE, Results

SERVICE = "dispute"
DISPUTED = "disputed"
"""The outcome in the audit, and the name of the mail to the helpdesk."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """The report is in the audit. What remains is a reset, which the person begins with the strongest proofs."""

    login: str
    helpdesk_informed: bool
    """Whether a mail to the helpdesk was queued; otherwise the person must call."""


@dataclass(frozen=True, slots=True)
class Disputes:
    """Records the report of somebody who proved that the account is theirs."""

    events: Events
    codes: ResetCodeService | None
    """None if the helpdesk gives no codes."""

    def record(self, login: str, caller: Caller) -> Disputed:
        """Close the codes of the account, write the audit and inform the helpdesk by mail. Never raises."""
        closed = self._close_codes(login, caller)
        with never_failing("the audit"):
            self.events.record(SERVICE, DISPUTED, caller, login=login, codes=closed)
        informed = False
        with never_failing("the mail to the helpdesk"):
            informed = self.events.notifications.notify_helpdesk(
                DISPUTED, caller.request_id, login=login, codes=closed
            )
        return Disputed(login, informed)

    def _close_codes(self, login: str, caller: Caller) -> str:
        """Return what became of open codes, in a word for the audit: "closed", "failed", or "" if there was none."""
        if self.codes is None:
            return ""
        with never_failing("closing the code of the helpdesk"):
            return "closed" if self.codes.close_disputed(login, caller) else ""
        return "failed"


@dataclass(frozen=True, slots=True)
class DisputeService:
    """Takes reports from the page of a result, whose ticket proves whose account it is."""

    results: Results
    disputes: Disputes

    def report(self, ticket: str, caller: Caller) -> Disputed | RateLimited | TicketVoid:
        """Record a report; a second one of the same page changes nothing. Raises Outage."""
        opened, events = self.results.open(ticket), self.disputes.events
        if isinstance(opened, TicketVoid):
            return opened
        login = opened["login"]
        if limited := events.count(Attempt(SERVICE, caller.address, login=login), caller):
            return limited
        with events.outages(SERVICE, caller, login):
            used = self.results.tickets.consume(PURPOSE, ticket)
        if used is TokenError.REPLAYED:
            return Disputed(login, self.disputes.events.notifications.reaches_helpdesk)
        return TicketVoid(used) if isinstance(used, TokenError) else self.disputes.record(login, caller)
