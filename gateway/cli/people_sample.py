"""`mamia people sample`: write invented staff as LDIF, to try the gateway with as many people as an academy has."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.cli.extras import lacks_demo
from gateway.demo.sample_ldif import entry
from gateway.demo.sample_model import MAX_COUNT, SAMPLE_PASSWORD, Member, Staff

USAGE_ERROR = 2
BUFFER_BYTES = 1 << 20
PROGRESS_EVERY = 10_000

_RDN = r'[A-Za-z][A-Za-z0-9-]*=(?:[^,\\"+<>;=\x00-\x1f]|\\.)+(?<! )'
_DN = re.compile(rf"{_RDN}(?:,{_RDN})*")
_DOMAIN_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*")


class OutputFailed(Exception):
    """The output cannot be written; the text says why and how to fix it. No incomplete file is left."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sample` to the commands of `mamia people`."""
    sample = commands.add_parser(
        "sample",
        help="write invented staff as LDIF",
        description="Write invented staff as LDIF, the same people for the same arguments. One in ten still "
        f"has the initial password (the NUMEN or temporary number), all others have {SAMPLE_PASSWORD}",
    )
    sample.add_argument(
        "--count", type=_count, required=True, metavar="N", help="how many people to write, at least 1"
    )
    sample.add_argument(
        "--seed",
        type=_seed,
        required=True,
        metavar="S",
        help="a whole number from 0 up; each number gives other people",
    )
    sample.add_argument(
        "--suffix", type=_suffix, default="dc=ac-example,dc=fr", metavar="DN",
        help="the entries are below ou=people of this DN (default: %(default)s)",
    )  # fmt: skip
    sample.add_argument(
        "--mail-domain", type=_domain, default="ac-example.fr", metavar="DOMAIN",
        help="domain of the mail addresses (default: %(default)s)",
    )  # fmt: skip
    sample.add_argument(
        "--rectorat-share", type=_share, default=0.05, metavar="SHARE",
        help="the share of people who work at the rectorat, from 0 to 1 (default: %(default)s)",
    )  # fmt: skip
    sample.add_argument("--output", type=Path, metavar="FILE", help="a new file to write (default: standard output)")
    sample.set_defaults(run=run_sample)


def run_sample(arguments: argparse.Namespace) -> int:
    """Write the people as LDIF, entry by entry, and return the exit status.

    The status is 2 if the extra `[demo]` is not installed, or if the output cannot be written.
    """
    if lacks_demo("mamia people sample"):
        return USAGE_ERROR
    # Imported only here, because this module needs the packages of the extra `[demo]`.
    from gateway.demo.sample_staff import members

    staff = Staff(arguments.count, arguments.seed, arguments.mail_domain, arguments.rectorat_share)
    fills_terminal = arguments.output is None and sys.stdout.isatty()
    people = _with_progress(members(staff), staff.count, fills_terminal=fills_terminal)
    entries = (entry(member, arguments.suffix) for member in people)
    try:
        if arguments.output is None:
            _write_to_standard_output(entries)
        else:
            _write_new_file(arguments.output, entries)
    except OutputFailed as error:
        print(f"mamia people sample: {error}", file=sys.stderr)
        return USAGE_ERROR
    return 0


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


def _with_progress(people: Iterable[Member], total: int, *, fills_terminal: bool) -> Iterable[Member]:
    """Return the people, and print the progress to a terminal, unless that terminal shows the entries themselves."""
    return people if fills_terminal or not sys.stderr.isatty() else _counted(people, total)


def _counted(people: Iterable[Member], total: int) -> Iterator[Member]:
    for done, member in enumerate(people, start=1):
        yield member
        if done % PROGRESS_EVERY == 0 or done == total:
            print(f"\r{done:,} of {total:,} people", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _count(typed: str) -> int:
    number = _whole_number(typed)
    if not 1 <= number <= MAX_COUNT:
        raise argparse.ArgumentTypeError(f"{typed} is out of range: give a number from 1 to {MAX_COUNT}")
    return number


def _seed(typed: str) -> int:
    number = _whole_number(typed)
    if number < 0:
        # Python seeds its generator with the absolute value: -1 would be 1.
        raise argparse.ArgumentTypeError(f"{typed} is below zero: give 0 or any whole number above")
    return number


def _whole_number(typed: str) -> int:
    try:
        return int(typed)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{typed!r} is no whole number: give digits, like 1200") from None


def _share(typed: str) -> float:
    try:
        share = float(typed)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{typed!r} is no share: give a number from 0 to 1, like 0.05")
    return share


def _suffix(typed: str) -> str:
    if not _DN.fullmatch(typed):
        raise argparse.ArgumentTypeError(f"{typed!r} is no DN: give one like dc=ac-example,dc=fr")
    return typed


def _domain(typed: str) -> str:
    if not _DOMAIN.fullmatch(typed):
        raise argparse.ArgumentTypeError(f"{typed!r} is no mail domain: give one like ac-example.fr")
    return typed
