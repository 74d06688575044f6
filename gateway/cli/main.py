"""The `mamia` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from gateway import __version__
from gateway.cli import account, api_token, capture, check, demo, keygen, people, serve, settings_reference, sync
from gateway.settings.file import SettingsError

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="mamia", description="Web gateway between an academy's staff and its directory."
    )
    parser.add_argument("--version", action="version", version=f"mamia {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, sync, capture, check, settings_reference, account, keygen, api_token, demo, people):
        command.add_parser(commands)
    chosen = parser.parse_args(arguments)
    try:
        code: int = chosen.run(chosen)
    except SettingsError as error:
        return _tell_faults(error)
    except KeyboardInterrupt:
        return 130
    return code


def _tell_faults(error: SettingsError) -> int:
    print(f"mamia: the settings in {error.source} can't be used:", file=sys.stderr)
    for fault in error.faults:
        print(f"  {fault.key}: {fault.message}", file=sys.stderr)
    print("mamia settings lists them all; nothing was started.", file=sys.stderr)
    return USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
