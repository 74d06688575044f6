"""The forms of the recovery methods."""

from __future__ import annotations

import re

from flask_babel import lazy_gettext as _
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from gateway.account.recovery import MAX_ADDRESS_CHARS, MAX_ID_CHARS, MAX_NAME_CHARS
from gateway.web import messages
from gateway.web.fields import MAX_ANSWER_CHARS, CurrentPasswordField, NameField, at_most, stripped, typeable, typed
from gateway.web.sent_form import CHECKED, ServiceForm, TicketForm

MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+\.[^@\s<>,;:\"().]+")
PHONE_NUMBER = re.compile(r"\+?[0-9]{9,15}", re.ASCII)


class RecoverySignInForm(ServiceForm):
    """The first step at the recovery methods: what proves who the person is.

    It tries a password, so it counts as a change of it does.
    """

    service = "change"
    comes_back = ("login", *CHECKED)

    login = NameField(_("Login"))
    current_password = CurrentPasswordField(_("Current password"))


class MethodsForm(TicketForm):
    """A button at the list of recovery methods: what to do (`action`), with which `kind` or `method`."""

    service = "recovery"

    action = StringField(validators=[at_most(10)])
    kind = StringField(validators=[at_most(10)])
    method = StringField(validators=[at_most(MAX_ID_CHARS)])
    method_name = StringField("", [typeable, at_most(MAX_NAME_CHARS)], filters=[stripped])
    address = StringField(_("Address"), [typeable, at_most(MAX_ADDRESS_CHARS)], filters=[stripped])

    def validate_address(self, field: Field) -> None:
        """Refuse what is no mail address or phone number. WTForms calls it. Raises ValidationError."""
        text = typed(field)
        if typed(self.action) != "add":
            return
        if typed(self.kind) == "mail" and not MAIL_ADDRESS.fullmatch(text):
            raise ValidationError(messages.NO_MAIL_ADDRESS)
        if typed(self.kind) == "mobile" and not PHONE_NUMBER.fullmatch(re.sub(r"[ .\-]", "", text)):
            raise ValidationError(messages.NO_PHONE_NUMBER)


class ConfirmMethodForm(TicketForm):
    """What confirms a new recovery method: a code, or a browser's answer about a passkey."""

    service = "recovery"

    answer = StringField(_("Code"), [at_most(MAX_ANSWER_CHARS)], filters=[stripped])
