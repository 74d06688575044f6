"""How WTForms makes our forms: with the CSRF token of Flask-WTF, made only for a form that is shown."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms.csrf.core import CSRFTokenField


class TokenField(CSRFTokenField):
    """The CSRF token, which is made when a page shows it: a form that was sent is judged and not shown."""

    def process(self, *args: Any, **options: Any) -> None:
        """Read the token that was sent. WTForms calls it, and would make a new one here."""
        super(CSRFTokenField, self).process(*args, **options)

    @property
    def current_token(self) -> str:  # type: ignore[override]  # WTForms sets it, in the method above.
        """Return the token of this request's page."""
        token: str = self.csrf_impl.generate_csrf_token(self)
        return token


class _Csrf(FlaskForm.Meta.csrf_class):
    field_class = TokenField


class FormMeta(FlaskForm.Meta):
    """What WTForms asks about a form."""

    csrf_class = _Csrf
