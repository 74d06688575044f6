"""Checks of the machine itself: clock, libraries, open files, and the folders of the processes."""

from __future__ import annotations

import ctypes
import importlib.metadata
import resource
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import is_workers
from gateway.checks.process_users import WORKER, process_user
from gateway.checks.space import check_space
from gateway.settings import Settings

UNSYNCHRONISED = 0x40
"""STA_UNSYNC of the kernel's clock (adjtimex(2))."""
STATUS_OFFSET = 5 * ctypes.sizeof(ctypes.c_long)
"""Where `status` is in struct timex."""
TIMEX_BYTES = 512
"""More than struct timex has."""
MIN_OPEN_FILES = 1024
PROGRAM = "mamia"


def check_system(settings: Settings) -> Iterator[Finding]:
    """Yield findings about this machine."""
    found = [*_clock(), *_libraries(), *_open_files()]
    yield from found or [ok("this machine", "its clock is synchronised, and the program's libraries are there")]


def _clock() -> Iterator[Finding]:
    if read_clock_status() & UNSYNCHRONISED:
        text = (
            "it is not synchronised: tickets and codes end too early or too late, and Kerberos and lock-outs go wrong"
        )
        yield warn(
            "clock",
            text,
            "apt install systemd-timesyncd (or chrony), then timedatectl set-ntp true; in a container, on its host",
        )


def read_clock_status() -> int:
    """Return the status bits of the kernel's clock; 0 if they cannot be read. Nothing is changed."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        if ctypes.CDLL(None).adjtimex(timex) < 0:
            return 0
    except (OSError, AttributeError):
        return 0
    return int.from_bytes(timex.raw[STATUS_OFFSET : STATUS_OFFSET + 4], "little")


def _libraries() -> Iterator[Finding]:
    """Compare the libraries that are installed with those that the program requires."""
    try:
        lines = importlib.metadata.requires(PROGRAM) or []
    except importlib.metadata.PackageNotFoundError:
        return
    wrong = [text for line in lines if (text := _unmet(line))]
    if wrong:
        text = f"{'; '.join(wrong)}: pages may fail in ways that nobody tested"
        hint = "apt-get install --reinstall ./mamia_….deb; else pip install --require-hashes -r locks/runtime.txt"
        yield fail("libraries", text, hint)


def _unmet(line: str) -> str:
    """Return what is wrong with a requirement; "" if it is met, or is for an extra or another system."""
    try:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            return ""
        found = importlib.metadata.version(wanted.name)
        return (
            ""
            if wanted.specifier.contains(found, prereleases=True)
            else f"{wanted.name} is {found}, not {wanted.specifier}"
        )
    except importlib.metadata.PackageNotFoundError:
        return f"{wanted.name} is missing"
    except (InvalidRequirement, InvalidVersion):
        return ""


def _open_files() -> Iterator[Finding]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < MIN_OPEN_FILES:
        text = f"a process may open {soft} files: with many people at once, connections are refused"
        yield warn(
            "open files", text, f"ulimit -n {MIN_OPEN_FILES * 4}; LimitNOFILE={MIN_OPEN_FILES * 4} in the unit"
        )


def check_state_folder(settings: Settings) -> Iterator[Finding]:
    """Yield findings about workstation.state_folder, as the worker's user sees it. The worker makes it if it can."""
    folder = settings.workstation.state_folder
    if folder is None or not is_workers(settings):
        return
    subject, user = "workstation.state_folder", process_user(WORKER)
    place = next(one for one in (folder, *folder.parents) if one.exists())
    made = f"install -d -o {user.name} -g {user.group} -m 700 {folder}"
    if not place.is_dir():
        yield fail(
            subject, f"{place} is no folder: the worker does not start", f"{subject}: a folder of the worker's own"
        )
    elif not user.may("wx", place):
        text = f"{user.name} can't write in {place}: a restored directory is not noticed"
        yield fail(
            subject,
            text,
            made if place != folder else f"chown {user.name}:{user.group} {folder} && chmod 700 {folder}",
        )
    elif full := check_space(subject, place, "a restored directory is not noticed"):
        yield full
    else:
        yield ok(subject, f"{folder} can be written" if place == folder else f"the worker can make {folder}")


def check_data_folder(folder: Path = Path("/var/lib/mamia")) -> Iterator[Finding]:
    """Yield a finding if the web service's own folder is on a disk that is nearly full."""
    if folder.is_dir() and (full := check_space(str(folder), folder, "mails to people are lost")):
        yield full
