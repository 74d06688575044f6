"""`mamia demo`: run a private directory with sample staff, web service, worker and listener, on this machine only."""

from __future__ import annotations

import argparse
from pathlib import Path

from gateway.cli.extras import lacks_demo

STATE = Path("var/demo")
FAILED = 1


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `demo` to the commands."""
    parser = commands.add_parser(
        "demo",
        help="run the gateway with a directory of sample staff",
        description="Run a private directory with sample staff, the web service, the worker and the listener on "
        "this machine, until Ctrl-C.",
    )
    parser.add_argument("--port", type=int, default=8080, help="TCP port of the web service (default: 8080)")
    parser.add_argument("--directory-port", type=int, default=3890, help="TCP port of the directory (default: 3890)")
    parser.add_argument(
        "--state", type=Path, default=STATE, help=f"folder for the directory's data (default: {STATE})"
    )
    parser.add_argument(
        "--workstation",
        choices=("nt", "samba"),
        default="nt",
        help="where passwords of rectorat staff go: nt, attributes in the directory (default), or samba, a Samba "
        "domain controller, which needs root",
    )
    parser.add_argument(
        "--samba-address",
        default="127.0.0.10",
        metavar="ADDRESS",
        help="loopback address of the domain controller (default: 127.0.0.10); each demo on a machine needs its own",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo until Ctrl-C, and return its exit status; 1 if the extra `[demo]` is not installed."""
    if lacks_demo("mamia demo"):
        return FAILED
    # Imported only here, because the package needs what the extra `[demo]` installs.
    from gateway.demo.run import run_demo

    return run_demo(arguments)
