"""Can answer times tell what was nearly right? 500 pairs of refusals over HTTP, all hash schemes, also under load.

python -m tests.bench.uniform [pairs]
"""

from __future__ import annotations

import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.bench.figures import record
from tests.support.answer_times import (
    CRYPT,
    MAX_TRIES,
    SSHA,
    KeptConnection,
    add_accounts,
    argon2,
    bursts_of,
    in_turn,
    separation,
    times_of,
)
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import NUMEN, SlapdServer

PAIRS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
MAX_AREA = 0.55
LOAD = 6
"""Requests at once, where there is load."""
SCENARIOS = 3
"""For which accounts of each scheme are needed."""
WIDE = "10000000/minute"
LIMITS = (
    "per_login", "per_login_reset", "per_name", "per_proof", "per_person", "per_address", "per_service", "overall",
    "misses_per_address", "misses_overall",
)  # fmt: skip
NEW = "Nouveau-2025"

Jobs = list[tuple[str, dict[str, str]]]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd")
        try:
            accounts = prepare(directory)
            with mail_server() as smtp_port, served(folder, directory, smtp_port) as port:
                for at_once in (1, LOAD):
                    title = f"{at_once} at once"
                    measure(port, "change", f"change, {title}", change_jobs(accounts), at_once)
                    measure(port, "reset", f"reset, {title}", shuffled(RESETS), at_once)
                    measure(port, "find", f"find, {title}", shuffled(FINDS), at_once)
                measure_bursts(port, accounts)
                measure_next_request(port, directory)
        finally:
            directory.slapd.stop()


def prepare(directory: SlapdServer) -> Mapping[str, Iterator[str]]:
    """Logins by what hides behind them; of each open account so many that none is locked by the tries."""
    count = SCENARIOS * PAIRS // MAX_TRIES + 1
    open_ones = {"{SSHA}": SSHA, "{CRYPT}": CRYPT, "{ARGON2}": argon2(directory)}
    accounts = {
        scheme: in_turn(add_accounts(directory, f"known{number}x", count, stored))
        for number, (scheme, stored) in enumerate(open_ones.items())
    }
    for login in ("locked", "closed"):
        directory.add_person(login)
        accounts[login] = itertools.repeat(login)
    directory.lock("locked")
    directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
    for number in range(60):
        directory.add_person(f"born{number}", surname=f"Nom{number}", birthDate="19700101")
    return {"unknown": itertools.repeat("unknown"), **accounts}


@contextmanager
def mail_server() -> Iterator[int]:
    """A process of its own: in this one it would slow down the clocks."""
    port = free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    process = subprocess.Popen(command)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


@contextmanager
def served(folder: Path, directory: SlapdServer, smtp_port: int) -> Iterator[int]:
    limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
    more = f"""
[captcha]
required = []
[rate_limits]
{limits}
[audit]
destination = "file"
file = "{folder}/audit.log"
[notifications]
spool = "{folder}/mails"
smtp_host = "127.0.0.1"
smtp_port = {smtp_port}
smtp_security = "none"
"""
    front_end = ServeProcess.on_a_free_port(
        lambda port: write_settings_file(
            folder, directory, in_web=f"port = {port}\nsecure_cookies = false\naccess_log = false", more=more
        )
    )
    front_end.start()
    try:
        yield front_end.port
    finally:
        front_end.stop()


def wrong(login: str) -> dict[str, str]:
    """A wrong password of its own each time."""
    return {
        "login": login,
        "current_password": f"Faux-Pw-{random.random()}",
        "new_password": NEW,
        "confirmation": NEW,
    }


def change_jobs(accounts: Mapping[str, Iterator[str]]) -> Jobs:
    jobs = [(kind, wrong(next(logins))) for kind, logins in accounts.items() for _ in range(PAIRS)]
    random.Random(1).shuffle(jobs)
    return jobs


def proof(login: str, number: str, birth_date: str) -> dict[str, str]:
    return {"login": login, "proof": number, "birth_date": birth_date}


RESETS = {
    "unknown": proof("unknown", NUMEN, "27/03/1985"),
    "wrong proof": proof("known0x0", "12E8534567AAA", "27/03/1985"),
    "wrong birth date": proof("known0x0", NUMEN, "28/03/1985"),
    "locked, wrong proof": proof("locked", "12E8534567AAA", "27/03/1985"),
    "closed": proof("closed", NUMEN, "27/03/1985"),
}


def name(surname: str, given_name: str, birth_date: str) -> dict[str, str]:
    return {"surname": surname, "given_name": given_name, "birth_date": birth_date}


FINDS = {
    "unknown": name("Nemo", "Nobody", "02/02/1971"),
    "the name, another day": name("Durand", "Camille", "02/02/1971"),
    "the day, another name": name("Nemo", "Nobody", "01/01/1970"),
    "all but the given name": name("Nom7", "Nobody", "01/01/1970"),
}


def shuffled(kinds: Mapping[str, dict[str, str]]) -> Jobs:
    jobs = list(kinds.items()) * PAIRS
    random.Random(1).shuffle(jobs)
    return jobs


def measure(port: int, service: str, title: str, jobs: Jobs, at_once: int) -> None:
    page = {"change": CHANGE, "reset": RESET, "find": FIND}[service]
    report(title, times_of(port, page, jobs, at_once=at_once))


def measure_bursts(port: int, accounts: Mapping[str, Iterator[str]]) -> None:
    """All requests of a burst are for one login, so that they wait for each other's work."""
    kinds = ("unknown", "{SSHA}", "{ARGON2}")
    bursts = [
        (kind, [wrong(login) for _ in range(LOAD)])
        for _ in range(PAIRS // 5)
        for kind in kinds
        for login in [next(accounts[kind])]
    ]
    report(f"change, bursts of {LOAD} for one login", bursts_of(port, CHANGE, bursts))


def measure_next_request(port: int, directory: SlapdServer) -> None:
    """Times of the request that follows on the same connection, after failures of both kinds in turn."""
    now = datetime.now(UTC)
    failures = [f"{now - timedelta(seconds=second):%Y%m%d%H%M%S}.000000Z" for second in range(9)]
    logins = {
        "a plain failure": add_accounts(directory, "plain", PAIRS, SSHA),
        "one that locks": add_accounts(directory, "locks", PAIRS, SSHA, *failures),
    }
    times: dict[str, list[float]] = {kind: [] for kind in logins}
    with KeptConnection(port, CHANGE) as connection:
        for pair in zip(*logins.values(), strict=True):
            for kind, login in random.sample(list(zip(times, pair, strict=True)), 2):
                connection.send(422, **wrong(login))
                times[kind].append(connection.open())
    assert "pwdAccountLockedTime" in directory.read(logins["one that locks"][-1])
    report("the next request on a connection after", times)


def report(title: str, times: Mapping[str, Sequence[float]]) -> None:
    for kind, seconds in times.items():
        cuts = statistics.quantiles(seconds, n=20)
        print(f"{title}, {kind}: median {1000 * statistics.median(seconds):.1f} ms, p95 {1000 * cuts[18]:.1f} ms")
    pairs = {(one, other): separation(times[one], times[other]) for one, other in itertools.combinations(times, 2)}
    (one, other), worst = max(pairs.items(), key=lambda pair: pair[1].area)
    print(f"{title}: {one} / {other}: {worst}")
    each = len(times[one])
    record(f"answer times: {title}: largest AUC of {each} pairs ({one} / {other})", worst.area, at_most=MAX_AREA)


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s")
