"""The forms of the pages: what may be typed, and the request that a valid form becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _
from wtforms import Field, HiddenField, StringField
from wtforms.validators import ValidationError

from gateway.account.model import ChangeRequest, FindRequest, Secret, VerifyIdentityRequest
from gateway.account.proofs import is_numen_with_lookalikes
from gateway.protection.rate_limiting.limiter import name_keys
from gateway.web import messages
from gateway.web.fields import (
    MAX_ANSWER_CHARS,
    BirthDateField,
    CharterField,
    ConfirmationField,
    CurrentPasswordField,
    NameField,
    NewPasswordField,
    at_most,
    short_text,
    typed,
)
from gateway.web.sent_form import CHECKED, SentForm, ServiceForm, TicketForm

CHARTER_LABEL = _("I have read the acceptable use policy and I accept it")


class FindForm(ServiceForm):
    """What a person types to find their account."""

    service = "find"
    comes_back = ("surname", "given_name", "birth_date", *CHECKED)

    surname = NameField(_("Surname"))
    given_name = NameField(_("Given name"))
    birth_date = BirthDateField(_("Date of birth"))

    @staticmethod
    def counted_early(fields: Mapping[str, str]) -> dict[str, Any]:
        """Return the keys of the name that is searched, before validation."""
        return {"names": name_keys(short_text(fields, "surname"), short_text(fields, "given_name"))}

    def to_request(self) -> FindRequest:
        """Return the request of a valid form."""
        return FindRequest(typed(self.surname), typed(self.given_name), self.birth_date.day)


DISPUTE, DISPUTED = "signalement", "1"
"""The parameter of a link to a reset that reports a misuse too, and the value of the field."""


class DisputedField(HiddenField):
    """The person's word in a reset that somebody else used the account: DISPUTED, or empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__("", [at_most(len(DISPUTED))], **options)

    @property
    def is_set(self) -> bool:
        """Return whether the person said so."""
        return typed(self) == DISPUTED


class VerifyIdentityForm(ServiceForm):
    """The first step of a reset: what proves who the person is."""

    service = "reset"
    comes_back = ("login", "birth_date", "disputed", *CHECKED)

    login = NameField(_("Login"))
    proof = NameField(_("NUMEN or temporary agent number"), longest=40)
    birth_date = BirthDateField(_("Date of birth"))
    disputed = DisputedField()

    @classmethod
    def prefilled(cls, query: Mapping[str, str]) -> dict[str, str]:
        """Return the login that a link may fill in, and whether it is for a report (?DISPUTE)."""
        return super().prefilled(query) | ({"disputed": DISPUTED} if DISPUTE in query else {})

    def validate_proof(self, field: Field) -> None:
        """Refuse a NUMEN with O for 0 or I for 1. WTForms calls it for the field `proof`. Raises ValidationError."""
        if is_numen_with_lookalikes(Secret(typed(field))):
            raise ValidationError(messages.NUMEN_LOOKALIKES)

    def to_request(self) -> VerifyIdentityRequest:
        """Return the request of a valid form."""
        return VerifyIdentityRequest(typed(self.login), Secret(typed(self.proof)), self.birth_date.day)


class VerifyIdentityOrCodeForm(VerifyIdentityForm):
    """The same first step where the helpdesk gives codes in the place of numbers."""

    proof = NameField(
        _("NUMEN, temporary agent number or helpdesk code"), longest=40, missing=messages.PROOF_OR_CODE_MISSING
    )


class AccountForm(SentForm):
    """The button of a found account that begins a reset with its login and birth date, which the ticket contains."""

    purpose: ClassVar[str] = "account"
    """The purpose for which the ticket is sealed."""

    account = HiddenField(validators=[at_most(4096)])


class DisputeForm(SentForm):
    """The button "somebody else used my account"; the address of the page has the ticket."""


class CodeForm(TicketForm):
    """A step of a reset: the code that was sent as a second factor."""

    service = "code"

    code = NameField(_("Code that you were sent"), longest=12)


class ChannelForm(TicketForm):
    """A step of a reset: the channel to which the code is sent, or sent again. `channel`: its index in the ticket."""

    service = "code"

    channel = StringField(_("Where is the code to go?"), [at_most(2)])


class ExtendForm(TicketForm):
    """The button for more time to choose a password."""

    service = "choose"


class ChooseForm(TicketForm):
    """The last step of a reset: the new password."""

    service = "choose"

    new_password = NewPasswordField(_("New password"))
    confirmation = ConfirmationField(_("Confirm the new password"))
    charter = CharterField(CHARTER_LABEL)

    @property
    def new(self) -> Secret:
        """Return the new password exactly as it was typed."""
        return Secret(typed(self.new_password))


class ChangeForm(ServiceForm):
    """What a person types to change their password."""

    service = "change"
    comes_back = ("login", "charter", *CHECKED)

    login = NameField(_("Login"))
    current_password = CurrentPasswordField(_("Current password"))
    new_password = NewPasswordField(_("New password"))
    confirmation = ConfirmationField(_("Confirm the new password"))
    charter = CharterField(CHARTER_LABEL)

    def to_request(self) -> ChangeRequest:
        """Return the request of a valid form."""
        return ChangeRequest(
            typed(self.login),
            Secret(typed(self.current_password)),
            Secret(typed(self.new_password)),
            typed(self.charter),
        )


class PasskeyForm(SentForm):
    """Login and passkey in a reset. `question`: the ticket of what the browser was asked."""

    service = "reset"
    comes_back = ("login", "disputed")

    login = NameField(_("Login"))
    disputed = DisputedField()
    answer = HiddenField(validators=[at_most(MAX_ANSWER_CHARS)])
    question = HiddenField(validators=[at_most(1024)])


FORMS: Mapping[str, type[ServiceForm]] = {form.service: form for form in (FindForm, VerifyIdentityForm, ChangeForm)}
"""The first forms of the services by service name; each may need proof of work."""
