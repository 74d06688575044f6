"""`mamia stats`: how many people found, changed, reset and failed in the last days, and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.composition.events import build_event_store
from gateway.protection.event_store import EventStore
from gateway.protection.events_in_memory import MemoryEventStore
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.services.week import DayFigures, Reason, Week, WeekService, as_csv
from gateway.settings import Settings
from gateway.settings.loader import load

HEADINGS = ("day", "found", "changed", "reset", "failed")
REASONS = {
    Reason.NOT_FOUND: "nobody with this name was born on that day",
    Reason.CREDENTIALS: "wrong login or password, or an account that is locked or closed",
    Reason.NOT_PROVED: "wrong login, number or birth date in a reset",
    Reason.CODE_WRONG: "wrong code",
    Reason.CODE_NOT_SENT: "the code could not be sent",
    Reason.RULES: "the new password broke a rule",
    Reason.LOCKED: "the account was locked",
    Reason.NOT_CHANGEABLE: "the policy does not allow a change",
    Reason.CHARTER: "the acceptable use policy was not accepted",
    Reason.CAPTCHA: "the robot check was not passed",
    Reason.RATE_LIMITED: "too many attempts",
    Reason.OUTAGE: "the directory or the store failed",
    Reason.OTHER: "another reason",
}


def run(arguments: argparse.Namespace) -> int:
    """Print the figures, and return the exit code.

    Raises CommandFailed if no events are kept, or if the store does not answer. Raises SettingsError.
    """
    settings = load(arguments.config)
    service = WeekService(_store(settings), ZoneInfo(settings.academy.timezone))
    try:
        week = service.last(arguments.days)
    except StoreUnavailable as error:
        message = f"rate_limits.store does not answer ({error}); mamia check names the cause"
        raise CommandFailed(message, ErrorKind.STORE) from None
    if arguments.json:
        print_json([_as_json(one) for one in week.days])
    elif arguments.csv:
        sys.stdout.write(as_csv(week))
    else:
        print("\n".join(_lines(week)))
    return ExitCode.DONE


def _store(settings: Settings) -> EventStore:
    """Return the event store. Raises CommandFailed if this command cannot see what the service keeps."""
    store = build_event_store(settings)
    if store is None:
        message = "no events are kept: the settings have no section [events]"
        raise CommandFailed(message, ErrorKind.SETTINGS, ExitCode.UNUSABLE)
    if isinstance(store, MemoryEventStore):
        message = (
            "the events are in the memory of the service, because rate_limits.store is memory://; set it to a "
            "redis:// or valkey:// URL"
        )
        raise CommandFailed(message, ErrorKind.SETTINGS, ExitCode.UNUSABLE)
    return store


def _as_json(one: DayFigures) -> dict[str, object]:
    return {
        "day": one.day.isoformat(),
        "found": one.found,
        "changed": one.changed,
        "reset": one.reset,
        "failed": one.failed,
        "reasons": [{"reason": reason, "count": count} for reason, count in one.reasons.items()],
    }


def _lines(week: Week) -> Iterator[str]:
    total = week.total
    rows = [HEADINGS, *(_row(one.day.isoformat(), one) for one in week.days), _row("total", total)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for first, *rest in rows:
        cells = (text.rjust(width) for text, width in zip(rest, widths[1:], strict=True))
        yield "  ".join((first.ljust(widths[0]), *cells))
    if total.reasons:
        yield ""
        yield "why attempts failed:"
        width = max(len(str(count)) for count in total.reasons.values())
        for reason, count in total.reasons.items():
            yield f"  {count:>{width}}  {REASONS[reason]}"


def _row(name: str, one: DayFigures) -> tuple[str, ...]:
    return name, str(one.found), str(one.changed), str(one.reset), str(one.failed)
