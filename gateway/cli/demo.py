"""`mamia demo`: run a private directory with sample staff, web service, worker and listener, on this machine only."""

from __future__ import annotations

import argparse

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.extras import require_demo
from gateway.cli.failure import CommandFailed


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, and return its exit code.

    Raises CommandFailed if it cannot run, or without the extra `[demo]`.
    """
    require_demo(ExitCode.PROBLEM)
    # Imported only here, because the package needs what the extra `[demo]` installs.
    from gateway.demo.run import DemoFailed, run_demo

    try:
        run_demo(arguments)
    except DemoFailed as error:
        raise CommandFailed(str(error), ErrorKind.FILE) from None
    return ExitCode.DONE
