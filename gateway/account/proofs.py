"""The numbers by which a person proves who they are.

A new kind of proof is one entry in PROOFS, one line in the settings' `[people.proofs]` and one compare-only
access rule in `ldif/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.account.model import Secret

_BLANKS = re.compile(r"\s+")
_HEADING = re.compile(r"^\s*(?:NUMEN\b|N\s*[°º])\W*", re.IGNORECASE)
"""What people copy with it: "NUMEN : 01E…", "N° 01E…"."""
_NUMEN = re.compile(r"[0-9]{2}[A-Z][0-9]{7}[A-Z]{3}")
_LETTER_PLACES = frozenset({2, 10, 11, 12})
_AS_LETTER, _AS_DIGIT = str.maketrans("01", "OI"), str.maketrans("OI", "01")


def _number(typed: str) -> str:
    """As the staff office writes it: capitals, without the blanks that people copy from a payslip."""
    return _BLANKS.sub("", typed).upper()


def _letters_and_digits(typed: str) -> str:
    """The same without punctuation: 01-E-12 345 67.ABC."""
    return "".join(char for char in _HEADING.sub("", typed).upper() if char.isalnum())


def is_numen_with_lookalikes(typed: Secret) -> bool:
    """Whether it has the form of a NUMEN (2 digits, a letter, 7 digits, 3 letters) but for O and 0, I and 1."""
    number = _letters_and_digits(typed.reveal())
    meant = "".join(
        char.translate(_AS_LETTER if place in _LETTER_PLACES else _AS_DIGIT) for place, char in enumerate(number)
    )
    return number != meant and _NUMEN.fullmatch(meant) is not None


@dataclass(frozen=True, slots=True)
class Proof:
    name: str
    normalise: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the directory is to compare: the proof's name and the value that it would have."""

    proof: str
    value: Secret


PROOFS = (
    Proof("numen", _letters_and_digits),
    Proof("temporary_agent_number", _letters_and_digits),
    # An academy may write these with punctuation of its own.
    Proof("temporary_agent_number", _number),
)


def candidates(typed: Secret) -> tuple[Candidate, ...]:
    """Every reading of what was typed in the one field for all kinds of proof; always as many.

    The first one is the same for all spellings of a number.
    """
    return tuple(Candidate(proof.name, Secret(proof.normalise(typed.reveal()))) for proof in PROOFS)
