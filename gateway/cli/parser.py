"""What the parsers of all commands share. Imports only the standard library, because each start pays for it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from gateway.cli.exit_codes import MEANINGS, ExitCode

HEADING = "exit codes:"


class UsageProblem(Exception):
    """The arguments cannot be used. The text says why."""

    def __init__(self, message: str, parser: argparse.ArgumentParser) -> None:
        super().__init__(message)
        self.command = parser.prog
        self.usage = parser.format_usage()


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageProblem instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageProblem with the message of argparse."""
        raise UsageProblem(message, self)


def add_command(
    commands: argparse._SubParsersAction[Any],
    name: str,
    *,
    summary: str,
    description: str,
    notes: Mapping[ExitCode, str] = MappingProxyType({}),
) -> argparse.ArgumentParser:
    """Add a command to `commands`, and return its parser, whose help ends with the exit codes.

    `notes` are what the codes mean for this command, where that is more precise than MEANINGS.
    """
    epilog = exit_codes_in_words(notes)
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=description, epilog=epilog, formatter_class=CommandHelp
    )
    return parser


def exit_codes_in_words(notes: Mapping[ExitCode, str] = MappingProxyType({})) -> str:
    """Return one line per exit code; `notes` replace MEANINGS."""
    lines = (f"  {code:<4} {meaning}" for code, meaning in {**MEANINGS, **notes}.items())
    return "\n".join((HEADING, *lines))


class CommandHelp(argparse.HelpFormatter):
    """Fills the description, but keeps the lines of the exit codes."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(HEADING) else super()._fill_text(text, width, indent)


def add_config(parser: argparse.ArgumentParser, default: Any = None) -> None:
    """Add --config."""
    parser.add_argument(
        "--config",
        type=Path,
        default=default,
        metavar="FILE",
        help="settings file (default: $MAMIA_CONFIG, else /etc/mamia/mamia.toml, else ./mamia.toml)",
    )


def add_json(parser: argparse._ActionsContainer, prints: str, default: Any = False) -> None:
    """Add --json; `prints` completes the help text "for programs: …"."""
    text = f"for programs: {prints}; errors are JSON too"
    parser.add_argument("--json", action="store_true", default=default, help=text)


def also_after(action: argparse.ArgumentParser, prints: str) -> None:
    """Let an action of a command take --config and --json too, because operators also type them after the action."""
    # Without a default of its own, the action keeps what was typed before it.
    add_config(action, default=argparse.SUPPRESS)
    add_json(action, prints, default=argparse.SUPPRESS)


def add_own_account(parser: argparse.ArgumentParser, *, required: bool, why: str) -> None:
    """Add --bind-dn and --bind-password-file to the options of a command.

    `why` completes the help text "your own account in the directory, …".
    """
    parser.add_argument(
        "--bind-dn", required=required, metavar="DN", help=f"your own account in the directory, {why}"
    )
    parser.add_argument(
        "--bind-password-file",
        type=Path,
        metavar="FILE",
        help="file with its password; without a file, the command asks for the password",
    )
