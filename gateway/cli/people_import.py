"""`mamia people import FILE.csv`: create and update entries of staff from the staff office's export.

A second run writes only what is still missing: people are recognised by their numbers, and an entry that agrees with
the file is not written. A row that cannot be used, or that may describe a person who has an entry under another
number, is reported with its line and reason, and nothing of it is written.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ldap3.core.exceptions import LDAPException
from tqdm import tqdm

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.account.staff_file import NUMBERS, OPTIONAL, REQUIRED
from gateway.account.staff_plan import StaffPlanner
from gateway.cli.import_plan import (
    FileRow,
    TooManyLeavers,
    index_staff,
    numbers_in,
    plan_leavers,
    plan_rows,
    read_file_rows,
    write_steps,
)
from gateway.cli.import_report import (
    Tally,
    WriteStep,
    count,
    difference,
    report,
    report_lacking_class,
    report_long_logins,
    report_shared_logins,
)
from gateway.cli.operator_credentials import add_own_account, as_operator
from gateway.cli.staff_csv import FileError, read_rows
from gateway.cli.terminal import printable
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.retry import Retry
from gateway.directory.staff_entries import Staff, StaffEntries
from gateway.directory.staff_mapping import Update
from gateway.settings import Directory, People, Settings
from gateway.settings.loader import load

FAILED, USAGE_ERROR = 1, 2
AT_ONCE = 4
"""Maximum parallel writes: slapd needs most of its time for the hashing of initial passwords."""
MAX_LEAVERS_PERCENT = 10


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `import` to the commands of `mamia people`."""
    parser = commands.add_parser(
        "import",
        help="create and update entries from a CSV export",
        description="Create and update entries of staff from a CSV file. "
        f"Columns, in any order: {', '.join(REQUIRED)}, one of {' or '.join(NUMBERS)}; also "
        f"{', '.join(OPTIONAL)}. Comma, semicolon or tab; UTF-8 or Windows-1252.",
    )
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="the export of the staff office")
    add_own_account(parser, required=True, why="which may write people's entries")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, and write nothing")
    parser.add_argument(
        "--create-namesakes", action="store_true",
        help="create people who have the name and birth date of somebody with another number, instead of "
        "reporting a doubt",
    )  # fmt: skip
    parser.add_argument(
        "--add-class", action="store_true",
        help="give the class mamiaPerson to entries that lack it; a row finds an entry without number by its login",
    )  # fmt: skip
    parser.add_argument(
        "--mark-leavers", action="store_true", help="mark people who are not in the file, and close their accounts"
    )
    parser.add_argument(
        "--max-leavers-percent", type=int, default=MAX_LEAVERS_PERCENT, metavar="PERCENT",
        help="mark no leavers if they are more than this percentage of all people: the file may be incomplete "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import the file, print what was done, and return the exit status.

    The status is 1 if a row has an error, is doubtful or could not be written, or if too many people would be marked
    as leavers; it is 2 if the file cannot be read. Waits while the directory does not answer. Raises SettingsError.
    """
    settings = load(arguments.config)
    try:
        lines = list(read_rows(arguments.file))
    except FileError as error:
        print(f"mamia people import: {arguments.file}: {error}; nothing was written", file=sys.stderr)
        return USAGE_ERROR
    directory, tally = as_operator(settings.directory, arguments), Tally()
    rows = read_file_rows(lines, datetime.now(UTC).date(), tally)
    retry = Retry(_print_outage)
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        entries = StaffEntries(pool, settings.people, retry)
        try:
            steps = _plan(rows, entries.read(), settings, arguments, tally)
            steps = retry.run(lambda: _without_protected(steps, pool, settings.people, tally))
        except TooManyLeavers as error:
            _print(f"{error} --max-leavers-percent raises that; nothing was written")
            return FAILED
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            _print(f"{error}; nothing was written")
            return FAILED
        if arguments.dry_run:
            _show_all(steps, settings.people, tally)
        else:
            _write_all(directory, entries, steps, tally)
    report(tally, is_dry_run=arguments.dry_run)
    return 0 if tally.is_whole else FAILED


def _print(text: str) -> None:
    print(f"mamia people import: {text}", file=sys.stderr)


def _print_outage(error: DirectoryUnavailable) -> None:
    _print(f"{error}; waiting until the directory is back")


def _plan(
    rows: Sequence[FileRow], staff: Staff, settings: Settings, arguments: argparse.Namespace, tally: Tally
) -> list[WriteStep]:
    """Return what must be written, first for rows and then for leavers. Raises TooManyLeavers."""
    index = index_staff(staff, settings.people)
    report_shared_logins(index.shared_logins)
    planner = StaffPlanner(
        index,
        settings.academy.mail_domain,
        numbers_in(rows),
        creates_namesakes=arguments.create_namesakes,
        adds_class=arguments.add_class,
    )
    if not arguments.add_class:
        report_lacking_class(settings.people, staff.lacking_people)
    steps = write_steps(list(plan_rows(rows, planner, tally)), staff, settings.people, tally)
    report_long_logins(settings, steps)
    if not arguments.mark_leavers:
        return steps
    if not tally.is_whole:
        print("nobody was marked as a leaver: rows with faults or doubts may be theirs", file=sys.stderr)
        return steps
    leavers = plan_leavers(planner, arguments.max_leavers_percent)
    return steps + write_steps(leavers, staff, settings.people, tally)


def _without_protected(
    steps: Sequence[WriteStep], pool: ConnectionPool, people: People, tally: Tally
) -> list[WriteStep]:
    """Return the steps without those for protected people, which are printed and counted.

    Raises DirectoryUnavailable, DirectoryMisconfigured.
    """
    protected = ProtectedPeople(pool, people)
    protected.verify()
    named = [
        step
        for step in steps
        if isinstance(step.write, Update) and protected.includes(step.write.dn, step.write.logins)
    ]
    tally.protected = len(named)
    for step in named:
        attributes = ", ".join(step.write.values)
        what = f"protected and left as it is, though the file differs: {attributes}"
        print(printable(f"{step.place}: {step.write.login}: {what}"))
    left_alone = {step.write.dn for step in named}
    return [step for step in steps if step.write.dn not in left_alone]


def _show_all(steps: Sequence[WriteStep], people: People, tally: Tally) -> None:
    for step in steps:
        print(difference(step.write, people))
        count(tally, step.write)


def _write_all(directory: Directory, entries: StaffEntries, steps: Sequence[WriteStep], tally: Tally) -> None:
    lock = threading.Lock()

    def write(step: WriteStep) -> None:
        try:
            entries.write(step.write)
        except (DirectoryMisconfigured, LDAPException, OSError) as error:
            with lock:
                tally.faults.append(f"{step.place}: {step.write.login}: not written: {error}")
        except DirectoryUnavailable:
            with lock:
                tally.unwritten += 1
        else:
            with lock:
                count(tally, step.write)

    workers = min(AT_ONCE, directory.pool_size)
    with ThreadPoolExecutor(workers) as crowd, tqdm(total=len(steps), unit=" people", disable=None) as bar:
        for _ in crowd.map(write, steps):
            bar.update()
