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


def _number(typed: str) -> str:
    """As the staff office writes it: capitals, without the blanks that people copy from a payslip."""
    return _BLANKS.sub("", typed).upper()


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
    Proof("numen", _number),
    Proof("temporary_agent_number", _number),
)


def candidates(typed: Secret) -> tuple[Candidate, ...]:
    """Every reading of what was typed in the one field for all kinds of proof."""
    return tuple(Candidate(proof.name, Secret(proof.normalise(typed.reveal()))) for proof in PROOFS)


def initial_password(typed: Secret) -> Secret:
    """The password that the staff office gives at first: the proof itself, in capitals."""
    return Secret(_number(typed.reveal()))
