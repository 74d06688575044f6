"""From the browser to the workstation: page, directory, outbox, worker process, domain controller; with deaths."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from gateway.account.model import Secret
from gateway.account.outcomes import Changed
from gateway.app import create_app
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from gateway.workstation.state import FINAL, DeliveryStatus, read_state
from tests.support import crashing_worker
from tests.support.browser import Browser
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD
from tests.support.worker_process import WorkerProcess, write_settings

pytestmark = pytest.mark.xdist_group("samba_ad")
FIRST, SECOND = "Premier-Pw-2025!", "Deuxieme-Pw-2026!"
ROUNDS = 60
MAX_ROUNDS = 2000
MIN_DEATHS = 11


@pytest.fixture
def dc(domain_controller):
    if not domain_controller.is_running:
        domain_controller.start()
    return domain_controller


@pytest.fixture
def config(tmp_path, directory, dc):
    return write_settings(tmp_path, directory, dc)


@pytest.fixture
def gateway(config):
    built = build_gateway(load(config))
    yield built
    built.close()


@pytest.fixture
def two_workers(config, tmp_path):
    """Not started yet; stopped at the end whatever happened."""
    processes = [WorkerProcess(config, tmp_path / f"worker{number}.log") for number in (1, 2)]
    yield processes
    for process in processes:
        process.stop()


@pytest.fixture
def worker(two_workers):
    two_workers[0].start()
    return two_workers[0]


def add(directory, dc, *logins):
    for login in logins:
        directory.add_person(login, departmentNumber="rectorat")
    dc.add_people(list(logins), "Depart-Pw-2024!")


def states(directory, login):
    return [read_state(value) for value in directory.read(login).get("mamiaSyncState", [])]


def is_over(directory, login):
    return "mamiaPendingSecret" not in directory.read(login)


def is_waiting(browser: Browser, path: str) -> bool:
    """What the result page at `path` says when its script asks."""
    answer = browser.client.get(path + "/etat").json
    assert answer
    return bool(answer["waiting"])


def was_ready(worker: WorkerProcess, times: int) -> bool:
    """It was started so many times."""
    return worker.log.read_text().count("worker ready") >= times


class TestChange:
    def test_when_the_worker_runs_then_the_page_says_that_the_workstation_has_it_and_it_does(
        self, directory, dc, gateway, worker
    ):
        add(directory, dc, "ada")
        browser = Browser(create_app(gateway))

        page = browser.change("ada", PASSWORD, FIRST)

        wait_until(lambda: not is_waiting(browser, page.path))
        assert "Poste de travail actif" in browser.open(page.path).main
        assert dc.smb("ada", FIRST)
        assert not dc.smb("ada", "Depart-Pw-2024!")

    def test_when_the_workstation_knows_the_second_login_then_the_password_arrives_there(
        self, directory, dc, gateway, worker
    ):
        directory.add_person("dina", uid=["dina", "dina-durand"], departmentNumber="rectorat")
        dc.add_people(["dina-durand"], "Depart-Pw-2024!")

        Browser(create_app(gateway)).change("dina", PASSWORD, FIRST)

        wait_until(lambda: is_over(directory, "dina"))
        assert states(directory, "dina")[0].status is DeliveryStatus.DONE
        assert dc.smb("dina-durand", FIRST)

    def test_when_the_domain_is_down_at_first_then_it_arrives_once_it_is_up(self, directory, dc, gateway, worker):
        add(directory, dc, "bea")
        dc.stop()
        browser = Browser(create_app(gateway))

        page = browser.change("bea", PASSWORD, FIRST)
        wait_until(lambda: states(directory, "bea")[0].attempts > 0)
        assert "injoignable pour le moment" in browser.open(page.path).main
        dc.start()

        wait_until(lambda: states(directory, "bea")[0].status is DeliveryStatus.DONE)
        assert dc.smb("bea", FIRST)

    def test_when_the_worker_is_stopped_by_sigterm_then_the_next_one_goes_on(self, directory, dc, gateway, worker):
        add(directory, dc, "cleo")
        worker.stop()
        Browser(create_app(gateway)).change("cleo", PASSWORD, FIRST)

        worker.start()
        wait_until(lambda: is_over(directory, "cleo"))

        assert dc.smb("cleo", FIRST)

    @pytest.mark.parametrize("moment", crashing_worker.MOMENTS)
    def test_when_a_worker_is_killed_at_that_moment_then_the_next_one_finishes_its_work(
        self, directory, dc, gateway, config, two_workers, moment
    ):
        login = f"mort{crashing_worker.MOMENTS.index(moment)}"
        add(directory, dc, login)
        Browser(create_app(gateway)).change(login, PASSWORD, FIRST)

        dead = subprocess.run([sys.executable, crashing_worker.__file__, config, moment])
        two_workers[1].start()
        wait_until(lambda: is_over(directory, login))

        assert dead.returncode == -signal.SIGKILL
        assert [state.status for state in states(directory, login)] == [DeliveryStatus.DONE]
        assert dc.smb(login, FIRST)
        assert not dc.smb(login, "Depart-Pw-2024!")


@contextmanager
def killed_again_and_again(processes, chance):
    """Kill one of `processes` at random moments and start it again while the block runs; yield the list of kills."""
    over, deaths = threading.Event(), []

    def kill_and_start() -> None:
        while not over.wait(chance.uniform(0.1, 0.9)):
            process = chance.choice(processes)
            process.kill()
            deaths.append(process)
            process.start()

    killer = threading.Thread(target=kill_and_start)
    killer.start()
    try:
        yield deaths
    finally:
        over.set()
        killer.join()


class TestChanges:
    def test_when_workers_are_killed_at_random_moments_then_every_newest_password_arrives_and_none_is_in_plain_text(
        self, directory, dc, gateway, two_workers, tmp_path, caplog
    ):
        """Ten people change while two workers die and come back at moments that chance chooses.

        tests/bench/killed.py does so for 200 rounds, against a realm.
        """
        chance = random.Random(2026)
        people = [f"person{number}" for number in range(10)]
        add(directory, dc, *people)
        for process in two_workers:
            process.start()
        passwords = gateway.directory.passwords
        newest = dict.fromkeys(people, PASSWORD)
        with killed_again_and_again(two_workers, chance) as deaths:
            for number in itertools.count():
                if number >= ROUNDS and len(deaths) >= MIN_DEATHS:
                    break
                assert number < MAX_ROUNDS, "the workers are killed no more"
                login = chance.choice(people)
                password = f"Hasard-{number:04}-{chance.randrange(10**9)}!"
                account = passwords.authenticate(login, Secret(newest[login]), lambda account: True)
                assert isinstance(passwords.set_password(account, Secret(password)), Changed)
                newest[login] = password
                time.sleep(chance.uniform(0, 0.15))
        changed = [login for login in people if newest[login] != PASSWORD]
        wait_until(lambda: all(is_over(directory, login) for login in changed), 300)
        for process in two_workers:
            process.stop()

        assert all(state.status in FINAL for login in changed for state in states(directory, login))
        assert [login for login in changed if not dc.kinit(login, newest[login])] == []
        written = [*directory.files(), *tmp_path.rglob("*"), *dc.folder.rglob("*.log")]
        for file in written:
            with suppress(OSError):
                content = file.read_bytes() if file.is_file() else b""
                assert b"Hasard-" not in content, f"a password is in plain text in {file}"
        assert "Hasard-" not in caplog.text

    def test_when_one_worker_stalls_in_the_middle_then_the_newest_password_wins_at_the_domain(
        self, directory, dc, gateway, two_workers
    ):
        """A worker is stopped (SIGSTOP) at a random moment of its delivery, wakes up late, and writes what it had."""
        chance = random.Random(7)
        add(directory, dc, "dora")
        first, second = two_workers
        passwords = gateway.directory.passwords
        current = PASSWORD
        first.start()
        wait_until(lambda: "worker ready" in first.log.read_text())
        for number in range(4):
            for password in (f"Tardif-Pw-{number}-un!", f"Tardif-Pw-{number}-deux!"):
                account = passwords.authenticate("dora", Secret(current), lambda account: True)
                assert isinstance(passwords.set_password(account, Secret(password)), Changed)
                current = password
                if password.endswith("un!"):
                    time.sleep(chance.uniform(0, 0.2))
                    first.signal(signal.SIGSTOP)
            second.start()
            wait_until(partial(was_ready, second, number + 1))
            first.signal(signal.SIGCONT)
            wait_until(lambda: is_over(directory, "dora"))
            second.stop()
            assert dc.kinit("dora", current)
