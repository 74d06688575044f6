"""The second factor of agents: a passkey that they added themselves, or a code. The password came before it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from gateway.account.model import Grant, Person
from gateway.account.outcomes import Refusal, Refused
from gateway.account.recovery import RecoveryKind
from gateway.protection.tickets import Tickets, TokenError
from gateway.services.agent_ports import AgentAccounts
from gateway.services.agent_sessions import SERVICE
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import MayChoose
from gateway.services.passkey_proof import PasskeyProof
from gateway.services.second_factor import Begun, SecondFactorService
from gateway.services.tickets import CODE, TicketSteps, UsedTicket, read_grant, sealed_fields

MINUTES = 10
"""How long a passkey can be shown after the password."""


@dataclass(frozen=True, slots=True)
class AskPasskey:
    """The agent must show a passkey, or may ask for a code instead, where the settings take both."""

    ticket: str


@dataclass(frozen=True, slots=True)
class NoPasskey:
    """The settings take nothing but passkeys, and the agent has none that has rested."""


@dataclass(frozen=True, slots=True)
class AgentFactors:
    """Asks for a passkey where the agent has one and the settings take passkeys; else sends a code."""

    events: Events
    steps: TicketSteps
    codes: SecondFactorService
    accounts: AgentAccounts
    proof: PasskeyProof | None
    """None if the settings take no passkeys of agents, or offer none."""
    takes_codes: bool

    def begin(self, grant: Grant, person: Person, caller: Caller) -> AskPasskey | NoPasskey | Begun:
        """Begin the second factor of an agent whose password is right. Raises Outage."""
        if self._has_passkey(grant, caller):
            payload = {"grant": sealed_fields(grant), "challenge": secrets.token_urlsafe(32)}
            return AskPasskey(self.steps.tickets.issue(self.steps.purpose, payload, 60 * MINUTES))
        if not self.takes_codes:
            return NoPasskey()
        return self.codes.begin(grant, person, caller, service=SERVICE)

    def question(self, ticket: str) -> dict[str, Any]:
        """Return the options of navigator.credentials.get for the step with this ticket."""
        opened = self.steps.open(ticket)
        if self.proof is None or isinstance(opened, TokenError):
            return {}
        return self.proof.passkeys.question(opened.payload["challenge"])

    def prove(self, used: UsedTicket, answer: str, caller: Caller) -> MayChoose | Refused:
        """Verify the browser's answer. Raises Outage."""
        grant = used.grant
        with self.events.outages(SERVICE, caller, grant.login):
            opened = self.proof and self.proof.methods.of(grant)
            is_right = bool(
                self.proof
                and opened
                and self.proof.is_right(
                    opened, answer, used.payload["challenge"], caller, service=SERVICE, login=grant.login
                )
            )
        self.events.record(SERVICE, "passkey_right" if is_right else "passkey_wrong", caller, login=grant.login)
        return MayChoose(grant) if is_right else Refused(Refusal.NOT_PROVED)

    def send_code(self, used: UsedTicket, caller: Caller) -> Begun | Refused:
        """Begin with a code instead, for an agent who does not have the passkey at hand. Raises Outage."""
        with self.events.outages(SERVICE, caller, used.grant.login):
            account = self.accounts.account_for(used.grant) if self.takes_codes else None
        if account is None:
            return Refused(Refusal.NOT_PROVED)
        return self.codes.begin(used.grant, account.person, caller, service=SERVICE)

    def _has_passkey(self, grant: Grant, caller: Caller) -> bool:
        if self.proof is None:
            return False
        with self.events.outages(SERVICE, caller, grant.login):
            opened = self.proof.methods.of(grant)
        ready = self.proof.methods.ready(opened) if opened else []
        return any(one.kind is RecoveryKind.PASSKEY for one in ready)


def agent_passkey_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the step in which an agent shows a passkey; a ticket of a reset cannot be used here."""
    return TicketSteps(events, tickets, "agent passkey", CODE, lambda payload: read_grant(payload["grant"]))
