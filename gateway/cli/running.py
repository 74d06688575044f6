"""Start of a command: its module is imported only then, and its failures are reported in one way."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from functools import partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed, print_error, report_failure

if TYPE_CHECKING:
    from gateway.settings.loader import SettingsError


def runs(parser: argparse.ArgumentParser, command: str, function: str) -> None:
    """Let `parser` start `command` ("people import") by `function` ("gateway.cli.people_import:run").

    `function` takes the arguments and returns the exit code. It may raise CommandFailed and SettingsError. Its
    module is imported when the command runs, so that `--help` and other commands start without its libraries.
    """
    parser.set_defaults(run=partial(run_command, command, function))


def run_command(command: str, function: str, arguments: argparse.Namespace) -> int:
    """Run `function`, report its failure, and return the exit code."""
    try:
        code: int = resolve_name(function)(arguments)
        sys.stdout.flush()
    except CommandFailed as failure:
        return report_failure(failure, command, as_json=arguments.json)
    except BrokenPipeError:
        # The reader of standard output has seen enough (`| head`).
        _drop_output()
        return ExitCode.DONE
    except Exception as error:
        if full := _no_space(error):
            return report_failure(full, command, as_json=arguments.json)
        # Whoever raises it has imported it, so that it costs nothing here.
        from gateway.settings.loader import SettingsError

        if not isinstance(error, SettingsError):
            raise
        return _report_settings(error, command, as_json=arguments.json)
    return code


def _no_space(error: Exception) -> CommandFailed | None:
    """Return the failure for an output on a full disk; None if the error is another one."""
    if not isinstance(error, OSError) or error.errno != errno.ENOSPC or error.filename is not None:
        return None
    _drop_output()
    return CommandFailed(f"standard output: {error.strerror}", ErrorKind.FILE)


def _drop_output() -> None:
    """Drop what is left of standard output.

    The interpreter flushes standard output once more when it ends, and would print a traceback then.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_settings(error: SettingsError, command: str, *, as_json: bool) -> int:
    if all(problem.key.startswith("--") for problem in error.problems):
        # An option of the command names the file: no setting is wrong.
        message = "; ".join(f"{problem.key}: {problem.message}" for problem in error.problems)
        kind = ErrorKind.SETTINGS if error.problems[0].key == "--config" else ErrorKind.FILE
        return report_failure(CommandFailed(message, kind, ExitCode.UNUSABLE), command, as_json=as_json)
    if as_json:
        problems = [{"key": problem.key, "message": problem.message} for problem in error.problems]
        message = f"the settings in {error.source} cannot be used; nothing was started"
        print_error(command, ErrorKind.SETTINGS, message, ExitCode.UNUSABLE, problems)
        return ExitCode.UNUSABLE
    print(f"mamia {command}: the settings in {error.source} can't be used:", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem.key}: {problem.message}", file=sys.stderr)
    print("mamia settings lists them all; nothing was started.", file=sys.stderr)
    return ExitCode.UNUSABLE
