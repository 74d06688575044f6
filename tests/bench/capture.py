"""What it costs slapd to report its writes to `mamia capture`, and how soon a captured password is in the outbox.

    python -m tests.bench.capture

Two directories alike, one of which reports its writes, are asked in turn. Passwords are hashed with {SSHA}, so that
the hash does not hide the cost.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ldap

from gateway.protection.seal import make_key_pair
from tests.bench.figures import record
from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.ldap_clients import Person
from tests.support.slapd_server import LdapConnection, SlapdServer
from tests.support.workstation_settings import ABSENT_DOMAIN

ROUNDS, TRIES = 5, 60
PAUSE_SECONDS = 0.05
"""Between two writes: what the one before set going is over."""
FAST_HASH = (
    "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nreplace: olcPasswordHash\nolcPasswordHash: {SSHA}\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        with directory(folder / "plain") as plain, directory(folder / "reporting") as reporting:
            capture = listen(folder, reporting)
            try:
                compare("password written", plain, reporting, write)
                compare("search", plain, reporting, search)
                time_to_outbox(reporting)
            finally:
                capture.stop()


@contextmanager
def directory(folder: Path) -> Iterator[Person]:
    """One person of the rectorat in a directory of their own."""
    academy = SlapdServer(folder)
    academy.load(FAST_HASH, as_config=True)
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    yield Person(academy, folder, "fdurand4")
    academy.slapd.stop()


def listen(folder: Path, person: Person) -> CaptureProcess:
    for key in ("worker.key", "worker.pub"):
        (folder / key).symlink_to(person.folder / key)
    person.directory.slapd.report_writes_to(folder / "s")
    capture = CaptureProcess(folder, write_capture_settings(folder, person.directory, ABSENT_DOMAIN))
    capture.start()
    return capture


def compare(what: str, plain: Person, reporting: Person, ask: Callable[[LdapConnection, str, int], None]) -> None:
    rates, extra = [], []
    with plain.directory.as_admin() as one, reporting.directory.as_admin() as other:
        for _ in range(ROUNDS):
            alone, reported = median_seconds(one, plain.dn, ask), median_seconds(other, reporting.dn, ask)
            rates.append(reported / alone)
            extra.append(1000 * (reported - alone))
    record(f"capture: {what}, reported / not", rates)
    record(f"capture: {what}, reported - not", extra, "ms")


def median_seconds(line: LdapConnection, dn: str, ask: Callable[[LdapConnection, str, int], None]) -> float:
    taken = []
    for number in range(TRIES):
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        ask(line, dn, number)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def write(line: LdapConnection, dn: str, number: int) -> None:
    line.modify_s(dn, [(ldap.MOD_REPLACE, "userPassword", [f"Neuf-Passe-{number}".encode()])])


def search(line: LdapConnection, dn: str, number: int) -> None:
    line.search_s(dn, ldap.SCOPE_BASE, attrlist=["uid"])


def time_to_outbox(person: Person) -> None:
    """From slapd's answer until the sealed password is there."""
    taken = []
    for number in range(100):
        with person.directory.as_admin() as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "mamiaPendingSecret", None)])
            write(line, person.dn, 1000 + number)
            began = time.perf_counter()
            while not line.search_s(person.dn, ldap.SCOPE_BASE, "(mamiaPendingSecret=*)", ["1.1"]):
                time.sleep(0.001)
            taken.append(time.perf_counter() - began)
    record("capture: slapd's answer → outbox, 100 changes, p50", statistics.median(taken), "s")
    record("capture: slapd's answer → outbox, p95", statistics.quantiles(taken, n=20)[-1], "s")


if __name__ == "__main__":
    main()
