"""The use case "find my account": surname, given name and birth date → login and address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from gateway.account.model import FindRequest, Names, Person
from gateway.account.name_matching import Likeness, SurnameMatcher, is_no_name, names_match, partial_match
from gateway.account.outcomes import Found, Refusal, Refused
from gateway.account.ports import People
from gateway.account.uniform_time import UniformTime

Named = TypeVar("Named", Names, Person)


def find_account(request: FindRequest, *, people: People, uniform: UniformTime) -> Found | Refused:
    """Find people by exact married name, then by exact birth name, then tolerantly among those born on that day.

    Raises DirectoryUnavailable.
    """
    served = uniform.run(lambda: _find(request, people))
    if served:
        return Found(served)
    return Refused(Refusal.NOT_FOUND)


def _find(request: FindRequest, people: People) -> tuple[Person, ...]:
    found = _by_surname(request, people.find_by_name(request.surname, request.given_name, request.birth_date))
    if not found:
        alike = _tolerantly(request, people.names_born_on(request.birth_date))
        found = [person for names in alike if (person := people.with_names(names)) is not None]
    return tuple(person for one in found if (person := people.from_primary(one)) is not None)


def _tolerantly(request: FindRequest, born_that_day: Sequence[Names]) -> Sequence[Names]:
    """Match full names first, then surnames without particles; a part of a name counts only if one person remains."""
    surname = SurnameMatcher(request.surname)
    alike = [
        (likeness, one) for one in born_that_day if (likeness := surname.likeness(one.surnames + one.birth_names))
    ]
    for wanted in (Likeness.SAME, Likeness.SAME_WORDS):
        if full := [one for likeness, one in alike if likeness == wanted and _has_given_name(one, request)]:
            return _by_surname(request, full)
    partly = [
        one
        for _, one in alike
        if surname.is_part_of(one.surnames + one.birth_names)
        and (_has_given_name(one, request) or partial_match(request.given_name, one.given_names))
    ]
    return partly if len(partly) == 1 else []


def _has_given_name(names: Names, request: FindRequest) -> bool:
    if not names.given_names:
        return is_no_name(request.given_name, request.surname)
    return names_match(request.given_name, names.given_names)


def _by_surname(request: FindRequest, found: Sequence[Named]) -> Sequence[Named]:
    """Return those who have the name today, else those who were born with it."""
    return [one for one in found if names_match(request.surname, one.surnames)] or found
