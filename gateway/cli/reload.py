"""`mamia reload`: let the running web service read its settings again, and report what became of it."""

from __future__ import annotations

import argparse
import os
import signal
import time
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.cli.reload_record import is_ours, read_state, record_of, running_services

MAX_WAIT_SECONDS = 80
"""Less than the 90 seconds after which systemd ends the command."""
PAUSE_SECONDS = 0.1
START_SECONDS = 10
"""How long a process that has only just begun may take until it can be told to reload."""


def run(arguments: argparse.Namespace) -> int:
    """Send SIGHUP to the service, wait for the end of that reload, print it, and return the exit code.

    Raises CommandFailed if the service refused the settings, or if nothing is known about the reload.
    """
    service = arguments.pid or _only_service()
    record = _record_once_started(service)
    if not record:
        raise CommandFailed(
            f"process {service} is no mamia serve that this user may reload; run it as the service's user or as root",
            ErrorKind.NOT_FOUND,
        )
    end = _end_of_reload(service, record)
    if reason := end.get("refused"):
        raise CommandFailed(
            f"the new settings cannot be used, and the service continues with the former ones: {reason}",
            ErrorKind.SETTINGS,
            ExitCode.UNUSABLE,
        )
    if arguments.json:
        print_json({"service": service, "processes": end["processes"]})
    else:
        print(f"the service uses the new settings; processes that serve: {end['processes']}")
    return ExitCode.DONE


def _record_once_started(service: int) -> Path | None:
    """Return the record of a service, also of one that has not made it yet: SIGHUP would end it before that."""
    deadline = time.monotonic() + START_SECONDS
    while not (record := record_of(service)) and is_ours(service) and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    return record


def _only_service() -> int:
    services = list(running_services())
    if len(services) == 1:
        return services[0]
    if not services:
        raise CommandFailed(
            "no mamia serve runs here that this user may reload; run it as the service's user or as root",
            ErrorKind.NOT_FOUND,
        )
    raise CommandFailed(
        f"several services run here; --pid names one of {', '.join(map(str, sorted(services)))}", ErrorKind.ARGUMENTS
    )


def _end_of_reload(service: int, record: Path) -> dict[str, Any]:
    """Send SIGHUP, and return how the first reload that begins from now on ends."""
    state = read_state(record)
    begun = state.begun if state else 0
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    try:
        os.kill(service, signal.SIGHUP)
        while time.monotonic() < deadline:
            if not (state := read_state(record)):
                break
            if later := [number for number in state.ended if number > begun]:
                return state.ended[min(later)]
            time.sleep(PAUSE_SECONDS)
    except ProcessLookupError:
        state = None
    if not state:
        raise CommandFailed("the service ended during the reload; its log says why", ErrorKind.REFUSED)
    raise CommandFailed(
        f"the service did not finish the reload within {MAX_WAIT_SECONDS} s; its log says what it waits for",
        ErrorKind.DIRECTORY,
    )
