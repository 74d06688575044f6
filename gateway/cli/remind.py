"""`mamia remind`: mail people before their password expires, and those who still have an initial one."""

from __future__ import annotations

import argparse
import signal
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing

from gateway.account.errors import DirectoryUnavailable
from gateway.account.reminders import ReminderKind
from gateway.app import create_mail_app
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import iso, print_json
from gateway.cli.terminal import printable
from gateway.composition.reminders import Reminding, build_reminding
from gateway.logs import log_to_standard_error
from gateway.notifications.spool import Spool
from gateway.services.reminders import Done, ReminderOutcome, RunInterrupted
from gateway.settings import Settings
from gateway.settings.loader import load
from gateway.settings.service_accounts import reminding_directory

PLANNED = {ReminderOutcome.DUE, ReminderOutcome.REMINDED}


def run(arguments: argparse.Namespace) -> int:
    """Remind everybody who is due, or list them, and return the exit code.

    SIGTERM ends it between two people; the next run goes on there. Raises CommandFailed if spool or directory cannot
    be used; if the directory stops answering meanwhile, it first shows what was done. Raises SettingsError.
    """
    settings = load(arguments.config, web_secrets=False)
    directory = reminding_directory(settings, arguments.config)
    log_to_standard_error(as_json=arguments.json)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with closing(build_reminding(settings, directory, _spool(settings), stop)) as reminding:
        try:
            done = _reminded(settings, reminding, dry_run=arguments.dry_run)
        except RunInterrupted as error:
            _show(error.done, arguments)
            message = f"{error}; {error.waiting} people wait for the next run, which goes on with them"
            raise CommandFailed(message, ErrorKind.DIRECTORY) from None
        except DirectoryUnavailable as error:
            raise CommandFailed(f"{error}; nothing was sent", ErrorKind.DIRECTORY) from None
    _show(done, arguments)
    return ExitCode.PROBLEM if any(one.outcome is ReminderOutcome.NOT_SPOOLED for one in done) else ExitCode.DONE


def _show(done: Sequence[Done], arguments: argparse.Namespace) -> None:
    if arguments.json:
        print_json([_as_json(one) for one in done])
    else:
        _print(done, dry_run=arguments.dry_run)


def _spool(settings: Settings) -> Spool:
    assert settings.notifications.spool, "settings.consistency requires it"
    try:
        return Spool(settings.notifications, settings.notifications.spool)
    except OSError as error:
        message = f"notifications.spool: {settings.notifications.spool}: {error.strerror or error}"
        raise CommandFailed(message, ErrorKind.FILE) from None


def _reminded(settings: Settings, reminding: Reminding, *, dry_run: bool) -> list[Done]:
    reminding.records.verify()
    if dry_run:
        return reminding.service.preview()
    with create_mail_app(settings).app_context():
        return reminding.service.run()


def _as_json(done: Done) -> dict[str, object]:
    standing, reminder = done.due.standing, done.due.reminder
    return {
        "login": done.due.login,
        "reminder": reminder.name,
        "outcome": done.outcome,
        "expires_at": iso(standing.expires_at),
        "changed_at": iso(standing.changed_at),
        "addresses": len(standing.person.mails),
    }


def _print(done: Sequence[Done], *, dry_run: bool) -> None:
    """Print one line per person, then the counts."""
    for one in done:
        expires_at = one.due.standing.expires_at
        is_initial = one.due.reminder.kind is ReminderKind.INITIAL
        when = (
            "initial password"
            if is_initial or not expires_at
            else f"expires {expires_at.astimezone():%Y-%m-%d %H:%M}"
        )
        outcome = "" if one.outcome in PLANNED else f"  ({one.outcome})"
        print(printable(f"{one.due.login}  {one.due.reminder.name}  {when}{outcome}"))
    counts = Counter(one.outcome for one in done)
    sent = counts[ReminderOutcome.DUE if dry_run else ReminderOutcome.REMINDED]
    print(f"{sent} {'would be' if dry_run else 'were'} reminded; {len(done) - sent} not")
