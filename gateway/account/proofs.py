"""Numbers by which people prove who they are, and the ways to write them.

A new kind of proof needs one entry in PROOFS, one line in the settings' `[people.proofs]` and one compare-only access
rule in `ldif/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.account.model import Secret
from gateway.account.reset_code import read_code

_BLANKS = re.compile(r"\s+")
_HEADING = re.compile(r"^\s*(?:NUMEN\b|N\s*[°º])\W*", re.IGNORECASE)
"""Heading that people copy together with the number: "NUMEN : 01E…", "N° 01E…"."""
_NUMEN = re.compile(r"[0-9]{2}[A-Z][0-9]{7}[A-Z]{3}")
_LETTER_PLACES = frozenset({2, 10, 11, 12})
_AS_LETTER, _AS_DIGIT = str.maketrans("01", "OI"), str.maketrans("OI", "01")


def _number(typed: str) -> str:
    """Return the number as the staff office writes it: capitals, without the blanks of a payslip."""
    return _BLANKS.sub("", typed).upper()


def _letters_and_digits(typed: str) -> str:
    """Return the number in capitals without punctuation and heading: 01-E-12 345 67.ABC becomes 01E1234567ABC."""
    return "".join(char for char in _HEADING.sub("", typed).upper() if char.isalnum())


def is_numen_with_lookalikes(typed: Secret) -> bool:
    """Return whether it would be a NUMEN if O and 0, or I and 1, were exchanged.

    A NUMEN has 2 digits, a letter, 7 digits and 3 letters.
    """
    number = _letters_and_digits(typed.reveal())
    meant = "".join(
        char.translate(_AS_LETTER if place in _LETTER_PLACES else _AS_DIGIT) for place, char in enumerate(number)
    )
    return number != meant and _NUMEN.fullmatch(meant) is not None


@dataclass(frozen=True, slots=True)
class Proof:
    """A kind of number, and how to normalise it. One kind may have several entries."""

    name: str
    normalise: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One value for the directory to compare: the kind of proof and the number."""

    proof: str
    value: Secret


RESET_CODE = "reset_code"
"""The kind of a code that the helpdesk gave; the directory holds its hash, not the code."""
PROOFS = (
    Proof("numen", _letters_and_digits),
    Proof("temporary_agent_number", _letters_and_digits),
    # An academy may write these numbers with its own punctuation.
    Proof("temporary_agent_number", _number),
    Proof(RESET_CODE, read_code),
)


def candidates(typed: Secret) -> tuple[Candidate, ...]:
    """Return every reading of what was typed, always the same number of them.

    The form has one field for all kinds of proof. The first candidate is equal for all spellings of a number.
    """
    return tuple(Candidate(proof.name, Secret(proof.normalise(typed.reveal()))) for proof in PROOFS)
