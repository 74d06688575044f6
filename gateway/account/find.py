"""The use case "find my account": surname, given name and birth date → login and address."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.account.model import FindRequest, Person
from gateway.account.name_matching import is_no_name, names_match, part_of_surname, partial_match, same_surname
from gateway.account.outcomes import Found, Refusal, Refused
from gateway.account.ports import People
from gateway.account.uniform_time import UniformTime


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
        found = _tolerantly(request, people.find_by_birth_date(request.birth_date))
    return tuple(person for one in found if (person := people.from_primary(one)) is not None)


def _tolerantly(request: FindRequest, born_that_day: Sequence[Person]) -> Sequence[Person]:
    """Match full names first, then surnames without particles; a part of a name counts only if one person remains."""
    for is_family in (names_match, same_surname):
        family = [one for one in born_that_day if is_family(request.surname, one.surnames + one.birth_names)]
        if full := [one for one in family if _has_given_name(one, request)]:
            return _by_surname(request, full)
    family = [one for one in born_that_day if part_of_surname(request.surname, one.surnames + one.birth_names)]
    partly = [
        one for one in family if _has_given_name(one, request) or partial_match(request.given_name, one.given_names)
    ]
    return partly if len(partly) == 1 else []


def _has_given_name(person: Person, request: FindRequest) -> bool:
    if not person.given_names:
        return is_no_name(request.given_name, request.surname)
    return names_match(request.given_name, person.given_names)


def _by_surname(request: FindRequest, found: Sequence[Person]) -> Sequence[Person]:
    """Return those who have the name today, else those who were born with it."""
    return [person for person in found if names_match(request.surname, person.surnames)] or found
