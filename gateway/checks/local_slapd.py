"""Checks of what root on slapd's machine may read: what slapd logs, and how full its database is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ldap3 import BASE, LEVEL, Connection

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.configuration import CONFIG
from gateway.directory.local_root import connect_as_root
from gateway.ldap import ANYTHING, Entry, close, is_below, try_search

PACKETS = {"any", "packets", "ber"}
"""Words of olcLogLevel with which slapd logs each message as it came, passwords too."""
PACKET_BITS = 0x2 | 0x10
"""The same as a number (slapd-config(5)): 2 packets, 16 ber; -1 is all."""
USUAL_BYTES = 10 * 1024**2
"""What slapd takes without olcDbMaxSize (slapd-mdb(5))."""
NEARLY_FULL, FULL = 0.8, 0.97
DATA = "data.mdb"


def check_local_slapd(url: str, dn: str) -> Iterator[Finding]:
    """Yield findings about the slapd at `url` and its database that holds `dn`, if root may read cn=config there."""
    root = connect_as_root(url)
    if root is None:
        return
    try:
        yield from _log_level(f"{url}: log", root)
        yield from _size(f"{url}: size of the database", root, dn)
    finally:
        close(root)


def _log_level(subject: str, root: Connection) -> Iterator[Finding]:
    for entry in try_search(root, CONFIG, ANYTHING, ["olcLogLevel"], BASE).entries:
        words = [word for value in entry.all("olcLogLevel") for word in value.split()]
        if shown := [word for word in words if _logs_packets(word)]:
            text = (
                f"olcLogLevel is {' '.join(shown)}: slapd writes every password and NUMEN into its log in plain text"
            )
            hint = "olcLogLevel: stats in cn=config; then delete the logs that were written, and their copies"
            yield fail(subject, text, hint)
        else:
            yield ok(subject, "slapd writes no passwords into it")


def _logs_packets(word: str) -> bool:
    try:
        return bool(int(word, 0) & PACKET_BITS)
    except ValueError:
        return word.lower() in PACKETS


def _size(subject: str, root: Connection, dn: str) -> Iterator[Finding]:
    wanted = ["olcSuffix", "olcDbMaxSize", "olcDbDirectory"]
    found = try_search(root, CONFIG, "(objectClass=olcMdbConfig)", wanted, LEVEL).entries
    for entry in found:
        if any(is_below(dn, suffix) for suffix in entry.all("olcSuffix")):
            yield from _judged(subject, entry)


def _judged(subject: str, database: Entry) -> Iterator[Finding]:
    largest = int(database.first("olcDbMaxSize") or USUAL_BYTES)
    try:
        # A folder with a blank in its name is in quotes there.
        used = (Path(database.first("olcDbDirectory").strip('"')) / DATA).stat().st_size
    except OSError:
        return
    state = f"{DATA} has {_megabytes(used)} of the {_megabytes(largest)} MB of olcDbMaxSize"
    # A file never shrinks, so some of its pages may be free again.
    hint = (
        f"olcDbMaxSize: {max(4 * used, 1024**3)} in {database.dn}, if the disk has room; then restart slapd; slapcat "
        "and slapadd into an empty folder make the file smaller"
    )
    consequence = "slapd refuses every change of a password when it is full"
    if used >= FULL * largest:
        yield fail(subject, f"{state}: {consequence}", hint)
    elif used >= NEARLY_FULL * largest:
        yield warn(subject, f"{state}; {consequence}", hint)
    else:
        yield ok(subject, state)


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.3g}"
