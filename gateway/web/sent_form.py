"""What all forms have in common: the CSRF token, the limits of fields, the CAPTCHA of a first form, the ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import request
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import Field, HiddenField, StringField

from gateway.protection.captcha.robot_check import Answer
from gateway.web import messages
from gateway.web.fields import at_most, is_typeable, short_text, typed
from gateway.web.form_meta import FormMeta

MAX_CHARS = 1024
"""Limit of a field that has no limit of its own, such as the CSRF token."""
CHECKED = ("challenge", "captcha")
"""What answers the CAPTCHA, which stays valid after a mistake in another field."""


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
        login = short_text(query, "login")
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
        return {"login": short_text(fields, "login")}

    @property
    def answer(self) -> Answer:
        """Return what the form brings for the CAPTCHA."""
        return Answer(typed(self.altcha), typed(self.challenge), typed(self.captcha).strip())

    @property
    def came_without_work(self) -> bool:
        """Return whether the form was sent without proof of work, by a browser that does not run our script."""
        return self.altcha.raw_data is not None and not any(self.altcha.raw_data)


class TicketForm(SentForm):
    """A later step of a reset; its ticket contains, sealed, what was proved before."""

    ticket = HiddenField(validators=[at_most(4096)])
