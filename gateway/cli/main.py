"""The `mamia` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from gateway import __version__
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import print_error
from gateway.cli.parser import CommandHelp, Parser, UsageProblem, exit_codes_in_words

COMMANDS = {
    "serve": "serve",
    "reload": "reload",
    "sync": "sync",
    "capture": "capture",
    "check": "check",
    "setup": "setup",
    "stats": "stats",
    "settings": "settings_reference",
    "account": "account",
    "remind": "remind",
    "keygen": "keygen",
    "api-token": "api_token",
    "demo": "demo",
    "people": "people",
    "completion": "completion",
}
"""From the name of a command to the module of gateway/cli/parsers/ that has its arguments."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: sys.argv) name, and return its exit code.

    Raises SystemExit with UNUSABLE for arguments that cannot be used, and with DONE after --help and --version.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    try:
        chosen = make_parser(_asked_for(arguments)).parse_args(arguments)
    except UsageProblem as problem:
        _print_usage(problem, as_json=as_json)
        raise SystemExit(ExitCode.UNUSABLE) from None
    try:
        code: int = chosen.run(chosen)
    except KeyboardInterrupt:
        if as_json:
            print_error(arguments[0], ErrorKind.INTERRUPTED, "interrupted by Ctrl-C", ExitCode.INTERRUPTED)
        return ExitCode.INTERRUPTED
    return code


def make_parser(names: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of `mamia` with the commands `names`."""
    parser = Parser(
        prog="mamia",
        description="Web gateway between an academy's staff and its directory.",
        epilog=exit_codes_in_words(),
        formatter_class=CommandHelp,
    )
    parser.add_argument(
        "--version", action="version", help="print the version and exit", version=f"mamia {__version__}"
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", help="what to run; mamia COMMAND --help lists its options"
    )
    for name in names:
        import_module(f"gateway.cli.parsers.{COMMANDS[name]}").add_parser(commands)
    return parser


def _asked_for(arguments: Sequence[str]) -> Sequence[str]:
    """Return the one command to run, so that only its arguments are defined; else all of them."""
    return [arguments[0]] if arguments and arguments[0] in COMMANDS else list(COMMANDS)


def _print_usage(problem: UsageProblem, *, as_json: bool) -> None:
    """Print why the arguments cannot be used: as JSON, or as argparse does, with the way to the help."""
    if as_json:
        command = problem.command.removeprefix("mamia").strip()
        print_error(command, ErrorKind.ARGUMENTS, str(problem), ExitCode.UNUSABLE)
    else:
        print(f"{problem.usage}{problem.command}: error: {problem}", file=sys.stderr)
        print(f"{problem.command} --help explains the arguments.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
