"""Our object class on people who are there."""

from __future__ import annotations

from gateway.settings import Settings
from gateway.setup.changes import PERSON_CLASS, Change, PlanParts, Subject
from gateway.setup.records import Modification, modify_entry

FILE = "80-people"
STAMP = "mamiaPasswordStamp"


def without_class(filter_: str) -> str:
    """Return a filter for the people of `filter_` who lack our class."""
    return f"(&{filter_}(!(objectClass={PERSON_CLASS})))"


def plan_people(settings: Settings, class_for: str, lacking: int, parts: PlanParts) -> None:
    """Give our class to the `lacking` people of the filter `class_for`, where one is asked for."""
    people = settings.people
    if not lacking:
        return
    if not class_for:
        if people.password_stamp == STAMP:
            parts.notes.append(
                f"{lacking} people of {people.filter} have not the class {PERSON_CLASS} and so cannot hold {STAMP}: "
                'let setup add the class, or set people.password_stamp = ""'
            )
        return
    modification = Modification("add", "objectClass", (PERSON_CLASS,))
    why = f"{lacking} people get the class {PERSON_CLASS}, so that their entries can hold what the gateway writes."
    record = modify_entry(people.base, modification)
    parts.add([Change(Subject.PEOPLE, FILE, why, record, page_filter=without_class(class_for), count=lacking)])
