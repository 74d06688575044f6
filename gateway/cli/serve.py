"""`mamia serve`: run the web service under gunicorn."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Set
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.app import create_app
from gateway.cli.addresses import (
    AddressUnusable,
    bind_option,
    check_socket,
    open_liveness,
    opens_another_port,
    try_port,
)
from gateway.cli.core_dumps import forbid_core_dumps
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.gunicorn_log import JsonLog
from gateway.cli.http_worker import HttpWorker
from gateway.cli.reload_record import ReloadRecord
from gateway.composition.web import Gateway, build_gateway
from gateway.directory.policy_overlay import PolicyMissing
from gateway.logs import log_to_standard_error
from gateway.metrics import FOLDER_VARIABLE
from gateway.notifications.errors import WebhooksUnusable
from gateway.protection.seal import KeyFileError
from gateway.protection.turn_file import TurnFile
from gateway.settings import Settings
from gateway.settings.loader import SettingsError, load
from gateway.settings.types import is_loopback
from gateway.web.language import catalogues
from gateway.web.liveness import LivenessThread

log = logging.getLogger(__name__)

OBJECTS_BEFORE_COLLECTION = 10_000
"""How many new objects a process may have before Python looks for unused cycles among them: about ten requests."""
GRACE_SECONDS = 28
"""How long the requests that are being served may take when the service stops, with their time in the queue.

Less than TimeoutStopSec of deploy/systemd/mamia.service, and than what containers get."""


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT, and return the exit code.

    Raises CommandFailed if the service cannot start with these settings on this machine. Raises SettingsError.
    """
    settings = load(arguments.config)
    forbid_core_dumps()
    log_to_standard_error(as_json=arguments.json)
    _warn(settings)
    if settings.metrics.allowed_networks:
        # Set before the first metric is created, because all processes write into one folder.
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="mamia-metrics-")
    master = os.getpid()
    try:
        if fault := _unusable(settings):
            raise CommandFailed(fault, ErrorKind.FILE, ExitCode.UNUSABLE)
        # What is loaded now is shared by all processes; a collection in one of them would write into it, and copy it.
        gc.collect()
        gc.freeze()
        Server(settings, arguments.config, logs_json=arguments.json).run()
    except AddressUnusable as error:
        raise CommandFailed(str(error), ErrorKind.FILE, ExitCode.UNUSABLE) from None
    finally:
        # A process that gunicorn forked ends here too, for instance at a reload; the others still use the folder.
        if os.getpid() == master and (folder := os.environ.get(FOLDER_VARIABLE)):
            shutil.rmtree(folder, ignore_errors=True)
    return ExitCode.DONE


def _unusable(settings: Settings) -> str:
    """Return why a service with these settings cannot start on this machine; empty if it can."""
    if missing := _missing(settings):
        return missing
    try:
        check_socket(settings.web)
        gateway = build_gateway(settings)
    except AddressUnusable as error:
        return str(error)
    except KeyFileError as error:
        return f"workstation.public_key_file: {error}"
    except WebhooksUnusable as error:
        return str(error)
    except OSError as error:
        return f"audit or notifications: {error}"
    with closing(gateway):
        return _unusable_directory(gateway)


def _unusable_directory(gateway: Gateway) -> str:
    """Return why this directory can never be used; empty also for an outage, which may end while the service runs."""
    try:
        gateway.verify_servers()
        gateway.verify_protected()
    except PolicyMissing as error:
        log.error("the service refuses everybody until this is fixed: %s", error)
    except DirectoryMisconfigured as error:
        return str(error)
    except DirectoryUnavailable as error:
        log.warning(
            "the directory does not answer; everybody is refused until the protected people are known: %s", error
        )
    return ""


def _missing(settings: Settings) -> str:
    """Return what the pages need and this machine does not have; empty if nothing is missing."""
    methods = settings.captcha.methods
    if "sound" in methods and not shutil.which("espeak-ng"):
        return 'captcha.methods has "sound": install espeak-ng (apt install espeak-ng), or remove it'
    if not (files("gateway.web") / "static" / "vendor" / "site.css").is_file():
        return "the pages have no styles and scripts: fetch them (make assets, before pip install)"
    known = catalogues()
    if unknown := [code for code in settings.web.languages if code not in known]:
        return f"web.languages: there is no catalogue for {', '.join(unknown)}; there are: {', '.join(known)}"
    return ""


def _warn(settings: Settings) -> None:
    if not settings.captcha.required:
        log.warning("captcha.required is empty: scripts can use every form; this is for benchmarks only")
    if settings.web.secure_cookies and all(map(is_loopback, settings.web.allowed_hosts)):
        log.warning("web.allowed_hosts names only this machine: requests under another host name get 400")


def _forget_metrics_of(_: object, worker: Any) -> None:
    """Remove the gauges of a process that ended, so that they are not counted any more."""
    if os.environ.get(FOLDER_VARIABLE):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


class ReportingArbiter(Arbiter):
    """gunicorn's parent process, which also reports when all processes have the new settings."""

    app: Server

    def init_signals(self) -> None:
        """Handle signals from now on, and the SIGHUP that waits, if one came since the record of reloads exists."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def reload(self) -> None:
        """Replace the processes, but only if the new settings can be used."""
        if self.app.read_settings():
            super().reload()

    def manage_workers(self) -> None:
        """Start and stop processes as gunicorn does; it calls this once a second and when a process ended."""
        super().manage_workers()
        self.app.report_reload(self.WORKERS.keys(), self.num_workers)


class Server(BaseApplication):
    """gunicorn with threads. On SIGHUP it reads the settings again, and new processes replace the old ones."""

    def __init__(self, settings: Settings, config: Path | None, *, logs_json: bool = False) -> None:
        """Open the socket of /health/live. Raises AddressUnusable."""
        self._settings = settings
        self._config = config
        self._logs_json = logs_json
        self._liveness = open_liveness(settings.web)
        self._thread: LivenessThread | None = None
        # Processes with former settings and with new ones share it.
        self._turns = TurnFile()
        # From the next line on `mamia reload` sends it, and until gunicorn handles it, it would end the service.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        self._reloads = ReloadRecord.start()
        super().__init__()

    def run(self) -> None:
        """Serve until a signal ends it, as gunicorn's own `run` does."""
        ReportingArbiter(self).run()

    def read_settings(self) -> bool:
        """Read the settings again for new processes, and return whether they can be used.

        Settings that cannot be used change nothing, and the reason is logged.
        """
        self._reloads.begin()
        try:
            settings = load(self._config)
            fault = _unusable(settings) or self._open_addresses(settings)
        except SettingsError as error:
            fault = "; ".join(f"{f.key} {f.message}" for f in error.problems)
        if fault:
            log.error("the new settings cannot be used, and the service continues with the former ones: %s", fault)
            self._reloads.refuse(fault)
            return False
        self._settings = settings
        self._reloads.accept()
        return True

    def report_reload(self, processes: Set[int], wanted: int) -> None:
        """Report a reload once `wanted` of `processes` serve with the new settings. Before that, do nothing."""
        if self._reloads.finish_if_ready(processes, wanted):
            log.info("the service uses the new settings; processes that serve: %d", wanted)

    def _open_addresses(self, settings: Settings) -> str:
        """Open new addresses of the settings, and return why one cannot be opened; empty if all are open."""
        old, new = self._settings.web, settings.web
        try:
            if opens_another_port(old, new):
                try_port(new)
            if (new.health_host, new.health_port) != (old.health_host, old.health_port):
                liveness = open_liveness(new)
                if self._liveness:
                    self._liveness.close()
                self._liveness = liveness
        except AddressUnusable as error:
            return str(error)
        return ""

    def load_config(self) -> None:
        """Set the options of gunicorn from the settings; gunicorn calls this at the start and at each reload."""
        web = self._settings.web
        options: dict[str, Any] = {
            "bind": bind_option(web),
            "worker_class": HttpWorker,
            "workers": web.processes,
            "threads": web.threads,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": 15,
            "proc_name": "mamia",
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_fork": self._start_liveness,
            "post_worker_init": self._report_process,
            "worker_exit": self._stop_liveness,
            "child_exit": _forget_metrics_of,
            **({"logger_class": JsonLog} if self._logs_json else {}),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def _start_liveness(self, _arbiter: object, _worker: object) -> None:
        """Start the thread of /health/live; runs in each new process before it builds the pages."""
        if self._liveness:
            self._thread = LivenessThread(self._liveness)
            self._thread.start()

    def _report_process(self, _worker: object) -> None:
        """Record that this process serves; runs in each new process after it has built the pages."""
        # The pages stay until the process ends, and what a request leaves is mostly freed without a collection.
        gc.collect()
        gc.freeze()
        gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
        self._reloads.process_is_ready()

    def _stop_liveness(self, _arbiter: object, _worker: object) -> None:
        """Stop the thread of /health/live; runs in a process that ends, after its last request.

        The parent has no such thread.
        """
        if self._thread:
            self._thread.stop()

    def load(self) -> Any:
        """Return the WSGI application; gunicorn calls this in each new process."""
        return create_app(build_gateway(self._settings, self._turns))
