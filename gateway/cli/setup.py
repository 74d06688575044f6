"""`mamia setup`: from a directory and a few answers to settings, secrets, changes of the directory, and a check."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

USABLE, MISSING, UNUSABLE = 0, 1, 2
EPILOG = """\
exit status: 0 everything is there and the check has no FAIL; 1 something is missing, which is listed;
2 answers that cannot be used; 130 after Ctrl-C, which loses no answer."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `setup` to the commands."""
    parser = commands.add_parser(
        "setup",
        help="ask what is needed, and write settings, secrets and changes of the directory",
        description="Look at the directory, ask what is needed, try each answer at once, and write mamia.toml, the "
        "secrets and one folder of LDIF made for this directory. The directory is changed only with --apply, or when "
        "the question is answered with yes. A second run changes nothing.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else /etc/mamia/mamia.toml)"
    )
    _add_answers(parser)
    _add_directory(parser)
    parser.add_argument("--undo", type=Path, metavar="FOLDER", help="take back what setup wrote into the directory")
    parser.add_argument(
        "--remove-people-data", action="store_true", help="with --undo: also remove NUMEN and birth date from people"
    )
    parser.add_argument("--json", action="store_true", help="ask nothing, and print the result as JSON, for programs")
    parser.set_defaults(run=run)


def _add_answers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="TOML file with answers; it has the keys of mamia.toml"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help='one answer, such as academy.name="Académie"'
    )
    parser.add_argument(
        "--yes", action="store_true", help="ask nothing: take the answers that are known, and proposals"
    )
    parser.add_argument("--apply", action="store_true", help="change the directory without asking")
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what would be written")
    parser.add_argument(
        "--add-class", metavar="FILTER", help="give the class mamiaPerson to the people that this LDAP filter names"
    )
    parser.add_argument(
        "--replica-reader", action="append", default=[], metavar="DN", help="account with which replicas read here"
    )
    parser.add_argument(
        "--new-password", action="append", default=[], choices=("gateway", "sync", "capture"),
        help="give this account of ours a new password, where this machine has not its present one",
    )  # fmt: skip
    parser.add_argument(
        "--writer", action="append", default=[], metavar="DN", help="account of another program that writes people"
    )


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


def run(arguments: argparse.Namespace) -> int:
    """Set up, or undo that, and return the exit status. Raises SettingsError."""
    # Imported here: `mamia --help` needs none of it.
    from gateway.cli.setup_run import run_setup
    from gateway.cli.setup_undo import run_undo
    from gateway.settings.loader import CONFIG_VARIABLE
    from gateway.setup.paths import DEFAULT_CONFIG

    config = arguments.config or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    return run_undo(arguments, config) if arguments.undo else run_setup(arguments, config)
