"""The mapping of people, as the settings need it."""

from __future__ import annotations

from gateway.directory.mapping import PeopleMapping
from gateway.needs.attributes import CHARTER, CLASS, RESET_CODE_UNTIL
from gateway.settings import Settings


def people_mapping(settings: Settings) -> PeopleMapping:
    """Return the mapping of people; an account is read with what the parts that are on keep in it."""
    codes = (RESET_CODE_UNTIL,) if settings.gives_codes else ()
    more = (*codes, *((CHARTER, CLASS) if settings.charter.is_on else ()))
    return PeopleMapping(settings.people, settings.academy.mail_domain, more)
