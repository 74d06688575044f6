"""The fields of forms: what may be typed into them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask_babel.speaklater import LazyString
from wtforms import Field, PasswordField, StringField
from wtforms.form import BaseForm
from wtforms.validators import EqualTo, InputRequired, Length, StopValidation, ValidationError

from gateway.account.birth_date import BirthDate, BirthDateError, read_birth_date
from gateway.account.control_characters import holds_control_character
from gateway.account.invisible import without_invisible
from gateway.web import messages

MAX_PASSWORD_CHARS = 1024
"""Limit of the form itself. The academy's own maximum is a password rule with a sentence of its own."""
MAX_NAME_CHARS = 100
MAX_ANSWER_CHARS = 8192
"""Limit of a browser's answer about a passkey."""


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


def short_text(fields: Mapping[str, str], name: str) -> str:
    """Return a field before validation, without invisible characters; empty if it is too long for a name."""
    text = without_invisible(fields.get(name, ""))
    return text if len(text) <= MAX_NAME_CHARS else ""


def stripped(text: str | None) -> str | None:
    """Return what was typed without invisible characters and outer blanks; None stays None."""
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
        super().__init__(label, [not_blank, typeable, at_most(longest)], filters=[stripped], **options)


class BirthDateField(StringField):
    """A required birth date, typed in any form that `read_birth_date` accepts."""

    day: BirthDate
    """The date; set once the field is valid."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [not_blank, typeable, at_most(30)], filters=[stripped], **options)

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


class CharterField(StringField):
    """The box by which a person accepts the acceptable use policy; its value is the version that the page showed."""

    def __init__(self, label: LazyString, **options: Any) -> None:
        super().__init__(label, [at_most(64)], **options)
