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
from gateway.workstation.state import DeliveryStatus
from gateway.workstation.token_file import TokenFileError

log = logging.getLogger(__name__)

WATCH_SECONDS = 5.0


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
        worker.measure_webhooks()
        worker.metrics.watch_outbox(ages, held, moved_out=len(worker.outbox.moved_out()))

    return look
