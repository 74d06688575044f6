"""`mamia capture`: answer the slapd of this machine, and capture passwords that LDAP clients change there."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import partial
from pathlib import Path

from gateway.capture.sock_server import SockServer
from gateway.capture.systemd import bind_socket, inherited_socket, serve_until_stopped
from gateway.cli.core_dumps import forbid_core_dumps
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.composition.capture import Capturing, build_capture, without_password_rights
from gateway.logs import log_to_standard_error, log_without_waiting
from gateway.protection.seal import KeyFileError
from gateway.settings import Settings
from gateway.settings.loader import SettingsError, load
from gateway.settings.service_accounts import capturing_directory

log = logging.getLogger(__name__)


def run(arguments: argparse.Namespace) -> int:
    """Answer slapd until SIGTERM or SIGINT, and return the exit code.

    The code is PROBLEM if, under systemd, a key or the settings cannot be used: slapd is answered even then. Raises
    CommandFailed if the socket or a key cannot be used, and SettingsError.
    """
    forbid_core_dumps()
    log_to_standard_error(as_json=arguments.json)
    handed = inherited_socket()
    try:
        settings = load(arguments.config, web_secrets=False)
        if settings.capture.answer_only:
            return _answer_only(settings, handed)
        capturing = build_capture(settings, capturing_directory(settings, arguments.config))
    except (SettingsError, KeyFileError) as error:
        return _answer_without_settings(handed, error)
    with closing(capturing), log_without_waiting():
        return _serve(settings, handed, partial(_track, capturing, without_password_rights(settings)))


def _serve(
    settings: Settings, handed: socket.socket | None, answer: Callable[[socket.socket], Coroutine[None, None, None]]
) -> int:
    """Run `answer` on the socket that systemd keeps, or on capture.socket, and return the exit code."""
    try:
        listening = handed or bind_socket(_path(settings))
    except OSError as error:
        message = f"capture.socket: {_path(settings)}: {error.strerror or error}"
        raise CommandFailed(message, ErrorKind.FILE) from None
    asyncio.run(answer(listening))
    if handed is None:
        _path(settings).unlink(missing_ok=True)
    log.info("capture stopped")
    return ExitCode.DONE


async def _track(capturing: Capturing, never_set: frozenset[str], listening: socket.socket) -> None:
    tracker = capturing.tracker()
    log.info("capture ready for %s", ", ".join(capturing.targets))
    sock_server = SockServer(tracker.on_request, lambda: tracker.held, never_set_passwords=never_set)
    await serve_until_stopped(sock_server, listening, tracker.finish)


def _answer_only(settings: Settings, handed: socket.socket | None) -> int:
    """Answer slapd, capture nothing, and return the exit code.

    The overlay that closes the password oracle (45-password-oracle.ldif) needs the answers.
    """
    sock_server = SockServer(None, never_set_passwords=without_password_rights(settings), answers_only=True)
    log.info("capture.answer_only is set: the listener answers slapd and captures nothing")
    with log_without_waiting():
        return _serve(settings, handed, lambda listening: serve_until_stopped(sock_server, listening, _nothing))


async def _nothing() -> None:
    """Finish nothing, because nothing is captured."""


def _answer_without_settings(handed: socket.socket | None, error: SettingsError | KeyFileError) -> int:
    """Answer slapd on the socket that systemd keeps, although nothing is captured: else slapd's writes would wait.

    Returns PROBLEM. Raises SettingsError or CommandFailed for `error` if there is no such socket.
    """
    if handed is None:
        if isinstance(error, SettingsError):
            raise error
        raise CommandFailed(str(error), ErrorKind.FILE)
    faults = [f"{f.key} {f.message}" for f in error.problems] if isinstance(error, SettingsError) else [str(error)]
    log.error("the listener answers slapd but captures nothing until this is fixed: %s", "; ".join(faults))

    asyncio.run(serve_until_stopped(SockServer(None), handed, _nothing))
    return ExitCode.PROBLEM


def _path(settings: Settings) -> Path:
    assert settings.capture.socket
    return settings.capture.socket
