"""A sample of invented people as values. It needs no library."""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_PASSWORD = "Bienvenue-2026!"  # noqa: S105 - meant to be known: it opens nothing but invented accounts
"""The password of everybody who has changed the initial one."""

MAX_COUNT = 10**8
"""Half as many people as the temporary agents' seven digits are enough for."""


@dataclass(frozen=True, slots=True)
class Staff:
    """What makes one sample: the same values, the same people."""

    count: int
    seed: int
    mail_domain: str
    rectorat_share: float


@dataclass(frozen=True, slots=True)
class Member:
    """One invented person. Empty text: the directory has no such value."""

    login: str
    given_name: str
    surname: str
    birth_name: str
    """Empty unless it differs from `surname`."""
    mail: str
    birth_date: str
    """YYYYMMDD."""
    numen: str
    temporary_number: str
    """Instead of a NUMEN, never beside one."""
    employee_type: str
    department: str
    """`rectorat` or the code of an establishment."""
    password: str
    """In clear: the NUMEN or temporary number as long as it is the initial one, else SAMPLE_PASSWORD."""
    initial_password: bool
    salt: bytes
