"""`mamia sync`: run the worker; show and change what waits in the outbox."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.cli import sync_held, sync_moved
from gateway.cli.core_dumps import forbid_core_dumps
from gateway.cli.sync_moved import SeveralFound, find
from gateway.composition.worker import Worker, build_worker
from gateway.directory.outbox import LdapOutbox
from gateway.logs import log_to_standard_error
from gateway.protection.seal import KeyFileError
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from gateway.worker import work
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryState, DeliveryStatus
from gateway.workstation.token_file import TokenFileError

log = logging.getLogger(__name__)

FAILED = 1
WATCH_SECONDS = 5.0
HEADINGS = ("login", "target", "state", "age", "attempts", "last reason")
CHANGED_SINCE = """
changed since: another program set a newer password in the directory. The target has an older one. Only the person
knows the new one: ask them to change it once more, on the page. mamia capture delivers such changes too
(docs/capture.md). If a person does not need a workstation any more: mamia sync forget LOGIN."""
ORDER = {step: place for place, step in enumerate(DeliveryStatus)}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sync` and its actions to the commands."""
    parser = commands.add_parser(
        "sync",
        help="bring new passwords to the workstations; status, retry, resume, forget",
        description="Run the worker, which delivers new passwords to the workstations, until SIGTERM or SIGINT. "
        "With an ACTION: show or change what waits, and exit.",
    )
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.set_defaults(run=run_worker)
    actions = parser.add_subparsers(metavar="ACTION", help="without one, the worker runs")
    status = actions.add_parser(
        "status", help="list what waits, what failed and what is done", description="List deliveries, one per line."
    )
    status.add_argument("--json", action="store_true", help="print the list as JSON, for programs")
    status.set_defaults(run=run_status)
    retry = actions.add_parser(
        "retry",
        help="try now, without waiting for the next attempt",
        description="Let the worker try the password of one person now, without waiting for the next attempt.",
    )
    forget = actions.add_parser(
        "forget",
        help="give up: erase the sealed password and the mark of a newer one; the target keeps the old password",
        description="Erase the sealed password and the mark of a newer one. The target keeps the old password.",
    )
    resume = actions.add_parser(
        "resume",
        help="deliver what is held since the directory was restored from a backup",
        description="Let the worker deliver passwords that are held since the directory was restored from a backup.",
    )
    for action in (status, retry, resume, forget):
        # Operators also type it after the action.
        action.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    retry.add_argument("login", metavar="LOGIN", help="login of the person, or the DN of the entry")
    for action in (resume, forget):
        sync_held.add_choice(action)
    for action, run in ((retry, run_retry), (resume, run_resume), (forget, run_forget)):
        action.set_defaults(run=run)


def run_worker(arguments: argparse.Namespace) -> int:
    """Deliver what waits until SIGTERM or SIGINT, and return the exit status.

    The status is 1 if a key, the state folder, the protected groups or metrics.worker_port cannot be used. The worker
    starts although the directory does not answer. Raises SettingsError.
    """
    settings = load(arguments.config, web_secrets=False)
    forbid_core_dumps()
    log_to_standard_error()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        worker = build_worker(settings, workers_directory(settings, arguments.config))
    except (KeyFileError, TokenFileError) as error:
        print(f"mamia sync: {error}", file=sys.stderr)
        return FAILED
    with closing(worker):
        try:
            worker.verify_protected()
        except DirectoryMisconfigured as error:
            print(f"mamia sync: {error}", file=sys.stderr)
            return FAILED
        except DirectoryUnavailable as error:
            log.warning(
                "the directory does not answer; nothing is delivered until the protected people are known: %s", error
            )
        _log_without_targets(settings.workstation.targets, worker.targets)
        port = settings.metrics.worker_port
        try:
            after_round = _watch(worker, port)
        except OSError as error:
            print(f"mamia sync: metrics.worker_port: 127.0.0.1:{port}: {error.strerror or error}", file=sys.stderr)
            return FAILED
        log.info("worker ready for %s", ", ".join(worker.targets) or "nothing")
        work(worker.delivery_worker, stop, settings.workstation.poll_seconds, after_round)
    log.info("worker stopped")
    return 0


def _log_without_targets(named: Iterable[str], served: Collection[str]) -> None:
    if not named:
        log.warning("the settings name no target: nothing will be delivered")
    elif not served:
        log.info("%s: written together with the password, so the worker has nothing to deliver", ", ".join(named))


def _watch(worker: Worker, port: int) -> Callable[[], None]:
    """Serve the worker's metrics on the loopback address, and return the function that updates those of the outbox.

    The function reads the outbox at most once per WATCH_SECONDS. Without a port (0), nothing is served and the
    function does nothing. Raises OSError if the port is in use.
    """
    if not port:
        return lambda: None
    from prometheus_client import start_http_server

    start_http_server(port, "127.0.0.1", registry=worker.metrics.registry())
    looked = -WATCH_SECONDS

    def look() -> None:
        nonlocal looked
        if time.monotonic() - looked < WATCH_SECONDS:
            return
        looked = time.monotonic()
        now, ages = datetime.now(UTC), dict[str, list[float]]({name: [] for name in worker.targets})
        held = dict.fromkeys(worker.targets, 0)
        for item in worker.outbox.waiting():
            for state in item.states:
                if state.status is DeliveryStatus.HELD and state.target in held:
                    held[state.target] += 1
                elif not state.is_final and state.target in ages:
                    ages[state.target].append(max(0.0, (now - state.since).total_seconds()))
        worker.metrics.watch_outbox(ages, held, moved_out=len(worker.outbox.moved_out()))

    return look


def run_status(arguments: argparse.Namespace) -> int:
    """Print one line per person and target, and per entry that was moved out of people.base.

    Returns 1 if the directory does not answer. Raises SettingsError.
    """
    with closing(_worker(arguments)) as worker:
        try:
            known = sorted(
                (
                    _Known(item.login, state, item.is_stale if item.changed_at else None)
                    for item in worker.outbox.all_entries()
                    for state in item.states
                ),
                key=lambda one: (not one.is_stale, ORDER[one.state.status], one.state.since, one.login),
            )
            moved = worker.outbox.moved_out()
        except DirectoryUnavailable as error:
            return _fail(error)
    if arguments.json:
        print(json.dumps([*map(sync_moved.as_json, moved), *(one.as_json() for one in known)], indent=2))
    else:
        print(_table(known, moved))
    return 0


def run_retry(arguments: argparse.Namespace) -> int:
    """Make the deliveries of one person due now, and return the exit status.

    A rejected or expired password was erased and cannot be sent again. The status is 1 if nothing waits, if the
    password is held, if the entry was moved out of people.base, or if the directory does not answer.
    """
    with closing(_worker(arguments)) as worker:
        try:
            item = find(worker.outbox, arguments.login)
            if item and item.is_outside:
                print(f"{arguments.login}: moved out of people.base: nothing is delivered there", file=sys.stderr)
                return FAILED
            if item is None or not item.sealed:
                return _nothing_waits(arguments.login)
            if sync_held.is_held(item):
                print(f"{arguments.login}: it is held: mamia sync resume {arguments.login}", file=sys.stderr)
                return FAILED
            waiting = [state for state in item.states if not state.is_final]
            done = [worker.outbox.record(item, state, state.afresh()) for state in waiting]
        except DirectoryUnavailable as error:
            return _fail(error)
        except SeveralFound as error:
            print(error, file=sys.stderr)
            return FAILED
    if not all(done):
        print(f"{arguments.login}: it moved meanwhile; see mamia sync status", file=sys.stderr)
        return FAILED
    print(f"{arguments.login}: will be tried now at {', '.join(state.target for state in waiting)}")
    return 0


def run_resume(arguments: argparse.Namespace) -> int:
    """Deliver held passwords, and return the exit status: 1 if nothing is held or not all could be resumed."""
    return _decide(arguments, sync_held.resume)


def run_forget(arguments: argparse.Namespace) -> int:
    """Erase what waits for one person, or everything that is held, and return the exit status.

    Also erases the mark that the directory has a newer password. The status is 1 if there is nothing to erase, if a
    newer password came meanwhile, or if the directory does not answer.
    """
    if arguments.all_held:
        return _decide(arguments, sync_held.forget)
    with closing(_worker(arguments)) as worker:
        try:
            item = find(worker.outbox, arguments.login)
            if item is None or not (item.sealed or item.is_stale or item.is_outside):
                return _nothing_waits(arguments.login)
            forgotten = worker.outbox.forget(item, datetime.now(UTC))
        except DirectoryUnavailable as error:
            return _fail(error)
        except SeveralFound as error:
            print(error, file=sys.stderr)
            return FAILED
    if not forgotten:
        print(f"{arguments.login}: a newer password came meanwhile; see mamia sync status", file=sys.stderr)
        return FAILED
    print(f"{arguments.login}: forgotten; the targets that had not taken it keep the old password")
    return 0


def _decide(arguments: argparse.Namespace, decide: Callable[[LdapOutbox, list[Waiting]], bool]) -> int:
    """Call `decide` with the held password of one person, or with all that are held; return the exit status."""
    with closing(_worker(arguments)) as worker:
        try:
            items = [item for item in worker.outbox.all_entries() if sync_held.is_held(item)]
            if not arguments.all_held:
                wanted = arguments.login.lower()
                items = [item for item in items if wanted in (item.login.lower(), item.dn.lower())]
            if not items:
                print(f"{arguments.login or 'nobody'}: nothing is held; see mamia sync status", file=sys.stderr)
                return FAILED
            return 0 if decide(worker.outbox, items) else FAILED
        except DirectoryUnavailable as error:
            return _fail(error)


def _worker(arguments: argparse.Namespace) -> Worker:
    """Return a worker that reads and changes the outbox but delivers nothing, so that it needs no private key.

    Raises SettingsError.
    """
    settings = load(arguments.config, web_secrets=False)
    without_keys = settings.workstation.model_copy(
        update={"private_key_files": [], "targets": {}, "state_folder": None}
    )
    directory = workers_directory(settings, arguments.config)
    return build_worker(settings.model_copy(update={"workstation": without_keys}), directory)


def _nothing_waits(login: str) -> int:
    print(f"{login}: nothing waits for it; see mamia sync status", file=sys.stderr)
    return FAILED


def _fail(error: DirectoryUnavailable) -> int:
    print(f"mamia sync: the directory does not answer: {error}", file=sys.stderr)
    return FAILED


@dataclass(frozen=True, slots=True)
class _Known:
    """One line of `mamia sync status`: the state of one person's password at one target."""

    login: str
    state: DeliveryState
    is_stale: bool | None
    """Whether the directory has a newer password; None if the worker cannot read when the password was changed."""

    @property
    def needs_operator(self) -> bool:
        """Whether the delivery does not go on until an operator acts."""
        return self.state.needs_operator and not self.state.is_final

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table, in the order of HEADINGS."""
        state = self.state
        notes = [*(["needs you"] if self.needs_operator else []), *(["changed since"] if self.is_stale else [])]
        status = f"{state.status} ({', '.join(notes)})" if notes else str(state.status)
        return self.login, state.target, status, _age(state), str(state.attempts), state.reason

    def as_json(self) -> dict[str, object]:
        """Return the same for programs, with times in ISO 8601 (UTC) and the age in seconds."""
        state = self.state
        return {
            "login": self.login,
            "target": state.target,
            "state": state.status,
            "since": state.since.isoformat(),
            "age_seconds": max(0, int((datetime.now(UTC) - state.since).total_seconds())),
            "attempts": state.attempts,
            "last_attempt": state.at.isoformat() if state.attempts else None,
            "last_reason": state.reason,
            "needs_operator": self.needs_operator,
            "changed_since": self.is_stale,
        }


def _table(known: Sequence[_Known], moved: Sequence[Waiting]) -> str:
    if not known and not moved:
        return "nothing waits, nothing was sent yet"
    rows = [HEADINGS, *map(sync_moved.row, moved), *(one.row() for one in known)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [CHANGED_SINCE] if any(one.is_stale for one in known) else []
    notes += [sync_held.HELD] if any(one.state.status is DeliveryStatus.HELD for one in known) else []
    notes += [sync_moved.MOVED_OUT] if moved else []
    return "\n".join([*lines, *notes])


def _age(state: DeliveryState) -> str:
    seconds = int((datetime.now(UTC) - state.since) / timedelta(seconds=1))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{max(seconds, 0)} s"
