"""`mamia completion`: print the script with which a shell completes commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from gateway.cli.exit_codes import ExitCode
from gateway.cli.extras import require_completion
from gateway.cli.main import make_parser
from gateway.cli.output import print_json


def run(arguments: argparse.Namespace) -> int:
    """Print the script for the shell, and return the exit code. Raises CommandFailed without `[completion]`."""
    require_completion()
    script = completion_script(arguments.shell)
    if arguments.json:
        print_json({"shell": arguments.shell, "script": script})
    else:
        print(script)
    return ExitCode.DONE


def completion_script(shell: str) -> str:
    """Return the script for `shell`: "bash", "zsh" or "fish"."""
    # Imported only here, because it is in the extra `[completion]`.
    import shtab

    parser = make_parser()
    for action in _all_actions(parser):
        if getattr(action.type, "__name__", "") == "Path":
            action.complete = shtab.DIRECTORY if action.metavar == "FOLDER" else shtab.FILE  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell)
    return script


def _all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _all_actions(command)
