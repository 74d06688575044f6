"""The arguments of `mamia people sample`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from gateway.cli.exit_codes import ExitCode
from gateway.cli.parser import add_command, add_json
from gateway.cli.running import runs
from gateway.demo.sample_model import MAX_COUNT, SAMPLE_PASSWORD

EXIT_CODES = {ExitCode.UNUSABLE: "the arguments or the output cannot be used, or the extra [demo] is missing"}

_RDN = r'[A-Za-z][A-Za-z0-9-]*=(?:[^,\\"+<>;=\x00-\x1f]|\\.)+(?<! )'
_DN = re.compile(rf"{_RDN}(?:,{_RDN})*")
_DOMAIN_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `sample` to the commands of `mamia people`."""
    sample = add_command(
        commands,
        "sample",
        summary="write invented staff as LDIF",
        description="Write invented staff as LDIF, the same people for the same arguments. One in ten still "
        f"has the initial password (the NUMEN or temporary number), all others have {SAMPLE_PASSWORD}",
        notes=EXIT_CODES,
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
    add_json(sample, "print a report as one object to standard error; standard output gets the LDIF")
    runs(sample, "people sample", "gateway.cli.people_sample:run_sample")


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
