"""`mamia serve`: the web service under gunicorn."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.app import create_app
from gateway.cli.core_dumps import forbid_core_dumps
from gateway.composition.web import build_gateway
from gateway.logs import log_to_standard_error
from gateway.metrics import FOLDER_VARIABLE
from gateway.protection.seal import KeyFileError
from gateway.settings import Settings
from gateway.settings.file import SettingsError, load
from gateway.settings.types import LOOPBACK
from gateway.tls import STRICT
from gateway.web.language import catalogues

log = logging.getLogger(__name__)

USAGE_ERROR = 2
GRACE_SECONDS = 5
"""How long requests in hand may take when the service stops."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("serve", help="run the web service")
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    settings = load(arguments.config)
    forbid_core_dumps()
    log_to_standard_error()
    _warn(settings)
    if settings.metrics.allowed:
        # Before the first metric is made: all processes write into one folder.
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="mamia-metrics-")
    try:
        if fault := _unusable(settings):
            print(f"mamia serve: {fault}", file=sys.stderr)
            return USAGE_ERROR
        Server(settings, arguments.config).run()
    finally:
        if folder := os.environ.get(FOLDER_VARIABLE):
            shutil.rmtree(folder, ignore_errors=True)
    return 0


def _unusable(settings: Settings) -> str:
    """Why a service with these settings would not start here; empty when it would."""
    if missing := _missing(settings):
        return missing
    try:
        gateway = build_gateway(settings)
    except KeyFileError as error:
        return f"workstation.public_key_file: {error}"
    except OSError as error:
        return f"audit or notices: {error}"
    try:
        gateway.verify_protected()
    except DirectoryMisconfigured as error:
        return str(error)
    except DirectoryUnavailable as error:
        log.warning(
            "who is protected is looked up before anybody is served: the directory does not answer: %s", error
        )
    finally:
        gateway.close()
    return ""


def _missing(settings: Settings) -> str:
    """What the pages need and this machine has not."""
    ways = settings.captcha.ways
    if "sound" in ways and not shutil.which("espeak-ng"):
        return 'captcha.ways has "sound": install espeak-ng (apt install espeak-ng), or take it out'
    if not (files("gateway.web") / "static" / "vendor" / "site.css").is_file():
        return "the pages have no styles and scripts: fetch them (make assets, before pip install)"
    known = catalogues()
    if unknown := [code for code in settings.web.languages if code not in known]:
        return f"web.languages: there is no catalogue for {', '.join(unknown)}; there are: {', '.join(known)}"
    return ""


def _warn(settings: Settings) -> None:
    if not settings.captcha.required:
        log.warning("captcha.required is empty: scripts can use every form; this is for benchmarks only")
    if settings.web.secure_cookies and set(settings.web.hosts) <= LOOPBACK | {"[::1]"}:
        log.warning("web.hosts names this machine alone: browsers that come by another name get 400")


def _forget_metrics_of(_: object, worker: Any) -> None:
    """Gauges of a process that is gone count no more."""
    if os.environ.get(FOLDER_VARIABLE):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)


def _for_portals(_config: object, make_context: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """Portals are known by their certificate's fingerprint, so one of an old authority is good on Python 3.13 too."""
    context = make_context()
    context.verify_flags &= ~STRICT
    return context


class Worker(ThreadWorker):
    """gunicorn's threads, which answer what has been read already before they wait for more.

    With the end of a body that no page reads, gunicorn 25 may read the client's next request. It then waits until
    more comes, and the client until `keepalive` seconds are over. gunicorn 27 looks at what it has read.
    """

    def handle(self, conn: TConn) -> Any:
        keeps = super().handle(conn)
        parser: Any = conn.parser
        while keeps is True and parser.unreader.buf.tell():
            keeps = super().handle(conn)
        return keeps


class Server(BaseApplication):
    """gunicorn with threads. SIGHUP reads the settings anew, and new processes take over from the old ones."""

    def __init__(self, settings: Settings, config: Path | None) -> None:
        self._settings = settings
        self._config = config
        super().__init__()

    def reload(self) -> None:
        """Settings that can't be used leave the service as it is."""
        try:
            settings = load(self._config)
            fault = _unusable(settings)
        except SettingsError as error:
            fault = "; ".join(f"{f.key} {f.message}" for f in error.faults)
        if fault:
            log.error("the settings were not read anew, and the service goes on as it was: %s", fault)
            return
        self._settings = settings
        super().reload()

    def load_config(self) -> None:
        web = self._settings.web
        host = f"[{web.host}]" if ":" in web.host else web.host
        options: dict[str, Any] = {
            "bind": f"{host}:{web.port}",
            "worker_class": Worker,
            "workers": web.processes,
            "threads": web.threads,
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": 15,
            "proc_name": "mamia",
            "loglevel": "warning",
            "control_socket_disable": True,
            "child_exit": _forget_metrics_of,
        }
        if web.tls_certificate_file:
            options |= {"certfile": str(web.tls_certificate_file), "keyfile": str(web.tls_key_file)}
        if authority := self._settings.api.client_ca_file:
            options |= {"ca_certs": str(authority), "cert_reqs": ssl.CERT_OPTIONAL, "ssl_context": _for_portals}
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(build_gateway(self._settings))
