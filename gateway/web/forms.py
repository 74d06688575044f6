"""The forms: what may be typed, and the request that it becomes."""

from __future__ import annotations

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
from gateway.protection.captcha.robot_check import Answer
from gateway.protection.rate_limiting.limiter import name_keys
from gateway.web import messages

MAX_PASSWORD_CHARS = 1024
"""Characters that a form takes; the academy's own limit is a rule and says so in words."""
MAX_CHARS = 1024
"""Of a field that has no limit of its own, as the CSRF token."""


MAX_NAME_CHARS = 100


def typeable(form: BaseForm, field: Field) -> None:
    """Refuse control characters, and U+FFFD, which is what broken UTF-8 becomes on its way here."""
    if not is_typeable(typed(field)):
        raise StopValidation(messages.UNREADABLE_CHAR)


def is_typeable(text: str) -> bool:
    return "\N{REPLACEMENT CHARACTER}" not in text and not holds_control_character(text)


def not_blank(form: BaseForm, field: Field) -> None:
    if not typed(field).strip():
        raise StopValidation(messages.MISSING[field.short_name])


def required(field: str) -> InputRequired:
    """For passwords, where a blank is a character like any other."""
    return InputRequired(messages.MISSING[field])


def at_most(characters: int) -> Length:
    return Length(max=characters, message=messages.TOO_MANY_CHARS)


def _short(fields: Mapping[str, str], name: str) -> str:
    """A field that nothing has checked yet; one that is too long names nobody."""
    text = without_invisible(fields.get(name, ""))
    return text if len(text) <= MAX_NAME_CHARS else ""


def _stripped(text: str | None) -> str | None:
    return without_invisible(text) if text else text


def typed(field: Field) -> str:
    """What a field holds, as text: empty where nothing came."""
    return str(field.data or "")


class NameField(StringField):
    """A line of text whose outer blanks mean nothing."""

    def __init__(self, label: LazyString, longest: int = MAX_NAME_CHARS, **options: Any) -> None:
        super().__init__(label, [not_blank, typeable, at_most(longest)], filters=[_stripped], **options)


class BirthDateField(StringField):
    day: BirthDate

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [not_blank, typeable, at_most(30)], filters=[_stripped], **options)

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:
        if validation_stopped:
            return
        read = read_birth_date(typed(self), datetime.now(UTC).date())
        if isinstance(read, BirthDateError):
            raise ValidationError(messages.DATE_ERRORS[read])
        self.day = read


class CurrentPasswordField(PasswordField):
    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [required("current_password"), typeable, at_most(MAX_PASSWORD_CHARS)], **options)


class NewPasswordField(PasswordField):
    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [required("new_password"), typeable, at_most(MAX_PASSWORD_CHARS)], **options)


class ConfirmationField(PasswordField):
    def __init__(self, label: LazyString, **options: Any) -> None:
        same = EqualTo("new_password", messages.NOT_THE_SAME)
        super().__init__(label, [required("confirmation"), same, at_most(MAX_PASSWORD_CHARS)], **options)


def _max_chars(field: Field) -> int:
    """The limit that the field's own validator names."""
    return int(field.flags.maxlength or MAX_CHARS)


def _is_overlong(field: Field, formdata: ImmutableMultiDict[str, str]) -> bool:
    return any(len(value) > _max_chars(field) for value in formdata.getlist(field.name))


class SentForm(FlaskForm):
    """A form as it comes back from a browser, or from whoever pretends to be one.

    Made of `request.form` alone: Flask-WTF's own default mixes uploaded files among the fields.
    """

    service: ClassVar[str]

    @classmethod
    def prefilled(cls, query: Mapping[str, str]) -> dict[str, str]:
        """What a link may fill in (?login=…): a login that could have been typed."""
        login = _short(query, "login")
        return {"login": login} if login and is_typeable(login) else {}

    def process(self, formdata: Any = None, *args: Any, **options: Any) -> None:
        """Cut overlong values before a field, a filter or a validator reads them: their time may grow faster than the
        value. `validate` refuses such a field whatever the rest of it says."""
        self._overlong = {name for name in self._fields if formdata and _is_overlong(self[name], formdata)}
        if self._overlong:
            formdata = MultiDict(formdata)
            for name in self._overlong:
                formdata.setlist(name, [value[: _max_chars(self[name])] for value in formdata.getlist(name)])
        super().process(formdata, *args, **options)

    def validate(self, extra_validators: object = None) -> bool:
        """A field that arrives twice is refused: which of the two would count?"""
        valid: bool = super().validate()
        for field in self:
            if len(request.form.getlist(field.name)) > 1:
                field.errors = [*field.errors, messages.REPEATED]
                valid = False
        for name in self._overlong:
            self[name].errors = [messages.filled(messages.TOO_MANY_CHARS, max=_max_chars(self[name]))]
            valid = False
        return valid

    @property
    def is_stale(self) -> bool:
        """The CSRF token is missing or too old: the page waited too long, or cookies are off."""
        return bool(self.errors.get("csrf_token"))


class ServiceForm(SentForm):
    """A form of one of the services. The last three count only where a CAPTCHA is asked for."""

    challenge = HiddenField(validators=[at_most(1024)])
    captcha = StringField(_("Copy the characters"), [at_most(64)])
    altcha = HiddenField(validators=[at_most(8192)])
    """The proof of work, under the name that ALTCHA gave it."""

    @staticmethod
    def counted_early(fields: Mapping[str, str]) -> dict[str, Any]:
        """What decides how much proof of work a form must bring, from fields that nothing has checked yet."""
        return {"login": _short(fields, "login")}

    @property
    def answer(self) -> Answer:
        return Answer(typed(self.altcha), typed(self.challenge), typed(self.captcha).strip())

    @property
    def came_without_work(self) -> bool:
        """Whether a browser sent it in which our script does not run."""
        return self.altcha.raw_data is not None and not any(self.altcha.raw_data)


class FindForm(ServiceForm):
    service = "find"

    surname = NameField(_("Surname"))
    given_name = NameField(_("Given name"))
    birth_date = BirthDateField(_("Date of birth"))

    @staticmethod
    def counted_early(fields: Mapping[str, str]) -> dict[str, Any]:
        return {"names": name_keys(_short(fields, "surname"), _short(fields, "given_name"))}

    def to_request(self) -> FindRequest:
        return FindRequest(typed(self.surname), typed(self.given_name), self.birth_date.day)


class VerifyIdentityForm(ServiceForm):
    service = "reset"

    login = NameField(_("Login"))
    proof = NameField(_("NUMEN or temporary agent number"), longest=40)
    birth_date = BirthDateField(_("Date of birth"))

    def validate_proof(self, field: Field) -> None:
        """WTForms calls it with the field of that name."""
        if is_numen_with_lookalikes(Secret(typed(field))):
            raise ValidationError(messages.NUMEN_LOOKALIKES)

    def to_request(self) -> VerifyIdentityRequest:
        return VerifyIdentityRequest(typed(self.login), Secret(typed(self.proof)), self.birth_date.day)


class TicketForm(SentForm):
    """A later step of a reset; its ticket stands for what was proved before."""

    ticket = HiddenField(validators=[at_most(4096)])


class CodeForm(TicketForm):
    """The code that was sent as a second factor."""

    service = "code"

    code = NameField(_("Code that you were sent"), longest=12)


class ChannelForm(TicketForm):
    """Where the code is to be sent, or sent once more."""

    service = "code"

    channel = StringField(_("Where is the code to go?"), [at_most(2)])


class ChooseForm(TicketForm):
    """The last step."""

    service = "choose"

    new_password = NewPasswordField(_("New password"))
    confirmation = ConfirmationField(_("Confirm the new password"))

    @property
    def new(self) -> Secret:
        return Secret(typed(self.new_password))


class ChangeForm(ServiceForm):
    service = "change"

    login = NameField(_("Login"))
    current_password = CurrentPasswordField(_("Current password"))
    new_password = NewPasswordField(_("New password"))
    confirmation = ConfirmationField(_("Confirm the new password"))

    def to_request(self) -> ChangeRequest:
        return ChangeRequest(
            typed(self.login), Secret(typed(self.current_password)), Secret(typed(self.new_password))
        )


FORMS: Mapping[str, type[ServiceForm]] = {form.service: form for form in (FindForm, VerifyIdentityForm, ChangeForm)}
"""The services' first forms, which may be asked for proof of work."""
