"""The arguments of `mamia setup`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs

ACCOUNTS = ("gateway", "sync", "capture", "helpdesk", "reminders")
PARTS = ("helpdesk", "recovery", "reminders", "charter", "webhooks", "events")
"""As gateway/setup/parts.py has them, which is heavy to import."""
EXIT_CODES = {
    ExitCode.DONE: "everything is there and the check has no FAIL; with --dry-run, nothing keeps the run from that",
    ExitCode.PROBLEM: "something is missing, which is listed",
    ExitCode.UNUSABLE: "the arguments or the answers cannot be used; nothing was written",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; no answer is lost",
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `setup` to the commands."""
    parser = add_command(
        commands,
        "setup",
        summary="ask what is needed, and write settings, secrets and changes of the directory",
        description="Look at the directory, ask what it does not say, try each answer at once, and write mamia.toml, "
        "the secrets and one folder of LDIF made for this directory. The directory is changed only with --apply, or "
        "when the question is answered with yes. A second run changes nothing.",
        notes=EXIT_CODES,
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings file (default: $MAMIA_CONFIG, else /etc/mamia/mamia.toml)",
    )
    _add_answers(parser)
    _add_accounts(parser)
    _add_directory(parser)
    back = parser.add_mutually_exclusive_group()
    back.add_argument("--undo", type=Path, metavar="FOLDER", help="take back what setup wrote into the directory")
    back.add_argument(
        "--adopt",
        type=Path,
        metavar="FOLDER",
        help="write the folder that --undo needs, for a directory that was set up by hand; change nothing there",
    )
    parser.add_argument(
        "--remove-people-data", action="store_true", help="with --undo: also remove NUMEN and birth date from people"
    )
    add_json(parser, "ask nothing, and print the result as one object")
    runs(parser, "setup", "gateway.cli.setup:run")


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="TOML file with answers; it has the keys of mamia.toml"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one answer, such as academy.name=Lyon"
    )
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing: take the answers that are known, and proposals"
    )
    parser.add_argument("--apply", action="store_true", help="change the directory without asking")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what would be written")


def _add_accounts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part", action="append", default=[], choices=PARTS, metavar="NAME",
        help=f"an optional part that is wanted: {', '.join(PARTS)}",
    )  # fmt: skip
    parser.add_argument(
        "--add-class", metavar="FILTER", help="give the class mamiaPerson to the people that this LDAP filter names"
    )
    parser.add_argument(
        "--replica-reader", action="append", default=[], metavar="DN", help="account with which replicas read here"
    )
    parser.add_argument(
        "--writer", action="append", default=[], metavar="DN", help="account of another program that writes people"
    )
    parser.add_argument(
        "--renew", action="append", default=[], choices=ACCOUNTS,
        help="make a new password for this account, which the directory has already; other machines need it too",
    )  # fmt: skip


def _add_directory(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--server", metavar="URL", help="server to look at and to change (default: slapd's socket on this machine)"
    )
    parser.add_argument(
        "--config-dn", metavar="DN", help="administrator of cn=config (default: root of this machine)"
    )
    parser.add_argument("--config-password-file", type=Path, metavar="FILE", help="file with that account's password")
    parser.add_argument("--bind-dn", metavar="DN", help="administrator of the entries (default: the same account)")
    parser.add_argument("--bind-password-file", type=Path, metavar="FILE", help="file with that account's password")
