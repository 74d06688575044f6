"""The models of requests and answers of the API. Their docstrings become descriptions in the OpenAPI document."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema

from gateway.account.birth_date import BirthDate, BirthDateError, read_birth_date
from gateway.account.policy import Rule
from gateway.web.fields import MAX_PASSWORD_CHARS
from gateway.web.result_texts import Stage

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
"""Day, or day and month, may be 00 if the register does not know them."""


def _written_out(value: object) -> BirthDate:
    """Parse YYYY-MM-DD only; pydantic would also accept seconds since 1970. Raises ValueError."""
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
    """The person whose account is searched, by married name first, then by birth name."""

    surname: Annotated[Line, Field(examples=["Durand"])]
    given_name: Annotated[Line, Field(examples=["François"])]
    birth_date: Annotated[BirthDate, PlainValidator(_written_out), BIRTH_DATE_SCHEMA]


class FoundAccount(_Answered):
    """The account of one person."""

    login: str
    mail: str
    """Empty if the directory has none."""
    initial_password: bool
    """Whether the password is still the initial one."""


class FoundAccounts(_Answered):
    """One account, or several of people who share names and birth date."""

    accounts: list[FoundAccount]


class ChangeRequestBody(_Sent):
    """The person whose password is changed, and both passwords."""

    login: Line
    current_password: Password
    new_password: Password


class RoundcubeForm(BaseModel):
    """What Roundcube's driver `httpapi` sends. Unknown fields are ignored, because other versions may add some."""

    model_config = ConfigDict(hide_input_in_errors=True, use_attribute_docstrings=True)

    user: Line
    curpass: Password
    newpass: Password


class PropagationLink(_Answered):
    """The change is on its way to the workstation."""

    href: str
    """Address of the state, which can be requested for one hour."""
    targets: list[str]
    """Names of the targets in the gateway's settings."""


class PasswordChanged(_Answered):
    """The directory has saved the new password."""

    login: str
    was_expired: bool
    """Whether the former password had expired."""
    propagation: PropagationLink | None
    """None for people without a workstation."""


class TargetState(_Answered):
    """The state of the new password at one target of the workstation."""

    target: str
    """Name of the target in the gateway's settings."""
    label: str
    """Name of the target for people."""
    state: Stage
    sentence: str
    """The state for the person, and what to do about it, in the language of Accept-Language."""


class PropagationState(_Answered):
    """The states of one change at all its targets."""

    waiting: bool
    """Whether a state can still change, so that it is worth asking again."""
    targets: list[TargetState]


class RuleInWords(_Answered):
    """One rule for new passwords."""

    code: Rule
    sentence: str
    """What a new password must do, in the language of Accept-Language: "have at least 12 characters"."""


class LockoutPolicy(_Answered):
    """After how many wrong passwords the directory locks an account, and for how long."""

    failures: int
    minutes: int
    """How long the lock lasts; 0: until a reset."""


class PasswordPolicy(_Answered):
    """The academy's rules for new passwords. The directory may refuse others too; the problem gives the reason."""

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
    """Required strength in percent; 0: none is required."""
    forbids_common: bool
    refuses_breached: bool
    history: int
    """How many former passwords are refused."""
    lockout: LockoutPolicy
    rules: list[RuleInWords]


class FieldProblem(_Answered):
    """What is wrong with one field of the body."""

    field: str
    """Name of the field; empty if it is unknown."""
    detail: str


class ProblemBody(_Answered):
    """A problem of RFC 9457; `code` is stable, the sentences are not."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    """A sentence for the person, in the language of Accept-Language."""
    request_id: str
    """Id of the request, which the audit and the log contain too."""
    rules: list[Rule] = []
    """With code "rules": the rules that the new password breaks."""
    faults: list[FieldProblem] = []
    """With code "invalid": what is wrong with the body, at most 20 fields."""
    min_length: int | None = None
    """With code "too_short": how many characters the directory requires of this person, if that is known."""
    changeable_from: datetime | None = None
    """With code "too_young": when the directory accepts another password of this person, if that is known."""
