"""One row of the staff office's export: the required columns and what they say about a person."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from gateway.account.birth_date import BirthDate, BirthDateError, read_birth_date
from gateway.account.invisible import without_invisible
from gateway.account.login_generation import login_stem, mail_stem

REQUIRED = ("surname", "given_name", "birth_date")
NUMBERS = ("numen", "temporary_agent_number")
OPTIONAL = ("birth_name", "department", "login")
MAX_CELL_CHARS = 200
"""Maximum characters of one cell."""
_NUMBER = re.compile(r"[0-9A-Z]{4,20}")


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One valid row of the export. Texts have no invisible characters and no outer blanks."""

    line: int
    """The line of the file where it ends."""
    surname: str
    birth_name: str | None
    """None if the file has no such column; the value in the directory then stays."""
    given_name: str
    birth_date: BirthDate
    numen: str
    temporary_agent_number: str
    department: str
    login: str = ""
    """Login of the person's entry, for one that has no number yet; "" if the file does not say it."""

    @property
    def numbers(self) -> dict[str, str]:
        """Return the numbers that identify the person from one export to the next; one of `NUMBERS` may be ""."""
        return {"numen": self.numen, "temporary_agent_number": self.temporary_agent_number}

    def numbers_of(self, kind: str) -> frozenset[str]:
        """Return the number of one kind as a set, which may be empty."""
        return frozenset(filter(None, (self.numbers[kind],)))

    @property
    def initial_password(self) -> str:
        """Return the NUMEN, or the temporary-agent number if there is none."""
        return self.numen or self.temporary_agent_number


def read_row(line: int, values: Mapping[str, str], today: date) -> StaffRow:
    """Read the row of one line, given as column → text. `today` limits the birth date.

    Raises ValueError with the reason, which names the column and never contains the number or the date.
    """
    sent = {name: values.get(name) or "" for name in (*REQUIRED, *NUMBERS, *OPTIONAL)}
    if overlong := [name for name, cell in sent.items() if len(cell) > MAX_CELL_CHARS]:
        raise ValueError(f"{', '.join(overlong)} has more than {MAX_CELL_CHARS} characters")
    cells = {name: without_invisible(cell) for name, cell in sent.items()}
    if missing := [name for name in REQUIRED if not cells[name]]:
        raise ValueError(f"{', '.join(missing)} is empty")
    if not all(map(str.isprintable, cells.values())):
        raise ValueError("a cell holds a control character")
    numbers = {name: re.sub(r"\s", "", cells[name]).upper() for name in NUMBERS}
    if not any(numbers.values()):
        raise ValueError("neither numen nor temporary_agent_number is given")
    for name, number in numbers.items():
        if number and not _NUMBER.fullmatch(number):
            raise ValueError(f"{name} must have 4 to 20 characters, letters and digits only")
    birth_date = read_birth_date(cells["birth_date"], today)
    if isinstance(birth_date, BirthDateError):
        raise ValueError(f"birth_date is {birth_date.value}; write it as in 27/03/1985 or 1985-03-27")
    login_stem(cells["given_name"], cells["surname"])
    mail_stem(cells["given_name"], cells["surname"])
    # Given names and departments are those of many: each is in memory once.
    shared = {name: sys.intern(cells[name]) for name in ("given_name", "department")}
    others = {name: cells[name] for name in ("surname", "login")} | shared
    birth_name = cells["birth_name"] if "birth_name" in values else None
    return StaffRow(line, birth_date=birth_date, birth_name=birth_name, **numbers, **others)
