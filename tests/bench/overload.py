"""More people at once than the directory can hash for, with Argon2 as it is shipped.

`mamia serve` runs as an academy runs it, on a real slapd. Eight and two hundred people change their passwords at the
same moment; meanwhile `/health/live` is asked. Beside it stands what slapd alone does: the same bind and the same
Modify, by as many connections as the machine has processors. Both are taken in turn, three times.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ldap
import requests

from tests.bench.figures import record
from tests.support.browser import CHANGE
from tests.support.ports import free_port
from tests.support.serve_process import ServeProcess, fields_of
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SlapdServer

NEW = "Orage-Violet-26"
ROUNDS = 3
ALONE = 60
WIDE = "10000000/minute"
LIMITS = "\n".join(f'{name} = "{WIDE}"' for name in ("per_login", "per_address", "per_service", "overall"))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd")
        health_port = free_port()

        def configure(port: int) -> Path:
            in_web = f"port = {port}\nhealth_port = {health_port}\nsecure_cookies = false"
            more = f"[captcha]\nrequired = []\n[rate_limits]\n{LIMITS}\n"
            return write_settings_file(folder, directory, in_web=in_web, more=more)

        front_end = ServeProcess.on_a_free_port(configure)
        front_end.start()
        try:
            for at_once in (8, 200):
                measure(directory, front_end, health_port, at_once)
        finally:
            front_end.stop()
            directory.slapd.stop()


def measure(directory: SlapdServer, front_end: ServeProcess, health_port: int, at_once: int) -> None:
    refused, slowest_live, ratios, alone_rates = 0, [], [], []
    for number in range(ROUNDS):
        alone = slapd_alone(directory, [add(directory, f"alone{at_once}r{number}n{n}") for n in range(ALONE)])
        people = [add(directory, f"web{at_once}r{number}n{n}") for n in range(at_once)]
        rate, failed, live = over_http(front_end, health_port, people)
        refused += failed
        slowest_live.append(1000 * live)
        ratios.append(rate / alone)
        alone_rates.append(alone)
    record(f"changes with Argon2, slapd alone, beside {at_once} at once", alone_rates, "a second")
    record(f"changes with Argon2, {at_once} at once / slapd alone", ratios, at_least=0.95)
    record(f"changes with Argon2, {at_once} at once, answers that were not 303", [refused], at_most=0)
    record(f"/health/live at {at_once} at once, slowest", slowest_live, "ms", at_most=500)


def add(directory: SlapdServer, login: str) -> str:
    return directory.add_person(login)


def slapd_alone(directory: SlapdServer, logins: list[str]) -> float:
    """Changes a second. Connections are kept, as the gateway keeps its own."""
    at_once = os.cpu_count() or 1

    def change_all(part: list[str], start: threading.Barrier) -> None:
        with directory.connect() as person, directory.as_service("gateway") as service:
            start.wait()
            for login in part:
                person.simple_bind_s(directory.dn(login), PASSWORD)
                service.modify_s(directory.dn(login), [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])

    start = threading.Barrier(at_once + 1)
    with ThreadPoolExecutor(at_once) as workers:
        done = [workers.submit(change_all, logins[number::at_once], start) for number in range(at_once)]
        start.wait()
        started = time.perf_counter()
        for one in done:
            one.result()
        return len(logins) / (time.perf_counter() - started)


def over_http(front_end: ServeProcess, health_port: int, logins: list[str]) -> tuple[float, int, float]:
    """Changes a second, how many were not done, and the slowest answer of `/health/live` in seconds."""
    forms = [opened(front_end, login) for login in logins]
    start, is_over, slowest = threading.Barrier(len(logins)), threading.Event(), [0.0]

    def ask() -> None:
        while not is_over.is_set():
            began = time.perf_counter()
            requests.get(f"http://127.0.0.1:{health_port}/health/live", timeout=60)
            slowest[0] = max(slowest[0], time.perf_counter() - began)
            time.sleep(0.05)

    def send(form: Callable[[], int]) -> int:
        start.wait()
        return form()

    supervisor = threading.Thread(target=ask)
    supervisor.start()
    with ThreadPoolExecutor(len(logins)) as people:
        began = time.perf_counter()
        answers = list(people.map(send, forms))
        seconds = time.perf_counter() - began
    is_over.set()
    supervisor.join()
    return len(logins) / seconds, sum(not is_saved for is_saved in answers), slowest[0]


def opened(front_end: ServeProcess, login: str) -> Callable[[], bool]:
    """Sends the form, which was opened before, when it is called; whether the password was saved."""
    browser = requests.Session()
    address = front_end.address + CHANGE
    fields = fields_of(browser.get(address, timeout=60).text)
    fields |= {"login": login, "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
    return lambda: (
        "/resultat/" in browser.post(address, fields, timeout=120, allow_redirects=False).headers["Location"]
    )


if __name__ == "__main__":
    main()
