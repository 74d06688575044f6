"""How a command ends without having done what was asked: one sentence for people, or one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.terminal import printable


class CommandFailed(Exception):
    """The command did not do what was asked. The text says why, and how to fix it; it holds no secret."""

    def __init__(self, message: str, kind: ErrorKind, code: ExitCode = ExitCode.PROBLEM) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def report_failure(failure: CommandFailed, command: str, *, as_json: bool) -> int:
    """Print the failure of `command` ("account", "people import") to standard error; return the exit code."""
    if as_json:
        print_error(command, failure.kind, str(failure), failure.code)
    else:
        # The text may hold values of the directory, or what was typed.
        for number, line in enumerate(str(failure).splitlines()):
            print(printable(line if number else f"mamia {command}: {line}"), file=sys.stderr)
    return failure.code


def print_error(
    command: str,
    kind: ErrorKind,
    message: str,
    code: ExitCode,
    problems: Sequence[Mapping[str, str]] = (),
) -> None:
    """Print one line of JSON to standard error; `problems` are those of the settings, by key and message."""
    error = {
        "error": kind,
        "message": message,
        "command": f"mamia {command}".strip(),
        "exit_code": code,
        **({"problems": problems} if problems else {}),
    }
    print(json.dumps(error), file=sys.stderr)
