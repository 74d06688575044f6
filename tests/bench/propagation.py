"""What propagation costs, as ratios taken in one run on real servers: python -m tests.bench.propagation"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from ldap3 import MODIFY_REPLACE, NONE, Connection, Server
from ldap3.core.exceptions import LDAPException

from gateway.account.model import Secret
from gateway.composition.web import build_gateway
from gateway.composition.worker import build_worker
from gateway.demo.private_samba import PEOPLE, REALM, SERVICE, PrivateSamba
from gateway.settings import Settings
from gateway.settings.loader import load
from gateway.settings.service_accounts import workers_directory
from tests.bench.figures import record
from tests.support.authenticated import account_of
from tests.support.ports import free_address
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.worker_process import WorkerProcess, write_settings

PENDING = 500
CHANGES = 50
ROUNDS = int(os.environ.get("ROUNDS", "3"))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        directory = SlapdServer(folder / "slapd")
        dc = PrivateSamba(folder / "dc", free_address())
        dc.create()
        dc.start()
        try:
            people = [f"person{number}" for number in range(PENDING)]
            for login in people:
                directory.add_person(login, departmentNumber="rectorat")
            dc.add_people(people, "Depart-Pw-2024!")
            config = write_settings(folder, directory, dc, lease_seconds=60)
            settings = load(config)
            rate(settings, config, dc, people)
            latency(settings, config, dc, people[:CHANGES], folder)
            cost(settings, people)
        finally:
            dc.stop()
            directory.slapd.stop()


def rate(settings: Settings, config: Path, dc: PrivateSamba, people: list[str]) -> None:
    """The worker with 500 pending against bare sequential unicodePwd writes over one connection."""
    ratios, bare_rates = [], []
    passwords = build_gateway(settings).directory.passwords
    for round_ in range(ROUNDS):
        for login in people:
            account = account_of(passwords, login, PASSWORD if round_ == 0 else f"Debit-Pw-{round_ - 1}-2025!")
            passwords.set_password(account, Secret(f"Debit-Pw-{round_}-2025!"))
        worker = build_worker(settings, workers_directory(settings, config))
        for target in worker.targets.values():
            target.rules()  # opens the connection, as a worker in service has it open
        started = time.perf_counter()
        delivered = worker.delivery_worker.run_once()
        workers_rate = delivered / (time.perf_counter() - started)
        worker.close()
        bare = bare_rate(dc, people)
        bare_rates.append(bare)
        ratios.append(workers_rate / bare)
    record("propagation: worker's rate / bare unicodePwd writes", ratios, at_least=0.9)
    record("propagation: bare unicodePwd writes", bare_rates, "a second")


def bare_rate(dc: PrivateSamba, people: list[str]) -> float:
    line = Connection(
        Server(dc.url, get_info=NONE), f"{SERVICE}@{REALM.lower()}", dc.password(SERVICE), auto_bind=True
    )
    value = '"Nu-Pw-2025-debit!"'.encode("utf-16-le")
    started = time.perf_counter()
    for login in people:
        assert line.modify(f"CN={login},{PEOPLE}", {"unicodePwd": [(MODIFY_REPLACE, [value])]}), line.result
    taken = time.perf_counter() - started
    line.unbind()
    return len(people) / taken


def latency(settings: Settings, config: Path, dc: PrivateSamba, people: list[str], folder: Path) -> None:
    """From the answer to the browser to the first LDAPS bind that the domain accepts, idle system."""
    gateway = build_gateway(settings)
    passwords = gateway.directory.passwords
    worker = WorkerProcess(config, folder / "worker.log")
    worker.start()
    time.sleep(3)
    seconds = []
    for login in people:
        account = account_of(passwords, login, f"Debit-Pw-{ROUNDS - 1}-2025!")
        passwords.set_password(account, Secret("Vite-Pw-2026!"))
        answered = time.perf_counter()
        while not binds(dc, login, "Vite-Pw-2026!"):
            time.sleep(0.01)
        seconds.append(time.perf_counter() - answered)
    worker.stop()
    gateway.close()
    cuts = statistics.quantiles(seconds, n=20)
    record(
        f"propagation: answer → workstation takes it, {len(seconds)} changes, p50", statistics.median(seconds), "s"
    )
    record("propagation: answer → workstation takes it, p95", cuts[18], "s", at_most=1)


def binds(dc: PrivateSamba, login: str, password: str) -> bool:
    line = Connection(Server(dc.url, get_info=NONE), f"{login}@{REALM.lower()}", password)
    with suppress(LDAPException):
        try:
            return bool(line.bind())
        finally:
            line.unbind()
    return False


def cost(settings: Settings, people: list[str]) -> None:
    """The write of a password with the sealed outbox against the same write without."""
    without = settings.model_copy(update={"workstation": type(settings.workstation)()})
    ratios = []
    current_sealed = current_plain = f"Debit-Pw-{ROUNDS - 1}-2025!"
    for round_ in range(ROUNDS):
        new_sealed, new_plain = f"Scelle-Pw-{round_}-2026!", f"Simple-Pw-{round_}-2026!"
        sealed = median_write(settings, people[-100:], current_sealed, new_sealed)
        plain = median_write(without, people[-200:-100], current_plain, new_plain)
        ratios.append(sealed / plain)
        current_sealed, current_plain = new_sealed, new_plain
    record("propagation: write with sealed outbox / without", ratios)


def median_write(settings: Settings, people: list[str], current: str, new: str) -> float:
    gateway = build_gateway(settings)
    passwords = gateway.directory.passwords
    times = []
    for login in people:
        account = account_of(passwords, login, current)
        times.append(timed(partial(passwords.set_password, account, Secret(new))))
    gateway.close()
    return statistics.median(times)


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
