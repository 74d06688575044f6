"""`mamia sync`: run the worker, which delivers new passwords to the workstations."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from datetime import UTC, datetime

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.cli.core_dumps import forbid_core_dumps
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.composition.worker import Worker, build_worker
from gateway.logs import log_to_standard_error
from gateway.notifications.errors import WebhooksUnusable
from gateway.protection.seal import KeyFileError
from gateway.service_manager import sd_notify
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from gateway.worker import work
from gateway.workstation.token_file import TokenFileError

log = logging.getLogger(__name__)

WATCH_SECONDS = 5.0
WATCH_SECONDS_PER_CPU = 150.0
"""Seconds between two looks for each second of the processor that a look takes."""


def run_worker(arguments: argparse.Namespace) -> int:
    """Deliver what waits until SIGTERM or SIGINT, and return the exit code.

    The worker starts although the directory does not answer. Raises CommandFailed if a key, the state folder, the
    protected groups or metrics.worker_port cannot be used; raises SettingsError.
    """
    settings = load(arguments.config, web_secrets=False)
    forbid_core_dumps()
    log_to_standard_error(as_json=arguments.json)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        worker = build_worker(settings, workers_directory(settings, arguments.config))
    except (KeyFileError, TokenFileError, WebhooksUnusable) as error:
        raise CommandFailed(str(error), ErrorKind.FILE) from None
    with closing(worker):
        try:
            worker.verify_protected()
        except DirectoryMisconfigured as error:
            raise CommandFailed(str(error), ErrorKind.DIRECTORY) from None
        except DirectoryUnavailable as error:
            log.warning(
                "the directory does not answer; nothing is delivered until the protected people are known: %s", error
            )
        _log_without_targets(settings.workstation.targets, worker.targets)
        port = settings.metrics.worker_port
        try:
            after_round = _watch(worker, port)
        except OSError as error:
            message = f"metrics.worker_port: 127.0.0.1:{port}: {error.strerror or error}"
            raise CommandFailed(message, ErrorKind.FILE) from None
        worker.start()
        log.info("worker ready for %s", ", ".join(worker.targets) or "nothing")
        sd_notify("READY=1")
        work(worker.delivery_worker, stop, settings.workstation.poll_seconds, after_round)
    log.info("worker stopped")
    return ExitCode.DONE


def _log_without_targets(named: Iterable[str], served: Collection[str]) -> None:
    if not named:
        log.warning("the settings name no target: nothing will be delivered")
    elif not served:
        log.info("%s: written together with the password, so the worker has nothing to deliver", ", ".join(named))


def _watch(worker: Worker, port: int) -> Callable[[], None]:
    """Serve the worker's metrics on the loopback address, and return the function that updates those of the outbox.

    The function takes what waits from the last poll, and searches for entries that were moved out of people.base, at
    most once per WATCH_SECONDS and less often where many wait. Without a port (0), nothing is served and the
    function does nothing. Raises OSError if the port is in use.
    """
    if not port:
        return lambda: None
    from prometheus_client import start_http_server

    start_http_server(port, "127.0.0.1", registry=worker.metrics.registry())
    next_look = 0.0

    def look() -> None:
        nonlocal next_look
        if time.monotonic() < next_look:
            return
        # Also if a search fails: what is under way must not be slowed by it at each poll.
        next_look = time.monotonic() + WATCH_SECONDS
        cpu_started = time.thread_time()
        now, backlog = datetime.now(UTC), worker.delivery_worker.backlog
        ages = {
            name: [max(0.0, (now - since).total_seconds()) for since in backlog.since.get(name, ())]
            for name in worker.targets
        }
        held = {name: backlog.held.get(name, 0) for name in worker.targets}
        worker.measure_webhooks()
        worker.metrics.watch_outbox(ages, held, moved_out=len(worker.outbox.moved_out()))
        pause = max(WATCH_SECONDS, (time.thread_time() - cpu_started) * WATCH_SECONDS_PER_CPU)
        next_look = time.monotonic() + pause

    return look
