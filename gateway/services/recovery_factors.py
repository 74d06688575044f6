"""Recovery methods in a reset: codes to their channels, codes of an app, and passkeys."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.account.directory_limits import refuse_any_password
from gateway.account.model import Account, Grant
from gateway.account.outcomes import Granted, Refusal, Refused
from gateway.account.recovery import RecoveryKind
from gateway.account.uniform_time import UniformTime
from gateway.protection import totp
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import Tickets, TokenError
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import INFRASTRUCTURE_ERRORS, RateLimited, TicketVoid
from gateway.services.passkey_proof import PasskeyProof
from gateway.services.ports import Channel
from gateway.services.recovery_methods import RecoveryMethods

if TYPE_CHECKING:
    from gateway.protection.passkeys import Passkeys

SERVICE = "reset"
PURPOSE = "passkey"
QUESTION_SECONDS = 600
WAYS = {RecoveryKind.MAIL: "mail", RecoveryKind.MOBILE: "phone", RecoveryKind.TOTP: "totp"}


@dataclass(frozen=True, slots=True)
class RecoveryFactors:
    """The channels of a person's methods for the second factor of a reset."""

    methods: RecoveryMethods

    def channels(self, grant: Grant, language: str) -> list[Channel]:
        """Return the channels that have rested. Raises DirectoryUnavailable."""
        opened = self.methods.of(grant)
        ready = self.methods.ready(opened) if opened else []
        return [
            Channel(WAYS[one.kind], one.address or one.name, language, one.id) for one in ready if one.kind in WAYS
        ]

    def accepts(self, grant: Grant, method: str, typed: str) -> bool:
        """Return whether an app's code is right, and let no other request use it. Raises as a write does."""
        opened = self.methods.of(grant)
        found = opened.find(method) if opened else None
        if not (opened and found and found[1].secret):
            return False
        value, held = found
        step = totp.accepted_step(found[1].secret, typed, time.time(), after=held.counter)
        return step is not None and self.methods.change(
            opened, value, replace(held, counter=step, used_at=self.methods.now())
        )

    def was_used(self, grant: Grant, method: str) -> None:
        """Record the use of a method. A failure changes nothing for the person, so it is not raised."""
        try:
            opened = self.methods.of(grant)
            if opened and (found := opened.find(method)):
                self.methods.change(opened, found[0], replace(found[1], used_at=self.methods.now()))
        except INFRASTRUCTURE_ERRORS:
            return


@dataclass(frozen=True, slots=True)
class PasskeyService:
    """Proves who a person is by login and passkey, in the place of number and birth date."""

    events: Events
    tickets: Tickets
    methods: RecoveryMethods
    passkeys: Passkeys
    uniform: UniformTime

    def ask(self) -> tuple[str, str]:
        """Return a ticket, and the challenge in it, for which `question` returns the question."""
        challenge = secrets.token_urlsafe(32)
        return self.tickets.issue(PURPOSE, {"challenge": challenge}, QUESTION_SECONDS), challenge

    def question(self, challenge: str) -> dict[str, Any]:
        """Return the question for the browser, which is the same for every login."""
        return self.passkeys.question(challenge)

    def prove(
        self, login: str, answer: str, ticket: str, caller: Caller, *, is_disputed: bool = False
    ) -> Granted | Refused | RateLimited | TicketVoid:
        """Verify the browser's answer. Unknown login, no passkey and a wrong one are one refusal. Raises Outage.

        `is_disputed`: as in `ResetService.verify_identity`.
        """
        opened = self.tickets.open(PURPOSE, ticket)
        if isinstance(opened, TokenError):
            return TicketVoid(opened)
        challenge = opened.payload["challenge"]

        def verify() -> Granted | Refused | TicketVoid:
            used = self.tickets.consume(PURPOSE, ticket)
            if isinstance(used, TokenError):
                return TicketVoid(used)
            account = self.uniform.run(lambda: self._account(login, answer, challenge, caller))
            if account is None:
                return Refused(Refusal.NOT_PROVED)
            if refused := refuse_any_password(account):
                return refused
            grant = Grant(account.person.login, account.uuid, account.password_stamp, account.limits.min_length)
            return Granted(grant, account.person)

        attempt = Attempt(SERVICE, caller.address, login=login)
        outcome: Granted | Refused | RateLimited | TicketVoid = self.events.run(attempt, caller, verify)
        if isinstance(outcome, Granted):
            self.events.record(SERVICE, "proved_by_passkey", caller, login=outcome.grant.login)
            return replace(outcome, grant=replace(outcome.grant, is_disputed=is_disputed))
        return outcome

    def _account(self, login: str, answer: str, challenge: str, caller: Caller) -> Account | None:
        opened = self.methods.with_login(login, self.events.account_limit(SERVICE, caller))
        proof = PasskeyProof(self.events, self.methods, self.passkeys)
        is_right = opened and proof.is_right(opened, answer, challenge, caller, service=SERVICE, login=login)
        return opened.held.account if opened and is_right else None
