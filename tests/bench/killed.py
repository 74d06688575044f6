"""Front ends and workers killed (-9) at random moments of changes: is a password lost, stale, or plain text on disk?

    python -m tests.bench.killed        ROUNDS=20 for a short run
Two front ends and two workers on a real slapd, Redis and MIT realm. In each round four people change their password
while one process is killed and started again; then slapd and the realm must both take what was confirmed,
or one and the same of the two where nothing was confirmed.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from gateway.protection.seal import make_key_pair
from tests.bench.figures import record
from tests.support.kdc_server import KdcServer
from tests.support.load_generator import MARK, Balancer, Person, write_shared_settings
from tests.support.polling import wait_until
from tests.support.redis_server import RedisServer
from tests.support.serve_process import ServeProcess
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.worker_process import WorkerProcess

ROUNDS = int(os.environ.get("ROUNDS", "200"))
PEOPLE = 4
MAX_CHANGE_SECONDS = 0.3


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name, ExitStack() as stack:
        folder = Path(name)
        directory, redis, kdc = (
            SlapdServer(folder / "slapd"),
            RedisServer(folder),
            KdcServer(realm_folder(folder)),
        )
        stack.callback(directory.slapd.stop)
        for server in (redis, kdc):
            server.start()
            stack.callback(server.stop)
        make_key_pair(folder / "worker.key", folder / "worker.pub")

        def configure(port: int) -> Path:
            return write_shared_settings(folder, port, directory, [directory.url], redis.url, kdc)

        front_ends = [ServeProcess.on_a_free_port(configure) for _ in range(2)]
        workers = [
            WorkerProcess(front_end.config, front_end.config.parent / "worker.log") for front_end in front_ends
        ]
        processes: list[ServeProcess | WorkerProcess] = [*front_ends, *workers]
        for process in processes:
            process.start()
            stack.callback(process.stop)
        people = staff(directory, kdc, Balancer(front_ends))
        run(directory, kdc, people, processes)
        in_plain_text = [file for file in kept(folder, kdc) if MARK.encode() in file.read_bytes()]
        record(f"killed -9, {ROUNDS} rounds: files with a password in plain text", len(in_plain_text), at_most=0)


def realm_folder(folder: Path) -> Path:
    realm = folder / "realm"
    realm.mkdir()
    return realm


def staff(directory: SlapdServer, kdc: KdcServer, balancer: Balancer) -> list[Person]:
    people = []
    for number in range(PEOPLE):
        numen = f"12E000000{number}ABC"
        login = directory.add_person(f"agent{number}", numen=numen, departmentNumber="rectorat")
        kdc.add_person(login, PASSWORD)
        people.append(Person(login, "Durand", numen, balancer))
    return people


def run(
    directory: SlapdServer, kdc: KdcServer, people: list[Person], victims: list[ServeProcess | WorkerProcess]
) -> None:
    chance, lost, stale, unconfirmed = random.Random(7), 0, 0, 0
    for round_ in range(ROUNDS):
        victim = victims[round_ % len(victims)]
        before = {person.login: person.password for person in people}
        with ThreadPoolExecutor(PEOPLE) as pool:
            answers = [pool.submit(person.change_once) for person in people]
            time.sleep(chance.uniform(0, MAX_CHANGE_SECONDS))
            victim.kill()
            victim.start()
        wait_until(lambda: not any("mamiaPendingSecret" in directory.read(person.login) for person in people))
        for person, answer in zip(people, answers, strict=True):
            confirmed = answer.result()
            candidates = [confirmed] if confirmed else [person.tried or before[person.login], before[person.login]]
            held = [password for password in dict.fromkeys(candidates) if directory.binds(person.login, password)]
            unconfirmed += not confirmed
            lost += not held
            person.password = held[0] if held else candidates[0]
            stale += not kdc.kinit(person.login, person.password)
    changes = ROUNDS * PEOPLE
    record(f"killed -9, {ROUNDS} rounds, {changes} changes: lost", lost, at_most=0)
    record(f"killed -9, {ROUNDS} rounds: stale at the workstation", stale, at_most=0)
    record(f"killed -9, {ROUNDS} rounds: changes in flight that were not confirmed", unconfirmed)


def kept(folder: Path, kdc: KdcServer) -> list[Path]:
    """Everything that anybody but the realm wrote."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return [file for file in files if kdc.folder not in file.parents]


if __name__ == "__main__":
    main()
