"""The arguments of `mamia sync` and its actions."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json, also_after
from gateway.cli.running import runs

EXIT_CODES = {ExitCode.PROBLEM: "a key, a folder or a port cannot be used; with an ACTION: it could not be done"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `sync` and its actions to the commands."""
    parser = add_command(
        commands,
        "sync",
        summary="bring new passwords to the workstations; status, retry, resume, forget",
        description="Run the worker, which delivers new passwords to the workstations, until SIGTERM or SIGINT. "
        "With an ACTION: show or change what waits, and exit.",
        notes=EXIT_CODES,
    )
    add_config(parser)
    add_json(parser, "the log, or the result of the ACTION, as JSON")
    runs(parser, "sync", "gateway.cli.sync:run_worker")
    _add_actions(parser.add_subparsers(metavar="ACTION", help="without one, the worker runs"))


def _add_actions(actions: argparse._SubParsersAction[Any]) -> None:
    status = add_command(
        actions,
        "status",
        summary="list what waits, what failed and what is done",
        description="List deliveries, one per line: those that wait, those that failed, and those that are done.",
    )
    retry = add_command(
        actions,
        "retry",
        summary="try now, without waiting for the next attempt",
        description="Let the worker try the password of one person now, without waiting for the next attempt.",
    )
    retry.add_argument("login", metavar="LOGIN", help="login of the person, or the DN of the entry")
    forget = add_command(
        actions,
        "forget",
        summary="give up: erase the sealed password and the mark of a newer one; the target keeps the old password",
        description="Erase the sealed password and the mark of a newer one. The target keeps the old password.",
    )
    resume = add_command(
        actions,
        "resume",
        summary="deliver what is held since the directory was restored from a backup",
        description="Let the worker deliver passwords that are held since the directory was restored from a backup.",
    )
    for action in (resume, forget):
        _add_choice(action)
    for name, action in {"status": status, "retry": retry, "resume": resume, "forget": forget}.items():
        also_after(action, "print the list" if action is status else "print what was done, as one list")
        runs(action, f"sync {name}", f"gateway.cli.sync_actions:run_{name}")


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the choice between LOGIN and --all-held to the options of a command."""
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("login", metavar="LOGIN", nargs="?", help="login of the person, or the DN of the entry")
    choice.add_argument(
        "--all-held", action="store_true", help="all people whose password is held since the directory was restored"
    )
