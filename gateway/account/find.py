"""Find my account: surname, given name and birth date → login and address."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.account.model import FindRequest, Person
from gateway.account.names import one_of_several, same_name
from gateway.account.outcomes import Found, Refusal, Refused
from gateway.account.ports import People
from gateway.account.uniform_time import UniformTime


def find_account(request: FindRequest, *, people: People, uniform: UniformTime) -> Found | Refused:
    """Exactly by the married name, then exactly by the birth name, then tolerantly among those born that day."""
    served = uniform.run(lambda: _find(request, people))
    if served:
        return Found(served)
    return Refused(Refusal.NOT_FOUND)


def _find(request: FindRequest, people: People) -> tuple[Person, ...]:
    found = _by_surname(request, people.named(request.surname, request.given_name, request.birth_date))
    if not found:
        found = _tolerantly(request, people.born_on(request.birth_date))
    return tuple(person for one in found if (person := people.as_written(one)) is not None)


def _tolerantly(request: FindRequest, born_that_day: Sequence[Person]) -> Sequence[Person]:
    """A given name in full wins; a part of several counts only where it leaves one person."""
    family = [person for person in born_that_day if same_name(request.surname, person.surnames + person.birth_names)]
    if full := [person for person in family if same_name(request.given_name, person.given_names)]:
        return _by_surname(request, full)
    partly = [person for person in family if one_of_several(request.given_name, person.given_names)]
    return partly if len(partly) == 1 else []


def _by_surname(request: FindRequest, found: Sequence[Person]) -> Sequence[Person]:
    """Those who bear the name today, else those who were born with it."""
    return [person for person in found if same_name(request.surname, person.surnames)] or found
