"""What API clients send and get: the models that requests are read by, and that the OpenAPI document is made of."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from gateway.account.birth_date import BirthDate, BirthDateError, read_birth_date
from gateway.account.policy import Rule
from gateway.web.forms import MAX_PASSWORD_CHARS
from gateway.web.propagation_status import Stage

TYPEABLE = r"[^\x00-\x1F\x7F-\x9F\uFFFD]"
VISIBLE = r"[^\x00-\x20\x7F-\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000\uFFFD]"
Line = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=rf"^{TYPEABLE}*{VISIBLE}{TYPEABLE}*$"),
]
Password = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_PASSWORD_CHARS, pattern=rf"^{TYPEABLE}+$"),
    Field(repr=False, json_schema_extra={"format": "password"}),
]


BIRTH_DATE_SCHEMA = WithJsonSchema({"type": "string", "format": "date", "examples": ["1985-03-27"]})
"""Day and month may be 00 too, where the register does not know them."""


def _written_out(value: object) -> BirthDate:
    """pydantic also takes seconds since 1970: whoever sends those meant something else."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        if not value.endswith("-00"):
            return date.fromisoformat(value)
        read = read_birth_date(value, date.max)
        if not isinstance(read, BirthDateError):
            return read
    raise ValueError("a date as 1985-03-27")


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True, use_attribute_docstrings=True)


class _Answered(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class FindRequestBody(_Sent):
    """Who is looked for: married name first, then birth name."""

    surname: Annotated[Line, Field(examples=["Durand"])]
    given_name: Annotated[Line, Field(examples=["François"])]
    birth_date: Annotated[BirthDate, PlainValidator(_written_out), BIRTH_DATE_SCHEMA]


class FoundAccount(_Answered):
    login: str
    mail: str
    """Empty where the directory has none."""
    initial_password: bool
    """Whether the password is still the one given at first."""


class FoundAccounts(_Answered):
    """One account, or several of people who share names and birth date."""

    accounts: list[FoundAccount]


class ChangeRequestBody(_Sent):
    login: Line
    current_password: Password
    new_password: Password


class RoundcubeForm(BaseModel):
    """What Roundcube's driver `httpapi` sends; other fields are let pass, which other versions may add."""

    model_config = ConfigDict(hide_input_in_errors=True, use_attribute_docstrings=True)

    user: Line
    curpass: Password
    newpass: Password


class PropagationLink(_Answered):
    """The change is on its way to the workstation."""

    href: str
    """Where its state can be asked for during an hour."""
    targets: list[str]


class PasswordChanged(_Answered):
    login: str
    was_expired: bool
    propagation: PropagationLink | None
    """None for people without a workstation."""


class TargetState(_Answered):
    target: str
    label: str
    state: Stage
    sentence: str
    """For the person, in the language that was asked for."""


class PropagationState(_Answered):
    waiting: bool
    """Whether it is worth asking again."""
    targets: list[TargetState]


class RuleInWords(_Answered):
    code: Rule
    sentence: str
    """What a new password must do, in the language that was asked for: "have at least 12 characters"."""


class LockoutPolicy(_Answered):
    failures: int
    minutes: int
    """0: until a reset."""


class PasswordPolicy(_Answered):
    """The academy's rules for new passwords. The directory may refuse more, and says why."""

    min_length: int
    """Characters."""
    max_length: int
    lower_case: bool
    upper_case: bool
    digit: bool
    special: bool
    forbid_current: bool
    forbid_login: bool
    forbid_names: bool
    forbidden_words: list[str]
    min_strength: int
    """Percent; 0: none is asked for."""
    forbids_common: bool
    refuses_breached: bool
    history: int
    """How many former passwords are refused."""
    lockout: LockoutPolicy
    rules: list[RuleInWords]


class FieldProblem(_Answered):
    field: str
    """Of the body; empty where it is none that is known."""
    detail: str


class ProblemBody(_Answered):
    """A problem of RFC 9457; `code` is stable, the sentences are not."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    """For the person, in the language that was asked for."""
    request_id: str
    """Also in the audit and the log."""
    rules: list[Rule] = []
    """With code "rules": those that the new password breaks."""
    faults: list[FieldProblem] = []
    """With code "invalid"."""
    min_length: int | None = None
    """With code "too_short": how many characters the directory asks of this person, where that is known."""
    changeable_from: datetime | None = None
    """With code "too_young": from when the directory takes another password of this person, where that is known."""
