"""Runs the demo until Ctrl-C: a private directory with sample staff, web service, worker and listener."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

from gateway.checks.capture import ask_listener
from gateway.demo.announcements import Announcements, ForPeople, ForPrograms, RunningDemo
from gateway.demo.demo_settings import (
    NT_TARGET,
    capture_socket,
    make_keys,
    samba_target,
    webhook_secret,
    write_settings,
)
from gateway.demo.event_receiver import event_receiver
from gateway.demo.people_table import rectorat_logins
from gateway.demo.post_office import post_office
from gateway.demo.private_samba import PrivateSamba, SambaFailed
from gateway.demo.private_slapd import PrivateSlapd, SlapdFailed
from gateway.demo.sample_model import SAMPLE_PASSWORD

HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 8
MAX_SOCKET_PATH_BYTES = 107
"""Maximum bytes of a socket's path (unix(7))."""


class DemoFailed(Exception):
    """The demo cannot run. The text says why and how to fix it."""


def run_demo(arguments: argparse.Namespace) -> None:
    """Run the demo until Ctrl-C; `arguments` are those of `mamia demo`. Raises DemoFailed."""
    announce: Announcements = ForPrograms() if arguments.json else ForPeople()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as running:
            _refuse_taken(arguments.port)
            slapd = running.enter_context(_directory(arguments.state, arguments.directory_port, announce))
            samba = None
            if arguments.workstation == "samba":
                samba = running.enter_context(_domain(slapd, arguments.samba_address, announce))
            target = samba_target(samba) if samba else NT_TARGET
            post = running.enter_context(post_office(slapd.state / "mails", announce.message))
            make_keys(slapd.state)
            receiver = event_receiver(slapd.state / "events", webhook_secret(slapd.state), announce.event)
            events_url = running.enter_context(receiver)
            config = write_settings(slapd, HOST, arguments.port, target, post, events_url)
            options = ["--json"] if arguments.json else []
            processes = {name: running.enter_context(_process(name, config, options)) for name in _commands(slapd)}
            web = f"the web service on port {arguments.port}"
            _await(processes["serve"], web, partial(_serves, arguments.port))
            if slapd.reports_writes:
                _await(processes["capture"], "mamia capture", partial(_captures, slapd))
            announce.ready(RunningDemo(HOST, arguments.port, slapd, samba, config))
            _watch(slapd, processes)
    except (SlapdFailed, SambaFailed) as error:
        raise DemoFailed(str(error)) from error
    except KeyboardInterrupt:
        announce.stopped()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _directory(state: Path, port: int, announce: Announcements) -> Iterator[PrivateSlapd]:
    slapd = PrivateSlapd(state.resolve(), port)
    if not slapd.exists:
        announce.note("making the sample directory …")
        slapd.create(report_socket=_place_for_socket(slapd, announce))
    elif not slapd.has_accounts:
        raise DemoFailed(f"{state} was made by an earlier version; `make demo-reset` starts afresh")
    elif slapd.is_outdated:
        announce.note(f"note: {state} was made from other files of ldif/; `make demo-reset` starts afresh")
    slapd.start()
    try:
        yield slapd
    finally:
        slapd.stop()


def _place_for_socket(slapd: PrivateSlapd, announce: Announcements) -> Path | None:
    path = capture_socket(slapd)
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
        return path
    announce.note(f"note: {path} is too long for a socket, so the demo has no mamia capture")
    return None


def _commands(slapd: PrivateSlapd) -> tuple[str, ...]:
    """Return the commands of `mamia` in the order of their start.

    The listener is first, because slapd waits for it.
    """
    return ("capture", "serve", "sync") if slapd.reports_writes else ("serve", "sync")


@contextmanager
def _domain(slapd: PrivateSlapd, address: str, announce: Announcements) -> Iterator[PrivateSamba]:
    """Run a domain controller with an account for each of the rectorat's sample staff."""
    samba = PrivateSamba(slapd.state / "samba", address)
    is_new = not samba.exists
    if not is_new and not samba.is_made_for_its_address:
        raise DemoFailed(f"{samba.folder} was made for another --samba-address; `make demo-reset` starts afresh")
    if is_new:
        announce.note("making the domain controller …")
        samba.create()
    samba.start()
    try:
        if is_new:
            samba.add_people(rectorat_logins(slapd), SAMPLE_PASSWORD)
        yield samba
    finally:
        samba.stop()


@contextmanager
def _process(command: str, config: Path, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `mamia <command>` with the demo's settings, until the context ends or the demo is killed."""
    mamia = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "gateway.cli.main"]
    environment = {name: value for name, value in os.environ.items() if name != "MAMIA_CONFIG"}
    # Its own process group: Ctrl-C reaches only the demo, and all processes of a service can be ended together.
    whole = [*mamia, command, "--config", str(config), *options]
    process = subprocess.Popen(whole, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoFailed(f"port {port}: {error.strerror}; choose another: make demo PORT={port + 10}") from None


def _await(process: subprocess.Popen[bytes], what: str, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if process.poll() is not None:
            raise DemoFailed(f"{what} ended at its start; the reason is in the lines above")
        if time.monotonic() > deadline:
            raise DemoFailed(f"{what} does not answer after {START_SECONDS} s")
        time.sleep(0.1)


def _serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health/ready", timeout=2):
            return True
    except OSError:
        return False


def _captures(slapd: PrivateSlapd) -> bool:
    try:
        return bool(ask_listener(capture_socket(slapd))["capturing"])
    except (OSError, ValueError):
        return False


def _watch(slapd: PrivateSlapd, processes: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Wait until Ctrl-C. Raises DemoFailed if a process ends."""
    while True:
        for name, process in processes.items():
            if process.poll() is not None:
                raise DemoFailed(f"mamia {name} ended; the reason is in the lines above")
        if not slapd.is_running:
            raise DemoFailed(f"the directory ended; see {slapd.log_file}")
        time.sleep(0.5)
