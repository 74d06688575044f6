"""The forms of the pages: what may be typed, and the request that a valid form becomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from flask import request
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import Field, HiddenField, PasswordField, StringField
from wtforms.form import BaseForm
from wtforms.validators import EqualTo, InputRequired, Length, StopValidation, ValidationError

from gateway.account.birth_date import BirthDate, BirthDateError, read_birth_date
from gateway.account.control_characters import holds_control_character
from gateway.account.invisible import without_invisible
from gateway.account.model import ChangeRequest, FindRequest, Secret, VerifyIdentityRequest
from gateway.account.proofs import is_numen_with_lookalikes
from gateway.account.recovery import MAX_ADDRESS_CHARS, MAX_ID_CHARS
from gateway.account.recovery import MAX_NAME_CHARS as MAX_METHOD_NAME_CHARS
from gateway.protection.captcha.robot_check import Answer
from gateway.protection.rate_limiting.limiter import name_keys
from gateway.web import messages
from gateway.web.form_meta import FormMeta

MAX_PASSWORD_CHARS = 1024
"""Limit of the form itself. The academy's own maximum is a password rule with a sentence of its own."""
MAX_CHARS = 1024
"""Limit of a field that has no limit of its own, such as the CSRF token."""


MAX_NAME_CHARS = 100
MAX_ANSWER_CHARS = 8192
"""Limit of a browser's answer about a passkey."""
MAIL_ADDRESS = re.compile(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+\.[^@\s<>,;:\"().]+")
PHONE_NUMBER = re.compile(r"\+?[0-9]{9,15}", re.ASCII)
CHARTER_LABEL = _("I have read the acceptable use policy and I accept it")


def typeable(form: BaseForm, field: Field) -> None:
    """Refuse control characters and U+FFFD, which replaces broken UTF-8. Raises StopValidation."""
    if not is_typeable(typed(field)):
        raise StopValidation(messages.UNREADABLE_CHAR)


def is_typeable(text: str) -> bool:
    """Return whether `text` contains neither control characters nor U+FFFD."""
    return "\N{REPLACEMENT CHARACTER}" not in text and not holds_control_character(text)


def not_blank(form: BaseForm, field: Field) -> None:
    """Refuse a field that is empty or has only blanks. Raises StopValidation."""
    if not typed(field).strip():
        raise StopValidation(getattr(field, "missing", None) or messages.MISSING[field.short_name])


def required(field: str) -> InputRequired:
    """Return a validator for a required password, in which a blank is an ordinary character. `field`: its name."""
    return InputRequired(messages.MISSING[field])


def at_most(characters: int) -> Length:
    """Return a validator for at most `characters` characters (not bytes)."""
    return Length(max=characters, message=messages.TOO_MANY_CHARS)


def _short(fields: Mapping[str, str], name: str) -> str:
    """Return a field before validation, without invisible characters; empty if it is too long for a name."""
    text = without_invisible(fields.get(name, ""))
    return text if len(text) <= MAX_NAME_CHARS else ""


def _stripped(text: str | None) -> str | None:
    return without_invisible(text) if text else text


def typed(field: Field) -> str:
    """Return the value of a field as text; empty if the form did not contain it."""
    return str(field.data or "")


class NameField(StringField):
    """A required line of text, without blanks around it. `longest`: its maximum in characters."""

    def __init__(
        self, label: LazyString, longest: int = MAX_NAME_CHARS, missing: LazyString | None = None, **options: Any
    ) -> None:
        """`missing` is the sentence for an empty field; the default is that of the field's name."""
        self.missing = missing
        super().__init__(label, [not_blank, typeable, at_most(longest)], filters=[_stripped], **options)


class BirthDateField(StringField):
    """A required birth date, typed in any form that `read_birth_date` accepts."""

    day: BirthDate
    """The date; set once the field is valid."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [not_blank, typeable, at_most(30)], filters=[_stripped], **options)

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:
        """Set `day`, after the validators. WTForms calls it. Raises ValidationError for a date that is refused."""
        if validation_stopped:
            return
        read = read_birth_date(typed(self), datetime.now(UTC).date())
        if isinstance(read, BirthDateError):
            raise ValidationError(messages.DATE_ERRORS[read])
        self.day = read


class CurrentPasswordField(PasswordField):
    """The password that a person has now."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [required("current_password"), typeable, at_most(MAX_PASSWORD_CHARS)], **options)


class NewPasswordField(PasswordField):
    """The password that a person chooses; the password rules are checked by the use case, not here."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [required("new_password"), typeable, at_most(MAX_PASSWORD_CHARS)], **options)


class ConfirmationField(PasswordField):
    """The new password, typed again; it must equal the field `new_password`."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        same = EqualTo("new_password", messages.NOT_THE_SAME)
        super().__init__(label, [required("confirmation"), same, at_most(MAX_PASSWORD_CHARS)], **options)


def _max_chars(field: Field) -> int:
    """Return the limit that the field's own validator sets, else MAX_CHARS."""
    return int(field.flags.maxlength or MAX_CHARS)


def _is_overlong(field: Field, formdata: ImmutableMultiDict[str, str]) -> bool:
    return any(len(value) > _max_chars(field) for value in formdata.getlist(field.name))


class SentForm(FlaskForm):
    """A form that a browser, or a program in its place, sends with a CSRF token.

    Create it from `request.form`: the default of Flask-WTF also accepts uploaded files as fields.
    """

    Meta = FormMeta

    service: ClassVar[str]
    """The name of the service in rate limits and audit."""
    comes_back: ClassVar[tuple[str, ...]] = ()
    """The fields that are filled in again with what was typed. Never one that proves who a person is."""

    @classmethod
    def prefilled(cls, query: Mapping[str, str]) -> dict[str, str]:
        """Return the fields that a link may fill in (?login=…): only a login that could have been typed."""
        login = _short(query, "login")
        return {"login": login} if login and is_typeable(login) else {}

    def process(self, formdata: Any = None, *args: Any, **options: Any) -> None:
        """Cut overlong values before fields, filters and validators read them. WTForms calls it with the form's data.

        The time of those may grow faster than the value. `validate` refuses each field that was cut.
        """
        self._overlong = {name for name in self._fields if formdata and _is_overlong(self[name], formdata)}
        if self._overlong:
            formdata = MultiDict(formdata)
            for name in self._overlong:
                formdata.setlist(name, [value[: _max_chars(self[name])] for value in formdata.getlist(name)])
        super().process(formdata, *args, **options)

    def validate(self, extra_validators: object = None) -> bool:
        """Return whether the form is valid. Fields that were sent twice, or that are too long, are refused too."""
        valid: bool = super().validate()
        sent = request.form
        for field in self:
            if len(sent.getlist(field.name)) > 1:
                field.errors = [*field.errors, messages.REPEATED]
                valid = False
        for name in self._overlong:
            self[name].errors = [messages.filled(messages.TOO_MANY_CHARS, max=_max_chars(self[name]))]
            valid = False
        return valid

    def kept(self) -> dict[str, str]:
        """Return what was typed into the fields that come back."""
        return {name: text for name in self.comes_back if (text := typed(self[name]))}

    @property
    def is_stale(self) -> bool:
        """Return whether the CSRF token is missing or too old: the page is old, or the browser has no cookies."""
        return bool(self.errors.get("csrf_token"))


CHECKED = ("challenge", "captcha")
"""What answers the CAPTCHA, which stays valid after a mistake in another field."""


class ServiceForm(SentForm):
    """The first form of a service. Its three fields are read only if the service asks for a CAPTCHA."""

    challenge = HiddenField(validators=[at_most(1024)])
    captcha = StringField(_("Type the characters"), [at_most(64)])
    altcha = HiddenField(validators=[at_most(8192)])
    """The solution of the proof of work, under the name that ALTCHA uses."""

    @staticmethod
    def counted_early(fields: Mapping[str, str]) -> dict[str, Any]:
        """Return what the rate limits need to know before validation: `login` or `names`, as fields of Attempt.

        It decides how much proof of work the form must bring.
        """
        return {"login": _short(fields, "login")}

    @property
    def answer(self) -> Answer:
        """Return what the form brings for the CAPTCHA."""
        return Answer(typed(self.altcha), typed(self.challenge), typed(self.captcha).strip())

    @property
    def came_without_work(self) -> bool:
        """Return whether the form was sent without proof of work, by a browser that does not run our script."""
        return self.altcha.raw_data is not None and not any(self.altcha.raw_data)


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
        return {"names": name_keys(_short(fields, "surname"), _short(fields, "given_name"))}

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


class TicketForm(SentForm):
    """A later step of a reset; its ticket contains, sealed, what was proved before."""

    ticket = HiddenField(validators=[at_most(4096)])


class AccountForm(SentForm):
    """The button of a found account that begins a reset with its login and birth date, which the ticket contains."""

    purpose: ClassVar[str] = "account"
    """The purpose for which the ticket is sealed."""

    account = HiddenField(validators=[at_most(4096)])


class DisputeForm(SentForm):
    """The button "somebody else used my account"; the address of the page has the ticket."""


class CharterField(StringField):
    """The box by which a person accepts the acceptable use policy; its value is the version that the page showed."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [at_most(64)], **options)


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
    method_name = StringField("", [typeable, at_most(MAX_METHOD_NAME_CHARS)], filters=[_stripped])
    address = StringField(_("Address"), [typeable, at_most(MAX_ADDRESS_CHARS)], filters=[_stripped])

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

    answer = StringField(_("Code"), [at_most(MAX_ANSWER_CHARS)], filters=[_stripped])


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
