"""What reads text from outside: its processor time grows no faster than the text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from gateway.account.birth_date import BirthDateError, read_birth_date
from gateway.account.model import Person, Secret
from gateway.account.name_matching import names_match, partial_match, tokens
from gateway.account.policy import PasswordRules
from gateway.account.proofs import candidates
from gateway.account.staff_file import read_row
from gateway.capture.sock_requests import read_request
from gateway.directory.ppolicy import read_time
from gateway.protection.audit import as_login
from gateway.protection.breached import is_common
from gateway.web.api.authentication import read_certificate_header
from gateway.workstation.state import read_state
from tests.support.cpu_growth import FILLS, assert_linear, filled

TODAY = date(2026, 11, 24)
ROW = {"surname": "Durand", "given_name": "Anne", "birth_date": "27/03/1985", "numen": "12E8534567ABC"}


def row_with(column, text):
    with pytest.raises(ValueError, match=column):
        read_row(2, {**ROW, column: text}, TODAY)


def announced(attribute, text):
    head = f"MODIFY\npeername: IP=127.0.0.1:1\nconnid: 1\nmsgid: 2\nbinddn: cn={text[:8000]}\ndn: uid=x"
    read_request(f"{head}\nreplace: {attribute}\n{attribute}: {text}\n-\n\n".encode())


READERS: dict[str, Callable[[str], object]] = {
    "names": tokens,
    "name in the directory": lambda text: names_match("Durand", [text]),
    "given name in the directory": lambda text: partial_match("Anne", [text]),
    "birth date": lambda text: read_birth_date(text, TODAY),
    "proof": lambda text: candidates(Secret(text)),
    "password": lambda text: PasswordRules(forbidden_words=("academy",)).violations(Secret(text), login="durand"),
    "common password": lambda text: is_common(Secret(text)),
    "password beside names": lambda text: PasswordRules().personal_violations(
        Secret("Abc-1234"), Person("durand", (text,), (), (), "", initial_password=False), "durand"
    ),
    "time": read_time,
    "state": lambda text: read_state(f"windows;pending;{text}"),
    "login in the audit": as_login,
    "client certificate": read_certificate_header,
    "announced password": partial(announced, "userPassword"),
    "announced attribute": lambda text: announced(text, text),
    "surname in an import": partial(row_with, "surname"),
    "birth date in an import": partial(row_with, "birth_date"),
    "number in an import": partial(row_with, "numen"),
}


class TestReader:
    @pytest.mark.parametrize("fill", FILLS)
    @pytest.mark.parametrize("reader", READERS)
    def test_when_a_text_is_very_long_then_its_time_grows_no_faster(self, reader, fill):
        assert_linear(lambda size: READERS[reader](filled(FILLS[fill], size)), f"{reader} of {fill}")


class TestBirthDate:
    @pytest.mark.parametrize("gap", ["\t", " ", "\u00a0"])
    def test_when_its_separators_are_long_then_it_is_no_date(self, gap):
        """Half a minute of processor time once went into such a date."""
        assert read_birth_date(f"1{gap * 250_000}1", TODAY) is BirthDateError.UNREADABLE

    def test_when_its_parts_have_blanks_of_any_kind_between_them_then_it_is_read(self):
        assert read_birth_date("27\u00a0/\u202f3 \u00a0/ 1985", TODAY) == date(1985, 3, 27)
