"""The steps of the second factor: choose where the code is sent, and type it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from gateway.account.model import Grant
from gateway.services.caller import Caller
from gateway.services.outcomes import MayChoose
from gateway.services.second_factor import (
    Begun,
    ChooseChannel,
    CodeLimited,
    CodeNotSent,
    CodeSent,
    CodeWrong,
    NoChannel,
    SecondFactorService,
    Sent,
)
from gateway.services.tickets import UsedTicket
from gateway.web import messages
from gateway.web.forms import ChannelForm, CodeForm
from gateway.web.page_state import PageState, PageStates
from gateway.web.pages.form_page import REFUSED, TOO_MANY
from gateway.web.pages.ticket_page import Restart, TicketPage
from gateway.web.sentences import Sentences

NONE_CHOSEN = -1


class _CodeStep(TicketPage):
    panel = "reset-code"

    def __init__(
        self, sentences: Sentences, states: PageStates, service: SecondFactorService, restart: Restart
    ) -> None:
        super().__init__(sentences, states, service.steps, restart)
        self.service = service

    def render(self, form: Any, state: PageState, **more: object) -> str:
        """Return the page with the channels that the ticket offers, masked."""
        facts = self.service.form_facts(form.ticket.data or "")
        masked = [channel.masked for channel in facts.channels]
        apps = [place for place, channel in enumerate(facts.channels) if channel.is_app]
        return super().render(
            form,
            state,
            channels=masked,
            chosen=max(facts.sent_to, 0),
            sent_to=masked[facts.sent_to] if 0 <= facts.sent_to < len(masked) else "",
            apps=apps,
            by_app=facts.sent_to in apps,
            minutes=self.service.settings.minutes,
            **more,
        )


class CodePage(_CodeStep):
    """The step in which the code is typed; `next_step` returns the step after it."""

    form_class = CodeForm
    template = step = "reset_code"

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        service: SecondFactorService,
        restart: Restart,
        *,
        next_step: Callable[[Grant], PageState],
    ) -> None:
        super().__init__(sentences, states, service, restart)
        self.next_step = next_step

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> MayChoose | CodeWrong:
        """Compare the typed code with the one that was sent."""
        return self.service.verify(used, str(form.code.data), caller)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the choice of a password, or the form for the code again."""
        match outcome:
            case MayChoose():
                return self.next_step(outcome.grant)
            case CodeWrong():
                return self._try_again(form, outcome)
            case _:
                return super().after(form, outcome)

    def ask(self, ticket: str, sentences: Sequence[str] = (), status: int = 200) -> PageState:
        """Return an empty form for the code that belongs to `ticket`."""
        form = CodeForm(formdata=None)
        form.ticket.data = ticket
        return self.state(form, sentences, status)

    def _try_again(self, form: Any, wrong: CodeWrong) -> PageState:
        if wrong.attempts_left < 1:
            return self.restart(str(messages.CODE_TOO_OFTEN))
        form.ticket.data = wrong.ticket
        form.code.errors = [messages.filled(messages.CODE_WRONG, left=wrong.attempts_left)]
        return self.state(form, status=REFUSED)


class ChannelPage(_CodeStep):
    """The step in which a person with several channels chooses one; it also serves the buttons for another code."""

    form_class = ChannelForm
    template = step = "reset_channel"

    def __init__(
        self, sentences: Sentences, states: PageStates, service: SecondFactorService, code_step: CodePage
    ) -> None:
        super().__init__(sentences, states, service, code_step.restart)
        self.code_step = code_step

    def submit_used(self, form: Any, used: UsedTicket, caller: Caller) -> ChooseChannel | Sent:
        """Send a code to the channel that was chosen. Raises Outage."""
        form.ticket.data = self.steps.renew(used)
        text = str(form.channel.data or "")
        return self.service.send(used, int(text) if text.isdecimal() else NONE_CHOSEN, caller)

    def follows(self, outcome: object) -> bool:
        """Return whether `outcome` is a result of `SecondFactorService.begin`, which `after` knows."""
        return isinstance(outcome, Begun)

    def after(self, form: Any, outcome: object) -> PageState:
        """Return the form for the code that was sent, or why none was sent."""
        match outcome:
            case MayChoose():
                return self.code_step.after(form, outcome)
            case NoChannel():
                return self.restart(str(messages.NO_SECOND_FACTOR))
            case ChooseChannel():
                return self._ask_for_channel(form, outcome)
            case CodeSent():
                return self.code_step.ask(outcome.ticket)
            case CodeLimited():
                state = self._stay(form, outcome, self.sentences.code_limited(outcome), TOO_MANY)
                return replace(state, retry_after_seconds=outcome.retry_after_seconds)
            case CodeNotSent():
                return self._not_sent(form, outcome)
            case _:
                return super().after(form, outcome)

    def _ask_for_channel(self, form: Any, outcome: ChooseChannel) -> PageState:
        form.ticket.data = outcome.ticket
        if not outcome.is_repeated:
            return self.state(form)
        form.channel.errors = [messages.CHANNEL_MISSING]
        return self.state(form, status=REFUSED)

    def _not_sent(self, form: Any, outcome: CodeNotSent) -> PageState:
        if outcome.is_only_channel and not outcome.has_earlier_code:
            return self.restart(str(messages.CODE_NOT_SENT))
        sentence = messages.filled(messages.CODE_NOT_SENT_THERE, sent_to=outcome.masked)
        return self._stay(form, outcome, sentence, REFUSED)

    def _stay(self, form: Any, outcome: CodeLimited | CodeNotSent, sentence: str, status: int) -> PageState:
        """Return the same step again with `sentence`: a code that was sent before is still valid."""
        if outcome.has_earlier_code:
            return self.code_step.ask(outcome.ticket, [sentence], status)
        form.ticket.data = outcome.ticket
        return self.state(form, [sentence], status)
