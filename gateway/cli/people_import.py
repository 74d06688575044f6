"""`mamia people import FILE.csv`: create and update entries of staff from the staff office's export.

A second run writes only what is still missing: people are recognised by their numbers, and an entry that agrees with
the file is not written. A row that cannot be used, or that may describe a person who has an entry under another
number, is reported with its line and reason, and nothing of it is written.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.account.staff_file import StaffRow
from gateway.account.staff_plan import StaffPlanner
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.import_plan import (
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
from gateway.cli.operator_credentials import as_operator
from gateway.cli.progress import bar, counted, stage
from gateway.cli.staff_csv import FileError, read_rows
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.protected import ProtectedPeople
from gateway.directory.retry import Retry
from gateway.directory.staff_entries import Staff, StaffEntries
from gateway.directory.staff_mapping import Update
from gateway.settings import Directory, People, Settings
from gateway.settings.loader import load

AT_ONCE = 4
"""Maximum parallel writes: slapd needs most of its time for the hashing of initial passwords."""


def run(arguments: argparse.Namespace) -> int:
    """Import the file, print what was done, and return the exit code.

    The code is PROBLEM if a row has an error, is doubtful or could not be written. Waits while the directory does not
    answer during a write. Raises CommandFailed if the file cannot be read, if too many people would be marked as
    leavers, or if the directory cannot be read; raises SettingsError.
    """
    settings = load(arguments.config)
    tally = Tally(is_dry_run=arguments.dry_run, as_json=arguments.json)
    try:
        rows = read_file_rows(read_rows(arguments.file), datetime.now(UTC).date(), tally)
    except FileError as error:
        message = f"{arguments.file}: {error}; nothing was written"
        raise CommandFailed(message, ErrorKind.FILE, ExitCode.UNUSABLE) from None
    directory = as_operator(settings.directory, arguments)
    retry = Retry(partial(_print_outage, as_json=arguments.json))
    with closing(ConnectionPool(directory, LdapServers(directory), as_service=True)) as pool:
        entries = StaffEntries(pool, settings.people, retry)
        try:
            with stage("reading the directory", hidden=arguments.json):
                staff = entries.read()
            steps = _plan(rows, staff, settings, arguments, tally)
            steps = retry.run(lambda: _without_protected(steps, pool, settings.people, tally))
        except TooManyLeavers as error:
            message = f"{error} --max-leavers-percent raises that; nothing was written"
            raise CommandFailed(message, ErrorKind.REFUSED) from None
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            raise CommandFailed(f"{error}; nothing was written", ErrorKind.DIRECTORY) from None
        if arguments.dry_run:
            _show_all(steps, settings.people, tally)
        else:
            _write_all(directory, entries, steps, tally)
    report(tally)
    return ExitCode.DONE if tally.is_whole else ExitCode.PROBLEM


def _print_outage(error: DirectoryUnavailable, *, as_json: bool) -> None:
    text = f"{error}; waiting until the directory is back"
    print(
        json.dumps({"event": "waiting", "message": text}) if as_json else f"mamia people import: {text}",
        file=sys.stderr,
    )


def _plan(
    rows: Sequence[StaffRow], staff: Staff, settings: Settings, arguments: argparse.Namespace, tally: Tally
) -> list[WriteStep]:
    """Return what must be written, first for rows and then for leavers. Raises TooManyLeavers."""
    index = index_staff(staff, settings.people)
    report_shared_logins(index.shared_logins, tally)
    planner = StaffPlanner(
        index,
        settings.academy.mail_domain,
        numbers_in(rows),
        creates_namesakes=arguments.create_namesakes,
        adds_class=arguments.add_class,
    )
    if not arguments.add_class:
        report_lacking_class(settings.people, staff.lacking_people, tally)
    compared = counted(rows, "rows", total=len(rows), hidden=tally.as_json, stays=False)
    steps = write_steps(list(plan_rows(compared, planner, tally)), staff, settings.people, tally)
    report_long_logins(settings, steps, tally)
    if not arguments.mark_leavers:
        return steps
    if not tally.is_whole:
        tally.note("nobody was marked as a leaver: rows with faults or doubts may be theirs")
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
        tally.show(f"{step.place}: {step.write.login}: {what}")
    left_alone = {step.write.dn for step in named}
    return [step for step in steps if step.write.dn not in left_alone]


def _show_all(steps: Sequence[WriteStep], people: People, tally: Tally) -> None:
    for step in steps:
        tally.show(difference(step.write, people))
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
    with (
        ThreadPoolExecutor(workers) as crowd,
        bar(len(steps), "people", hidden=tally.as_json) as shown,
    ):
        for _ in crowd.map(write, steps):
            shown.update()
