"""`mamia people sample`: write invented staff as LDIF, to try the gateway with as many people as an academy has."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.extras import require_demo
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.cli.progress import counted
from gateway.demo.sample_ldif import entry
from gateway.demo.sample_model import Staff

BUFFER_BYTES = 1 << 20


class OutputFailed(Exception):
    """The output cannot be written; the text says why and how to fix it. No incomplete file is left."""


def run_sample(arguments: argparse.Namespace) -> int:
    """Write the people as LDIF, entry by entry, and return the exit code.

    Raises CommandFailed if the extra `[demo]` is not installed, or if the output cannot be written.
    """
    require_demo(ExitCode.UNUSABLE)
    # Imported only here, because this module needs the packages of the extra `[demo]`.
    from gateway.demo.sample_staff import members

    started = time.monotonic()
    staff = Staff(arguments.count, arguments.seed, arguments.mail_domain, arguments.rectorat_share)
    # Where the terminal shows the entries themselves, a bar would be between them.
    hidden = arguments.json or (arguments.output is None and sys.stdout.isatty())
    people = counted(members(staff), "people", total=staff.count, hidden=hidden)
    entries = (entry(member, arguments.suffix) for member in people)
    try:
        if arguments.output is None:
            _write_to_standard_output(entries)
        else:
            _write_new_file(arguments.output, entries)
    except OutputFailed as error:
        raise CommandFailed(str(error), ErrorKind.FILE, ExitCode.UNUSABLE) from None
    if arguments.json:
        print_json(
            {
                "count": staff.count,
                "seed": staff.seed,
                "output": str(arguments.output) if arguments.output else None,
                "seconds": round(time.monotonic() - started, 3),
            },
            sys.stderr,
        )
    return ExitCode.DONE


def _write_to_standard_output(entries: Iterable[bytes]) -> None:
    """Write the entries. A reader that closes its end early (`| head`) ends the command without an error."""
    try:
        sys.stdout.buffer.writelines(entries)
        sys.stdout.buffer.flush()
    except OSError as error:
        # The interpreter flushes standard output once more when it ends, and would print a traceback then.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise OutputFailed(f"standard output: {error.strerror}; write elsewhere: --output FILE") from None


def _write_new_file(path: Path, entries: Iterable[bytes]) -> None:
    try:
        with _new_file(path) as stream:
            stream.writelines(entries)
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror}; write elsewhere: --output FILE") from None


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Open FILE.part, and rename it to `path` when it is complete; delete it after an error. Raises OutputFailed."""
    if os.path.lexists(path):
        raise OutputFailed(f"{path} exists already: delete it, or name another file: --output FILE")
    part = path.with_name(path.name + ".part")
    try:
        stream = part.open("xb", buffering=BUFFER_BYTES)
    except FileExistsError:
        reason = f"{part} exists already: another run may be writing it; if none is, delete it and try again"
        raise OutputFailed(reason) from None
    try:
        with stream:
            yield stream
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
