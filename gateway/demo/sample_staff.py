"""Invented staff for demos, tests and benchmarks: any number of people, the same for the same seed.

Memory grows only with the number of different names, which are counted to number homonyms. A larger sample of the
same seed begins with the same people.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from gateway.account.login_generation import login_stem, mail_stem, ranked
from gateway.demo.sample_model import SAMPLE_PASSWORD, Member, Staff
from gateway.demo.sample_names import Names

REFERENCE_DAY = date(2026, 1, 1)
"""Day for which ages are computed. With today's date, the same seed would give another sample tomorrow."""
MIN_AGE_YEARS = 20
MAX_AGE_YEARS = 67

RECTORAT = "rectorat"

_WOMEN = 0.7
_MARRIED_NAME_AMONG_WOMEN = 0.4
_TEMPORARY = 0.05
_CONTRACT_AMONG_OTHERS = 0.15
_WITHOUT_MAIL = 0.02
_INITIAL_PASSWORD = 0.1
_SALT_BITS = 64

_PEOPLE_PER_ESTABLISHMENT = 20
_ESTABLISHMENTS = 60_000
_CHECK_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_LAST_ACADEMY = 32

_LETTERS = 26
_NUMENS = 10**7 * _LETTERS**3
_TEMPORARY_NUMBERS = 10**7
# They have no common factor with the sizes above, whose prime factors are 2, 5 and 13: see _scattered.
_NUMEN_STEP = 108_625_653_901
_TEMPORARY_STEP = 6_180_339


def members(staff: Staff) -> Iterator[Member]:
    """Yield the people of `staff`. Logins, mail addresses and numbers are all different."""
    dice = random.Random(staff.seed)  # noqa: S311 - to be repeated, not to be secret
    names = Names(dice)
    numbers = _Numbers(dice)
    homonyms = _Homonyms(staff.mail_domain)
    birth_dates = _birth_dates()
    for index in range(staff.count):
        woman = dice.random() < _WOMEN
        given_name, surname = names.given_name(woman=woman), names.surname()
        married = woman and dice.random() < _MARRIED_NAME_AMONG_WOMEN
        temporary = dice.random() < _TEMPORARY
        numen, temporary_number = ("", numbers.temporary()) if temporary else (numbers.numen(), "")
        initial = dice.random() < _INITIAL_PASSWORD
        contract = temporary or dice.random() < _CONTRACT_AMONG_OTHERS
        yield Member(
            login=homonyms.login(given_name, surname),
            given_name=given_name,
            surname=surname,
            birth_name=names.surname_other_than(surname) if married else "",
            mail="" if dice.random() < _WITHOUT_MAIL else homonyms.mail(given_name, surname),
            birth_date=dice.choice(birth_dates),
            numen=numen,
            temporary_number=temporary_number,
            employee_type="contractuel" if contract else "titulaire",
            department=RECTORAT if dice.random() < staff.rectorat_share else _establishment(dice, index),
            password=(numen or temporary_number) if initial else SAMPLE_PASSWORD,
            initial_password=initial,
            salt=dice.getrandbits(_SALT_BITS).to_bytes(_SALT_BITS // 8),
        )


class _Homonyms:
    """Counts how many people have a stem already; trying each number in turn would take hours for frequent names."""

    def __init__(self, mail_domain: str) -> None:
        self._mail_domain = mail_domain
        self._logins: dict[str, int] = {}
        self._mails: dict[str, int] = {}

    def login(self, given_name: str, surname: str) -> str:
        return _next(self._logins, login_stem(given_name, surname))

    def mail(self, given_name: str, surname: str) -> str:
        return f"{_next(self._mails, mail_stem(given_name, surname))}@{self._mail_domain}"


def _next(bearers: dict[str, int], stem: str) -> str:
    rank = bearers[stem] = bearers.get(stem, 0) + 1
    return ranked(stem, rank)


class _Numbers:
    """Numbers that look random and never repeat, without a list of the used ones."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._numens = _scattered(dice.randrange(_NUMENS), _NUMEN_STEP, _NUMENS)
        self._temporary = _scattered(dice.randrange(_TEMPORARY_NUMBERS), _TEMPORARY_STEP, _TEMPORARY_NUMBERS)

    def numen(self) -> str:
        """Return two digits for the academy, E, seven digits, three letters."""
        rest, digits = divmod(next(self._numens), 10**7)
        rest, third = divmod(rest, _LETTERS)
        first, second = divmod(rest, _LETTERS)
        letters = "".join(chr(ord("A") + letter) for letter in (first, second, third))
        return f"{self._dice.randint(1, _LAST_ACADEMY):02}E{digits:07}{letters}"

    def temporary(self) -> str:
        return f"T{next(self._temporary):07}"


def _scattered(start: int, step: int, size: int) -> Iterator[int]:
    """Yield all numbers below `size`, each once before any repeats: `step` and `size` have no common factor."""
    number = start
    while True:
        yield number
        number = (number + step) % size


def _birth_dates() -> list[str]:
    """Return every birth date of people who are MIN_AGE_YEARS to MAX_AGE_YEARS old on REFERENCE_DAY."""
    first = REFERENCE_DAY.replace(year=REFERENCE_DAY.year - MAX_AGE_YEARS - 1) + timedelta(days=1)
    last = REFERENCE_DAY.replace(year=REFERENCE_DAY.year - MIN_AGE_YEARS)
    days = (first + timedelta(days=day) for day in range((last - first).days + 1))
    return [day.strftime("%Y%m%d") for day in days]


def _establishment(dice: random.Random, index: int) -> str:
    """Return a code like 0751234A: seven digits (95 departments by 10,000) and a check letter.

    The number of establishments grows with the number of people, up to about the number in France.
    """
    school = dice.randrange(min(_ESTABLISHMENTS, 1 + index // _PEOPLE_PER_ESTABLISHMENT))
    # The least common multiple of 95 and 10,000 is 190,000, so no two schools below that have the same code.
    digits = f"{1 + school % 95:03}{school * 7919 % 10_000:04}"
    return digits + _CHECK_LETTERS[int(digits) % len(_CHECK_LETTERS)]
