"""The arguments of `mamia account`."""

from __future__ import annotations

import argparse
from typing import Any

from gateway.account.invisible import without_invisible
from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_config, add_json, add_own_account
from gateway.cli.running import runs

CODE_ACTIONS = ("give-code", "approve-code", "close-code")
ACTIONS = ("show", "unlock", "force-change", *CODE_ACTIONS, "export", "erase-recovery")
EXIT_CODES = {ExitCode.PROBLEM: "nobody has this login, the action is refused, or the directory does not answer"}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `account` to the commands."""
    parser = add_command(
        commands,
        "account",
        summary="show an account's state; unlock it, force a change, give a code, export or erase recovery methods",
        description="Show the state of an account, lift its lock-out, force a change of its password at the next "
        "login, or give a code with which the person resets the password without a NUMEN; export or erase its "
        "recovery methods, for a request about personal data. Neither NUMEN nor birth "
        "date is shown. The audit records each change with your name.",
        notes=EXIT_CODES,
    )
    parser.add_argument("login", metavar="LOGIN", type=without_invisible, help="login of the account")
    parser.add_argument(
        "action",
        nargs="?",
        type=_action,
        choices=ACTIONS,
        default="show",
        metavar="ACTION",
        help=f"what to do with the account (default: show): {', '.join(ACTIONS)}",
    )
    add_config(parser)
    add_own_account(parser, required=False, why="which may lift lock-outs: for unlock")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why, or the ticket's number: for give-code")
    parser.add_argument(
        "--requested-by", metavar="AGENT", default="", help="who asked for the code: for approve-code"
    )
    add_json(parser, "print the state, or what was done, as one object")
    runs(parser, "account", "gateway.cli.account:run")


def _action(typed: str) -> str:
    """Return the action. People type it before the login, so the error says what comes first."""
    if typed not in ACTIONS:
        actions = ", ".join(ACTIONS)
        raise argparse.ArgumentTypeError(
            f"{typed!r} is none of {actions}; the login comes first: mamia account LOGIN show"
        )
    return typed
