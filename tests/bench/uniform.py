"""Can answer times tell what was nearly right? Two-sample tests over 500 refusals of each kind, Argon2 on.

python tests/bench/uniform.py
"""

from __future__ import annotations

import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import Browser, Page
from conftest import settings_for
from directory_server import AcademyDirectory
from figures import record
from scipy.stats import ks_2samp, mannwhitneyu

from gateway.app import create_app
from gateway.composition.web import build_gateway

EACH = 500
TOLD_APART = 0.001
AT_ONCE = 2
WIDE = dict.fromkeys(
    ("per_login", "per_login_reset", "per_proof", "per_person", "per_address", "per_service", "overall"),
    "1000000/minute",
) | dict.fromkeys(("misses_per_address", "misses_overall"), "1000000/minute")
NEW = "Nouveau-2025"

Kinds = dict[str, Callable[[Browser, Page], Page]]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        directory = AcademyDirectory(Path(name) / "slapd")
        try:
            prepare(directory)
            gateway = build_gateway(
                settings_for(directory, throttle=WIDE, audit={"to": "file", "file": Path(name) / "audit.log"})
            )
            app = create_app(gateway)
            report("change", app, change_kinds(), "/modifier-mon-mot-de-passe")
            report("reset", app, reset_kinds(), "/reinitialiser-mon-mot-de-passe")
            report("find", app, find_kinds(), "/retrouver-mon-compte")
            gateway.close()
        finally:
            directory.slapd.stop()


def prepare(directory: AcademyDirectory) -> None:
    """A known account, a locked and a closed one, and many who were born on one day; all with Argon2 hashes."""
    for login in ("known", "locked", "closed"):
        directory.add_person(login)
        with directory.as_service("gateway") as line:
            line.modify_s(directory.dn(login), [(2, "userPassword", [b"Actuel-Pw-2024"])])
    directory.lock("locked")
    directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
    for number in range(60):
        directory.add_person(f"born{number}", surname=f"Nom{number}", birthDate="19700101")


def change_kinds() -> Kinds:
    def kind(login: str) -> Callable[[Browser, Page], Page]:
        # A password of its own each time, so that the directory's lock-out of the known account stays away.
        return lambda browser, page: browser.send(
            "/modifier-mon-mot-de-passe",
            page,
            login=login,
            current_password=f"Faux-Pw-{random.random()}",
            new_password=NEW,
            confirmation=NEW,
        )

    return {name: kind(name) for name in ("known", "unknown", "locked", "closed")}


def reset_kinds() -> Kinds:
    def kind(login: str, proof: str, born: str) -> Callable[[Browser, Page], Page]:
        return lambda browser, page: browser.send(
            "/reinitialiser-mon-mot-de-passe", page, login=login, proof=proof, birth_date=born
        )

    right, wrong = "12E8534567ABC", "12E8534567AAA"
    return {
        "unknown login": kind("unknown", right, "27/03/1985"),
        "wrong proof": kind("known", wrong, "27/03/1985"),
        "wrong birth date": kind("known", right, "28/03/1985"),
        "locked, wrong proof": kind("locked", wrong, "27/03/1985"),
        "closed": kind("closed", right, "27/03/1985"),
    }


def find_kinds() -> Kinds:
    def kind(surname: str, given_name: str, born: str) -> Callable[[Browser, Page], Page]:
        return lambda browser, page: browser.send(
            "/retrouver-mon-compte", page, surname=surname, given_name=given_name, birth_date=born
        )

    return {
        "nobody of that name or day": kind("Nemo", "Nobody", "02/02/1971"),
        "the name, another day": kind("Durand", "François", "02/02/1971"),
        "the day, another name": kind("Nemo", "Nobody", "01/01/1970"),
        "all but the given name": kind("Nom7", "Nobody", "01/01/1970"),
    }


def report(service: str, app: object, kinds: Kinds, path: str) -> None:
    times: dict[str, list[float]] = {name: [] for name in kinds}
    jobs = list(kinds) * EACH
    random.Random(1).shuffle(jobs)

    def work(name: str) -> None:
        browser = Browser(app)  # type: ignore[arg-type]
        page = browser.open(path)
        started = time.perf_counter()
        answer = kinds[name](browser, page)
        times[name].append(time.perf_counter() - started)
        assert answer.status == 422, (service, name, answer.status)

    with ThreadPoolExecutor(AT_ONCE) as hands:
        list(hands.map(work, jobs))
    for name, seconds in times.items():
        cuts = statistics.quantiles(seconds, n=20)
        print(f"{service}, {name}: median {1000 * statistics.median(seconds):.1f} ms, p95 {1000 * cuts[18]:.1f} ms")
    worst = min(
        (min(ks_2samp(times[one], times[other]).pvalue, mannwhitneyu(times[one], times[other]).pvalue), one, other)
        for one, other in itertools.combinations(times, 2)
    )
    pair = f"{worst[1]} / {worst[2]}"
    record(
        f"answer times: {service}, smallest p among {EACH} of each refusal ({pair})", worst[0], at_least=TOLD_APART
    )


if __name__ == "__main__":
    main()
