"""The second factor of a reset: a code sent to the person's private address or phone.

The form's ticket contains the code, the attempts that are left and the channels to choose from, all sealed. It is
valid once: nothing is stored, and no attempt can be undone.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from gateway.account.model import Grant, Person
from gateway.notifications.errors import DeliveryFailed
from gateway.protection.tickets import TokenError
from gateway.services.caller import Caller
from gateway.services.events import Events
from gateway.services.outcomes import MayChoose
from gateway.services.ports import Channel
from gateway.services.recovery_factors import RecoveryFactors
from gateway.services.tickets import CODE, TicketSteps, UsedTicket, sealed_fields
from gateway.settings import SecondFactor as SecondFactorSettings

DIGITS = 6
MAX_CHANNELS = 4
"""Maximum number of channels that fit into a ticket, whatever their length."""
NOWHERE_YET = -1


@dataclass(frozen=True, slots=True)
class NoChannel:
    """The settings require a code, and the person has no channel to which it can be sent."""


@dataclass(frozen=True, slots=True)
class ChooseChannel:
    """The person must choose the channel for the code."""

    ticket: str
    is_repeated: bool = False
    """Whether the person was asked already and chose a channel that does not exist."""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """The code was sent."""

    ticket: str
    """The ticket for the form that asks for the code."""


@dataclass(frozen=True, slots=True)
class CodeLimited:
    """Too many codes were sent, so none is sent now."""

    retry_after_seconds: int
    ticket: str
    has_earlier_code: bool
    """Whether a code that was sent before is still valid."""


@dataclass(frozen=True, slots=True)
class CodeNotSent:
    """The message could not be sent."""

    masked: str
    """The channel in a form that only its owner recognises."""
    ticket: str
    has_earlier_code: bool
    """Whether a code that was sent before is still valid."""
    is_only_channel: bool
    """Whether there is no other channel to choose."""


@dataclass(frozen=True, slots=True)
class CodeWrong:
    """The code that was typed is not the one that was sent."""

    attempts_left: int
    ticket: str
    """The ticket for the next attempt; it is useless if no attempt is left."""


@dataclass(frozen=True, slots=True)
class CodeFormFacts:
    """What a form of the second factor shows."""

    channels: Sequence[Channel] = ()
    sent_to: int = NOWHERE_YET
    """The index of the channel that the code was sent to."""


Sent = CodeSent | CodeLimited | CodeNotSent
"""The results of sending a code."""
Begun = MayChoose | NoChannel | ChooseChannel | Sent
"""The results of the beginning of the second factor."""


@dataclass(frozen=True, slots=True)
class SecondFactorService:
    """Sends codes, and compares typed codes with them."""

    events: Events
    steps: TicketSteps
    settings: SecondFactorSettings
    mail: str = "code"
    """The name of the mail that brings the code."""
    recovery: RecoveryFactors | None = None
    """Recovery methods that people keep themselves; None if the settings offer none."""

    def begin(self, grant: Grant, person: Person, caller: Caller, *, service: str) -> Begun:
        """Send a code if the person has one channel, and ask for the channel if there are several.

        `service` is the service that needs the second factor; an outage is recorded under its name. Raises Outage.
        """
        with self.events.outages(service, caller, grant.login):
            channels = self._channels_of(grant, person)
        if not (self.settings.methods or channels):
            return MayChoose(grant)
        if not channels:
            # Whoever has a code was verified by the helpdesk, to which the refusal would send them.
            is_allowed = self.settings.if_none_known == "allow" or grant.reset_code
            return MayChoose(grant) if is_allowed else NoChannel()
        payload = {
            "grant": sealed_fields(grant),
            "channels": [_fields(channel) for channel in channels],
            "code": "",
            "left": 0,
            "sent_to": NOWHERE_YET,
        }
        ticket = self._issue(payload)
        if len(channels) > 1:
            return ChooseChannel(ticket)
        with self.events.outages(service, caller, grant.login):
            return self._send(grant, payload, 0, ticket, caller)

    def send(self, used: UsedTicket, index: int, caller: Caller) -> ChooseChannel | Sent:
        """Send a new code to the channel with the index `index`. Raises Outage."""
        ticket = self.steps.renew(used)
        if not 0 <= index < len(used.payload["channels"]):
            return ChooseChannel(ticket, is_repeated=True)
        with self.events.outages(CODE, caller, used.grant.login):
            return self._send(used.grant, used.payload, index, ticket, caller)

    def verify(self, used: UsedTicket, typed: str, caller: Caller) -> MayChoose | CodeWrong:
        """Compare the typed code, without its blanks, with the code that was sent, and record the result."""
        if self._is_right(used, typed, caller):
            self.events.record(CODE, "code_right", caller, login=used.grant.login)
            return MayChoose(used.grant)
        left = used.payload["left"] - 1
        self.events.record(CODE, "code_wrong", caller, login=used.grant.login, tries_left=left)
        return CodeWrong(left, self.steps.renew(used, {**used.payload, "left": left}))

    def form_facts(self, ticket: str) -> CodeFormFacts:
        """Return what the form with this ticket shows; nothing if the ticket cannot be opened."""
        opened = self.steps.open(ticket)
        if isinstance(opened, TokenError):
            return CodeFormFacts()
        return CodeFormFacts(_channels_in(opened.payload), opened.payload.get("sent_to", NOWHERE_YET))

    def _send(self, grant: Grant, payload: dict[str, Any], index: int, ticket: str, caller: Caller) -> Sent:
        """Send and count a code.

        A text message is counted before it is sent, because it may cost money although the SMS gateway answers with
        an error. A mail is counted after it was sent, because a failed mail costs nothing.
        """
        channels, has_earlier_code = _channels_in(payload), bool(payload["code"])
        channel = channels[index]
        count = partial(
            self.events.rate_limiter.admit_code, grant.uuid, channel.address, is_text_message=channel.is_phone
        )
        if wait := count(only_look=not channel.is_phone):
            self.events.rate_limited(CODE, caller, wait, grant.login)
            return CodeLimited(wait.seconds, ticket, has_earlier_code)
        if channel.is_app:
            count()
            self.events.record(CODE, "code_asked_of_app", caller, login=grant.login)
            return self._sent(payload, "", index)
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        try:
            self.events.notifications.send_code(channel, code, grant.login, caller.request_id, mail=self.mail)
        except DeliveryFailed:
            self.events.record(CODE, "code_not_sent", caller, login=grant.login)
            return CodeNotSent(channel.masked, ticket, has_earlier_code, is_only_channel=len(channels) == 1)
        if not channel.is_phone:
            count()
        self.events.record(CODE, f"code_sent_by_{channel.way}", caller, login=grant.login)
        return self._sent(payload, code, index)

    def _sent(self, payload: dict[str, Any], code: str, index: int) -> CodeSent:
        attempts = self.settings.max_attempts
        return CodeSent(self._issue({**payload, "code": code, "left": attempts, "sent_to": index}))

    def _is_right(self, used: UsedTicket, typed: str, caller: Caller) -> bool:
        """Return whether the typed code is the one that was sent, or that the app shows. Raises Outage."""
        sent_to, code = used.payload["sent_to"], used.payload["code"]
        channel = _channels_in(used.payload)[sent_to] if sent_to >= 0 else None
        if channel and channel.is_app:
            with self.events.outages(CODE, caller, used.grant.login):
                return bool(self.recovery and self.recovery.accepts(used.grant, channel.method, typed))
        entered = "".join(typed.split())
        is_right = bool(code) and hmac.compare_digest(entered.encode(), code.encode())
        if is_right and self.recovery and channel and channel.method:
            self.recovery.was_used(used.grant, channel.method)
        return is_right

    def _channels_of(self, grant: Grant, person: Person) -> list[Channel]:
        """Return at most MAX_CHANNELS: the person's own recovery methods, then what the directory has of them.

        Raises DirectoryUnavailable.
        """
        held = {
            "mail": (person.private_mail, *person.other_private_mails),
            "phone": (person.phone, *person.other_phones),
        }
        language = self.events.notifications.language_of(person)
        methods: Sequence[str] = self.settings.methods
        own = self.recovery.channels(grant, language) if self.recovery else []
        channels = [Channel(way, address, language) for way in methods for address in held[way] if address]
        by_address = {(one.way, one.address.casefold()): one for one in [*reversed(channels), *reversed(own)]}
        return list(reversed(by_address.values()))[:MAX_CHANNELS]

    def _issue(self, payload: dict[str, Any]) -> str:
        return self.steps.tickets.issue(self.steps.purpose, payload, 60 * self.settings.minutes)


def _fields(channel: Channel) -> dict[str, str]:
    """Return what the ticket contains. A front end of an earlier version knows no `method`."""
    return {name: value for name, value in asdict(channel).items() if value or name != "method"}


def _channels_in(payload: dict[str, Any]) -> list[Channel]:
    """Return the channels in the payload of a ticket."""
    return [Channel(**channel) for channel in payload.get("channels", ())]
