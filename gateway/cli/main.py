"""The `mamia` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from gateway import __version__
from gateway.settings.loader import SettingsError

USAGE_ERROR = 2
COMMANDS = {
    "serve": "serve",
    "sync": "sync",
    "capture": "capture",
    "check": "check",
    "setup": "setup",
    "settings": "settings_reference",
    "account": "account",
    "keygen": "keygen",
    "api-token": "api_token",
    "demo": "demo",
    "people": "people",
}
"""From the name of a command to the module of this package that runs it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (default: sys.argv) name, and return its exit status.

    The status is 2 for settings that cannot be used, and 130 after Ctrl-C. Raises SystemExit with 2 for arguments
    that cannot be used, and with 0 after --help and --version (argparse).
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="mamia", description="Web gateway between an academy's staff and its directory."
    )
    parser.add_argument(
        "--version", action="version", help="print the version and exit", version=f"mamia {__version__}"
    )
    commands = parser.add_subparsers(
        required=True, metavar="COMMAND", help="what to run; mamia COMMAND --help lists its options"
    )
    for name in _asked_for(arguments):
        import_module(f"gateway.cli.{COMMANDS[name]}").add_parser(commands)
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except SettingsError as error:
        return _print_problems(error)
    except KeyboardInterrupt:
        return 130
    return code


def _asked_for(arguments: Sequence[str]) -> Sequence[str]:
    """Return the one command to run, so that it starts without the libraries of the others; else all of them."""
    return [arguments[0]] if arguments and arguments[0] in COMMANDS else list(COMMANDS)


def _print_problems(error: SettingsError) -> int:
    print(f"mamia: the settings in {error.source} can't be used:", file=sys.stderr)
    for fault in error.problems:
        print(f"  {fault.key}: {fault.message}", file=sys.stderr)
    print("mamia settings lists them all; nothing was started.", file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
