"""The service "my recovery methods": add, rename and remove what lets a person reset their password later.

The person signs in with login and current password. All steps after that travel in a sealed ticket; a method is
stored only when it is confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gateway.account.model import Account, Grant, LockedOut, Secret
from gateway.account.outcomes import Refusal, Refused
from gateway.account.ports import Passwords
from gateway.account.recovery import MAX_METHODS, RecoveryKind, RecoveryMethod
from gateway.account.uniform_time import UniformTime
from gateway.notifications.errors import DeliveryFailed
from gateway.protection.rate_limiting.limiter import Attempt
from gateway.protection.tickets import Tickets, TokenError
from gateway.services import change
from gateway.services.caller import Caller
from gateway.services.events import Events, never_failing
from gateway.services.new_method import NewMethod
from gateway.services.outcomes import RateLimited
from gateway.services.ports import Channel
from gateway.services.recovery_methods import Opened, RecoveryMethods
from gateway.services.recovery_outcomes import Confirming, Managing, Notice, Shown
from gateway.services.tickets import TicketSteps, UsedTicket, read_grant, sealed_fields

if TYPE_CHECKING:
    # The package for passkeys is loaded only where the settings offer them.
    from gateway.protection.passkeys import Passkeys

SERVICE = "recovery"
SESSION_SECONDS = 15 * 60
"""How long a person can go on without typing the password again."""
NEW = "new"
"""The key of the method that waits for its confirmation, in the payload of a ticket."""
WAYS = {RecoveryKind.MAIL: "mail", RecoveryKind.MOBILE: "phone"}


@dataclass(frozen=True, slots=True)
class RecoveryService:
    """Signs people in, and keeps their methods. All public methods raise Outage."""

    events: Events
    steps: TicketSteps
    passwords: Passwords
    uniform: UniformTime
    methods: RecoveryMethods
    kinds: tuple[RecoveryKind, ...]
    passkeys: Passkeys | None
    mail_domain: str
    """The academy's own. Who forgot the password cannot read a code that is sent there."""

    def attempt(self, login: str, caller: Caller) -> Attempt:
        """Return what the rate limits count for a sign-in: a try of a password, so it counts with the changes."""
        return Attempt(change.SERVICE, caller.address, login=login)

    def sign_in(self, login: str, current: Secret, caller: Caller) -> Managing | Refused | RateLimited:
        """Verify the current password, at equal cost for every login."""

        def verify() -> Account | None:
            admits = self.events.account_limit(change.SERVICE, caller)
            found = self.passwords.authenticate(login, current, admits)
            if isinstance(found, LockedOut):
                self.events.record_lock_out(found.person, caller)
                return None
            return found

        def prove() -> Account | Refused:
            return self.uniform.run(verify) or Refused(Refusal.CREDENTIALS)

        account = self.events.run(self.attempt(login, caller), caller, prove)
        if not isinstance(account, Account):
            return account
        self.events.record(SERVICE, "signed_in", caller, login=account.person.login)
        grant = Grant(account.person.login, account.uuid, account.password_stamp)
        with self.events.outages(SERVICE, caller, grant.login):
            if opened := self.methods.of(grant):
                self.methods.seal_anew(opened)
        ticket = self.steps.tickets.issue(self.steps.purpose, {"grant": sealed_fields(grant)}, SESSION_SECONDS)
        return Managing(ticket)

    def shown(self, ticket: str, caller: Caller) -> Shown | None:
        """Return what a page shows; None if the ticket, or the sign-in that it stands for, is over."""
        opened = self.steps.open(ticket)
        if isinstance(opened, TokenError):
            return None
        grant = self.steps.grant_in(opened.payload)
        with self.events.outages(SERVICE, caller, grant.login):
            held = self.methods.of(grant)
        if held is None:
            return None
        waiting = _waiting(opened.payload)
        new = waiting.method(self.methods.now()) if waiting else None
        challenge = waiting.challenge if waiting else ""
        return Shown(grant.login, grant.uuid, held.methods, new, challenge, len(held.unreadable))

    def creation_options(self, shown: Shown) -> dict[str, Any]:
        """Return what the browser needs to make the passkey that waits."""
        if self.passkeys is None:
            return {}
        present = [one for one in shown.methods if one.kind is RecoveryKind.PASSKEY]
        return self.passkeys.creation(shown.challenge, shown.login, shown.uuid, present)

    def begin(
        self, used: UsedTicket, kind: RecoveryKind, name: str, address: str, caller: Caller
    ) -> Managing | Confirming | Refused:
        """Begin to add a method: send a code to `address`, or make what the app or the browser needs."""
        with self.events.outages(SERVICE, caller, used.grant.login):
            opened = self.methods.of(used.grant)
            if opened is None:
                return Refused(Refusal.GRANT_VOID)
            if notice := self._hindrance(opened, kind, address):
                return self._managing(used, notice)
            new = NewMethod.begin(kind, name, address)
            if address and (notice := self._send(opened, kind, address, new.code, caller)):
                return self._managing(used, notice)
        return self._confirming(used, new)

    def confirm(self, used: UsedTicket, answer: str, caller: Caller) -> Managing | Confirming | Refused:
        """Store the method that waits if `answer` confirms it: a code that was typed, or a browser's answer."""
        waiting = _waiting(used.payload)
        if waiting is None:
            return self._managing(used)
        confirmed = waiting.confirmed(answer, self.passkeys, self.methods.now())
        if confirmed is None:
            return self._not_confirmed(used, waiting, answer, caller)
        with self.events.outages(SERVICE, caller, used.grant.login):
            before = self.methods.of(used.grant)
            if before is None or not self.methods.add(used.grant, confirmed):
                return Refused(Refusal.GRANT_VOID)
        self.events.record(SERVICE, "added", caller, login=used.grant.login, method=confirmed.kind.value)
        self._announce("recovery_added", before, confirmed, caller)
        return self._managing(used, Notice.ADDED)

    def rename(self, used: UsedTicket, id_: str, name: str, caller: Caller) -> Managing | Refused:
        """Give a method another name."""
        return self._with_method(
            used,
            id_,
            caller,
            lambda opened, value, method: self.methods.change(opened, value, replace(method, name=name)),
            Notice.RENAMED,
        )

    def remove(self, used: UsedTicket, id_: str, caller: Caller) -> Managing | Refused:
        """Remove a method, and tell every address that was known, that of the method too."""

        def write(opened: Opened, value: bytes, method: RecoveryMethod) -> bool:
            if not self.methods.remove(opened, value):
                return False
            self._announce("recovery_removed", opened, method, caller)
            return True

        return self._with_method(used, id_, caller, write, Notice.REMOVED)

    def remove_unreadable(self, used: UsedTicket, caller: Caller) -> Managing | Refused:
        """Remove the methods that no key opens: they serve nothing, and count as methods all the same."""
        with self.events.outages(SERVICE, caller, used.grant.login):
            opened = self.methods.of(used.grant)
            if opened is None:
                return Refused(Refusal.GRANT_VOID)
            removed = [value for value in opened.unreadable if self.methods.remove(opened, value)]
        if not removed:
            return self._managing(used, Notice.CHANGED_MEANWHILE)
        self.events.record(SERVICE, "unreadable_removed", caller, login=used.grant.login, count=len(removed))
        with never_failing("the notice"):
            self.events.notifications.notify(
                "recovery_removed", opened.person, caller.request_id, kind=Notice.UNREADABLE_REMOVED.value
            )
        return self._managing(used, Notice.UNREADABLE_REMOVED)

    def leave(self, used: UsedTicket) -> Managing:
        """Return to the methods without adding the one that waits."""
        return self._managing(used)

    def _with_method(
        self,
        used: UsedTicket,
        id_: str,
        caller: Caller,
        write: Callable[[Opened, bytes, RecoveryMethod], bool],
        done: Notice,
    ) -> Managing | Refused:
        with self.events.outages(SERVICE, caller, used.grant.login):
            opened = self.methods.of(used.grant)
            if opened is None:
                return Refused(Refusal.GRANT_VOID)
            found = opened.find(id_)
            if found is None or not write(opened, *found):
                return self._managing(used, Notice.CHANGED_MEANWHILE)
        self.events.record(SERVICE, done.value, caller, login=used.grant.login, method=found[1].kind.value)
        return self._managing(used, done)

    def _hindrance(self, opened: Opened, kind: RecoveryKind, address: str) -> Notice | None:
        if len(opened.held.values) >= MAX_METHODS:
            return Notice.TOO_MANY
        written = address.casefold()
        if address and any(one.kind is kind and one.address.casefold() == written for one in opened.methods):
            return Notice.KNOWN_ALREADY
        if kind is RecoveryKind.MAIL and self._is_of_the_academy(written, opened):
            return Notice.NOT_PRIVATE
        return None

    def _is_of_the_academy(self, address: str, opened: Opened) -> bool:
        own = map(str.casefold, opened.person.mails)
        return address in own or address.endswith(f"@{self.mail_domain.casefold()}")

    def _send(self, opened: Opened, kind: RecoveryKind, address: str, code: str, caller: Caller) -> Notice | None:
        """Send and count the code; return why it was not sent."""
        account = opened.held.account
        channel = Channel(WAYS[kind], address, self.events.notifications.language_of(account.person))
        limiter, login = self.events.rate_limiter, account.person.login
        if wait := limiter.admit_code(account.uuid, address, is_text_message=channel.is_phone):
            self.events.rate_limited(SERVICE, caller, wait, login)
            return Notice.CODE_LIMITED
        try:
            self.events.notifications.send_code(channel, code, login, caller.request_id, mail="recovery_code")
        except DeliveryFailed:
            self.events.record(SERVICE, "code_not_sent", caller, login=login)
            return Notice.NOT_SENT
        self.events.record(SERVICE, "code_sent", caller, login=login, method=kind.value)
        return None

    def _not_confirmed(
        self, used: UsedTicket, waiting: NewMethod, answer: str, caller: Caller
    ) -> Managing | Confirming:
        self.events.record(SERVICE, "not_confirmed", caller, login=used.grant.login, method=waiting.kind)
        if waiting.challenge:
            return self._managing(used, Notice.PASSKEY_REFUSED if answer else Notice.PASSKEY_NOT_MADE)
        waits = waiting.after_wrong_answer()
        if waits.left < 1:
            return self._managing(used, Notice.WRONG_TOO_OFTEN)
        return self._confirming(used, waits, is_wrong=True)

    def _announce(self, notice: str, before: Opened, method: RecoveryMethod, caller: Caller) -> None:
        """Tell every address that was known before, so that the owner has the time of rest to react."""
        with never_failing("the notice"):
            ready_at = method.ready_at(self.methods.rest)
            self.events.notifications.notify(
                notice, before.person, caller.request_id, kind=method.kind.value, ready_at=ready_at
            )

    def _managing(self, used: UsedTicket, notice: Notice | None = None) -> Managing:
        return Managing(self._session(used, {}), notice)

    def _confirming(self, used: UsedTicket, new: NewMethod, *, is_wrong: bool = False) -> Confirming:
        return Confirming(self._session(used, {NEW: new.sealed_fields()}), new.left, is_wrong)

    def _session(self, used: UsedTicket, more: dict[str, Any]) -> str:
        return self.steps.renew(used, {"grant": used.payload["grant"], **more})


def _waiting(payload: Mapping[str, Any]) -> NewMethod | None:
    """Return the method that waits for its confirmation, if one does."""
    return NewMethod.read(payload[NEW]) if payload.get(NEW) else None


def recovery_steps(events: Events, tickets: Tickets) -> TicketSteps:
    """Return the steps after the sign-in."""
    return TicketSteps(events, tickets, SERVICE, SERVICE, lambda payload: read_grant(payload["grant"]))
