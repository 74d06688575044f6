"""The forms of the helpdesk's pages."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import Field, HiddenField, StringField
from wtforms.validators import ValidationError

from gateway.account.model import Secret
from gateway.services.agent_codes import CodeAction
from gateway.services.agent_people import AgentAction
from gateway.web import messages
from gateway.web.fields import (
    MAX_ANSWER_CHARS,
    MAX_NAME_CHARS,
    CurrentPasswordField,
    NameField,
    at_most,
    typeable,
    typed,
)
from gateway.web.sent_form import SentForm, TicketForm

MIN_SEARCH_CHARS = 2
ACTION, PERSON = "action", "person"
"""The names of the buttons: what is done, and whose page is opened."""


class AgentSignInForm(SentForm):
    """The first step of the sign-in."""

    comes_back = ("login",)

    login = NameField(_("Login"))
    current_password = CurrentPasswordField(_("Password"))

    @property
    def password(self) -> Secret:
        """Return the password exactly as it was typed."""
        return Secret(typed(self.current_password))


class AgentPasskeyForm(TicketForm):
    """A browser's answer about a passkey, or the button for a code in its place."""

    answer = HiddenField(validators=[at_most(MAX_ANSWER_CHARS)])
    leave = StringField(validators=[at_most(1)])


class SearchForm(SentForm):
    """Who is searched, and why. A button of the results sends it once more, with the login that it opens."""

    comes_back = ("searched", "reason")

    searched = NameField(_("Login, mail address or name"))
    reason = NameField(_("Reason or ticket number"))
    person = StringField(validators=[at_most(100)])

    def validate_searched(self, field: Field) -> None:
        """Refuse a single character. WTForms calls it for the field `searched`. Raises ValidationError."""
        if len(typed(field)) < MIN_SEARCH_CHARS:
            raise ValidationError(messages.filled(messages.SEARCH_TOO_SHORT, min=MIN_SEARCH_CHARS))


class PersonForm(SentForm):
    """What an agent does about a person: one button per action, and the agent's own password."""

    person = HiddenField(validators=[at_most(2048)])
    action = StringField(validators=[at_most(40)])
    requested_by = StringField(_("Login of the agent who asked"), [typeable, at_most(MAX_NAME_CHARS)])
    current_password = CurrentPasswordField(_("Your own password"))

    @property
    def password(self) -> Secret:
        """Return the password exactly as it was typed."""
        return Secret(typed(self.current_password))

    @property
    def chosen(self) -> AgentAction | CodeAction | None:
        """Return what the button does; None for a button that no page has."""
        known: list[AgentAction | CodeAction] = [*AgentAction, *CodeAction]
        return next((one for one in known if one == typed(self.action)), None)


class SignOutForm(SentForm):
    """The button that ends the session."""

    @classmethod
    def prefilled(cls, query: Any) -> dict[str, str]:
        """Return nothing: it has no field."""
        return {}
