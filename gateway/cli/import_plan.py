"""The steps of `mamia people import` before anything is written: from rows to differences to writes.

Each step keeps the place that reports name: the line of the file, or LEAVER_PLACE.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.account.staff_file import StaffRow, read_row
from gateway.account.staff_index import StaffIndex
from gateway.account.staff_plan import Difference, Doubtful, StaffPlanner
from gateway.cli.import_report import Tally, WriteStep
from gateway.directory.staff_entries import Staff
from gateway.directory.staff_mapping import OBJECT_CLASS, StaffMapping, Update
from gateway.directory.staff_members import StaffMembers
from gateway.settings import People

LEAVER_PLACE = "leaver"
LACKS_CLASS = "not written: the entry has not the class mamiaPerson, which its numbers need; --add-class gives it"


@dataclass(frozen=True, slots=True)
class PlannedDifference:
    """A person whose entry differs from the file, or who has no entry yet."""

    place: str
    difference: Difference


class TooManyLeavers(Exception):
    """So many people would be marked as leavers that the file may be incomplete; the text has the numbers."""


def read_file_rows(lines: Iterable[tuple[int, dict[str, str]]], today: date, tally: Tally) -> list[StaffRow]:
    """Return the rows that can be used, and add the others to the faults of `tally`.

    `lines` are pairs of line number and values by column. `today` decides which birth dates are possible.
    """
    rows = []
    for line, values in lines:
        try:
            rows.append(read_row(line, values, today))
        except ValueError as error:
            tally.faults.append(f"line {line}: {error}")
    return rows


def index_staff(staff: Staff, people: People) -> StaffIndex:
    """Return an index of all people in the directory, for the planner's searches."""
    mapping = StaffMapping(people, staff.lacking_class)
    others = StaffMembers(mapping, staff.others, is_staff=False)
    return StaffIndex(people.birth_date_format, StaffMembers(mapping, staff.people), others)


def numbers_in(rows: Iterable[StaffRow]) -> Collection[str]:
    """Return all numbers of people (NUMEN, temporary number) in the rows."""
    return {number for row in rows for number in row.numbers.values() if number}


def plan_rows(rows: Iterable[StaffRow], planner: StaffPlanner, tally: Tally) -> Iterator[PlannedDifference]:
    """Yield a difference for each row that does not agree with the directory.

    Errors, doubts and people who agree with the file are counted in `tally`.
    """
    for row in rows:
        place = f"line {row.line}"
        try:
            planned = planner.plan(row)
        except ValueError as error:
            tally.faults.append(f"{place}: {error}")
            continue
        if planned is None:
            tally.same += 1
        elif isinstance(planned, Doubtful):
            tally.doubts.append(f"{place}: {planned.reason}")
        else:
            yield PlannedDifference(place, planned)


def plan_leavers(planner: StaffPlanner, max_percent: int) -> list[PlannedDifference]:
    """Return the changes that mark people who are not in the file.

    Raises TooManyLeavers if these are more than `max_percent` of all people in the directory.
    """
    gone, present = planner.leavers(), len(planner.index.people)
    if len(gone) * 100 > max_percent * max(present, 1):
        marked = f"{len(gone)} of {present} people would be marked as leavers"
        raise TooManyLeavers(f"{marked}, more than {max_percent} %: is the file whole?")
    return [PlannedDifference(LEAVER_PLACE, leaver) for leaver in gone]


def write_steps(planned: Sequence[PlannedDifference], staff: Staff, people: People, tally: Tally) -> list[WriteStep]:
    """Return one write per difference; an entry whose values mean the same already is counted as unchanged."""
    mapping = StaffMapping(people, staff.lacking_class)
    steps = []
    for one in planned:
        write = mapping.write(one.difference, staff.entry)
        if write is None:
            tally.same += 1
        elif isinstance(write, Update) and _is_refused(write, staff):
            tally.faults.append(f"{one.place}: {write.login}: {LACKS_CLASS}")
        else:
            steps.append(WriteStep(one.place, write))
    return steps


def _is_refused(write: Update, staff: Staff) -> bool:
    """Return whether the server would refuse the write, because the entry has not our class and does not get it."""
    return write.dn in staff.lacking_class and OBJECT_CLASS not in write.values and write.needs_class
