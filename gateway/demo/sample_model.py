"""Values of a sample of invented people; needs no library."""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_PASSWORD = "Bienvenue-2026!"  # noqa: S105 - meant to be known: it opens nothing but invented accounts
"""Password of everybody who has changed the initial one."""

MAX_COUNT = 10**8
"""Half of the number of people for whom the temporary agents' seven digits are enough."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Parameters of a sample: the same values give the same people."""

    count: int
    seed: int
    mail_domain: str
    rectorat_share: float


@dataclass(frozen=True, slots=True)
class Member:
    """One invented person. "" means that the directory has no such value."""

    login: str
    given_name: str
    surname: str
    birth_name: str
    """"" unless it differs from `surname`."""
    mail: str
    birth_date: str
    """YYYYMMDD."""
    numen: str
    temporary_number: str
    """Given instead of a NUMEN, never together with one."""
    employee_type: str
    department: str
    """`rectorat` or the code of an establishment."""
    password: str
    """In plain text: the NUMEN or temporary number while it is the initial one, else SAMPLE_PASSWORD."""
    initial_password: bool
    salt: bytes
