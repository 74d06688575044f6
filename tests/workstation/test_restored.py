"""A real slapd that is restored from a real backup: what waited in it is held, and nothing else is."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ldap
import pytest
from pydantic import SecretStr

from gateway.account.errors import DirectoryUnavailable
from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.worker_tokens import LdapWorkerTokens
from gateway.workstation.deliver import DeliveryWorker
from gateway.workstation.hold import HoldingOutbox
from gateway.workstation.restored import CONFIRM_SECONDS, RAISE_SECONDS, RestoreDetector
from gateway.workstation.state import DeliveryStatus, read_state
from gateway.workstation.token_file import NoRecord, TokenFile, TokenFileError
from tests.support.backup import BACKUPS, FileBackup, LdifBackup
from tests.support.fake_target import LEASE, FakeMonotonicClock, FakeTarget
from tests.support.gateway_settings import SERVICES, settings_for
from tests.support.outbox_harness import OutboxHarness
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.upgraded_slapd import SlapdBefore

FIRST, SECOND, THIRD = "Premier-2025", "Deuxieme-2025", "Troisieme-2025"
SYNC = f"cn=sync,{SERVICES}"

Backup = LdifBackup | FileBackup


@dataclass
class Bench:
    """Workers with a state folder, or without one, on one clock that stands still until a test lets time pass."""

    harness: OutboxHarness
    pool: ConnectionPool
    domain: FakeTarget
    seconds: FakeMonotonicClock
    audited: list[tuple[str, str]]

    def start(self, folder: Path | None) -> DeliveryWorker:
        record = TokenFile(folder) if folder else NoRecord()
        detector = RestoreDetector(LdapWorkerTokens(self.pool, SYNC), record, self.seconds)
        worker = self.harness.worker(self.domain, name=str(folder))
        worker.outbox = HoldingOutbox(self.harness.outbox, detector, self.audit)
        return worker

    def audit(self, service: str, outcome: str, **facts: object) -> None:
        self.audited.append((str(facts["login"]), str(outcome)))

    def work(self, worker: DeliveryWorker) -> None:
        """A round, and another one when a lower number has been there long enough to be sure."""
        worker.run_once()
        self.seconds.let_pass(CONFIRM_SECONDS)
        worker.run_once()

    def change(self, login: str, new: str, current: str = PASSWORD) -> None:
        self.harness.change(login, current, new)


@pytest.fixture
def bench(directory, harness, domain) -> Iterator[Bench]:
    pool = open_pool(directory)
    yield Bench(harness, pool, domain, FakeMonotonicClock(), [])
    pool.close()


def open_pool(directory: SlapdServer) -> ConnectionPool:
    """The worker's connections."""
    settings = settings_for(directory).directory
    password = SecretStr(directory.slapd.password("sync"))
    sync = settings.model_copy(update={"bind_dn": SYNC, "bind_password": password})
    return ConnectionPool(sync, LdapServers(sync), as_service=True)


def steps(directory: SlapdServer, login: str) -> list[DeliveryStatus]:
    return [state.status for value in directory.read(login)["mamiaSyncState"] if (state := read_state(value))]


def tokens(directory: SlapdServer) -> dict[str, int]:
    with directory.as_admin() as line:
        [(_, entry)] = line.search_s(SYNC, ldap.SCOPE_BASE, attrlist=["mamiaWorkerToken"])
    values = (value.decode().split(";") for value in entry.get("mamiaWorkerToken", []))
    return {worker: int(number) for worker, number in values}


def wait_in_a_backup(
    bench: Bench,
    directory: SlapdServer,
    worker: DeliveryWorker,
    make: Callable[[SlapdServer, Path], Backup],
    folder: Path,
) -> Backup:
    """A backup in which the first password waits; the workstation then gets that one and a second one."""
    worker.run_once()
    bench.change("fdurand4", FIRST)
    backup = make(directory, folder)
    worker.run_once()
    bench.change("fdurand4", SECOND, FIRST)
    worker.run_once()
    assert bench.domain.writes == [FIRST, SECOND]
    return backup


def names(folder: Path) -> set[str]:
    return {json.loads(file.read_text())["worker"] for file in folder.glob("*/restore-token.json")}


class TestRestored:
    @pytest.mark.parametrize("make", BACKUPS)
    def test_when_the_worker_runs_then_what_waited_is_held_and_the_workstation_keeps_the_newer_one(
        self, bench, directory, durand, tmp_path, make
    ):
        worker = bench.start(tmp_path / "state")
        wait_in_a_backup(bench, directory, worker, make, tmp_path).restore()

        bench.work(worker)

        assert bench.domain.passwords[durand] == SECOND
        assert steps(directory, durand) == [DeliveryStatus.HELD]
        assert "mamiaPendingSecret" in directory.read(durand)
        assert bench.audited == [(durand, "held")]

    def test_when_the_worker_has_no_folder_and_runs_then_it_is_noticed_too(self, bench, directory, durand, tmp_path):
        worker = bench.start(None)
        wait_in_a_backup(bench, directory, worker, LdifBackup, tmp_path).restore()

        bench.work(worker)

        assert bench.domain.writes == [FIRST, SECOND]
        assert steps(directory, durand) == [DeliveryStatus.HELD]

    def test_when_the_worker_was_stopped_meanwhile_then_the_next_one_holds_what_waited(
        self, bench, directory, durand, tmp_path
    ):
        wait_in_a_backup(bench, directory, bench.start(tmp_path / "state"), LdifBackup, tmp_path).restore()

        bench.work(bench.start(tmp_path / "state"))

        assert bench.domain.writes == [FIRST, SECOND]
        assert steps(directory, durand) == [DeliveryStatus.HELD]

    def test_when_the_backup_is_older_than_the_workers_first_start_then_it_is_noticed(
        self, bench, directory, durand, tmp_path
    ):
        bench.change(durand, FIRST)
        backup = LdifBackup(directory, tmp_path)
        worker = bench.start(tmp_path / "state")
        worker.run_once()
        bench.change(durand, SECOND, FIRST)
        worker.run_once()
        backup.restore()

        bench.work(worker)

        assert bench.domain.writes == [FIRST, SECOND]

    def test_when_a_password_is_changed_afterwards_then_that_one_is_delivered(
        self, bench, directory, durand, tmp_path
    ):
        worker = bench.start(tmp_path / "state")
        wait_in_a_backup(bench, directory, worker, LdifBackup, tmp_path).restore()
        bench.work(worker)

        bench.change(durand, THIRD, FIRST)
        worker.run_once()

        assert bench.domain.passwords[durand] == THIRD
        assert steps(directory, durand) == [DeliveryStatus.DONE]

    def test_when_an_operator_resumes_it_then_it_is_delivered_and_not_held_again(
        self, bench, directory, durand, tmp_path
    ):
        worker = bench.start(tmp_path / "state")
        wait_in_a_backup(bench, directory, worker, LdifBackup, tmp_path).restore()
        bench.work(worker)

        [item] = bench.harness.outbox.waiting()
        [state] = item.states
        assert bench.harness.outbox.record(item, state, state.resumed())
        bench.work(bench.start(tmp_path / "state"))

        assert bench.domain.writes == [FIRST, SECOND, FIRST]
        assert steps(directory, durand) == [DeliveryStatus.DONE]

    def test_when_two_workers_run_then_the_one_that_delivered_nothing_notices_it_too(
        self, bench, directory, durand, tmp_path
    ):
        busy, idle = bench.start(tmp_path / "busy"), bench.start(tmp_path / "idle")
        idle.run_once()
        backup = wait_in_a_backup(bench, directory, busy, LdifBackup, tmp_path)
        idle.run_once()
        backup.restore()

        bench.work(idle)
        bench.work(busy)

        assert bench.domain.writes == [FIRST, SECOND]
        assert steps(directory, durand) == [DeliveryStatus.HELD]
        assert bench.audited == [(durand, "held")]

    def test_when_the_worker_stops_half_way_then_the_next_one_holds_the_others(self, bench, directory, tmp_path):
        logins = [directory.add_person(f"person{number}", departmentNumber="rectorat") for number in range(3)]
        worker = bench.start(tmp_path / "state")
        for login in logins:
            bench.change(login, FIRST)
        backup = LdifBackup(directory, tmp_path)
        worker.run_once()
        backup.restore()
        worker.outbox.outbox = Stopping(bench.harness.outbox)
        with pytest.raises(DirectoryUnavailable):
            bench.work(worker)
        assert sorted(steps(directory, login)[0] for login in logins) == [
            DeliveryStatus.HELD,
            DeliveryStatus.PENDING,
            DeliveryStatus.PENDING,
        ]

        bench.work(bench.start(tmp_path / "state"))

        assert [steps(directory, login) for login in logins] == [[DeliveryStatus.HELD]] * 3
        assert len(bench.domain.writes) == 3


class Stopping:
    """The outbox of a directory that goes away after one record."""

    def __init__(self, outbox) -> None:
        self.waiting, self._record, self._records = outbox.waiting, outbox.record, 0

    def record(self, *arguments, **named):
        if self._records:
            raise DirectoryUnavailable("gone")
        self._records += 1
        return self._record(*arguments, **named)


class TestStartedAnew:
    @pytest.mark.parametrize("end", ["stop", "kill"])
    def test_when_slapd_was_stopped_or_killed_then_nothing_is_held(self, bench, directory, durand, tmp_path, end):
        worker = bench.start(tmp_path / "state")
        worker.run_once()
        bench.change(durand, FIRST)
        for _ in range(5):
            bench.seconds.let_pass(RAISE_SECONDS)
            worker.outbox.waiting()

        getattr(directory.slapd, end)()
        directory.slapd.start()
        bench.work(worker)

        assert bench.domain.writes == [FIRST]
        assert bench.audited == []


def lose(file: Path) -> None:
    file.unlink()


def damage(file: Path) -> None:
    file.write_bytes(b'{"worker": "\xff')


class TestStateFolder:
    @pytest.mark.parametrize("spoil, reported", [(lose, "is new"), (damage, "cannot be read and is replaced")])
    def test_when_its_file_is_lost_or_damaged_then_it_delivers_and_says_what_can_not_be_noticed(
        self, bench, directory, durand, tmp_path, caplog, spoil, reported
    ):
        bench.start(tmp_path / "state").run_once()
        spoil(tmp_path / "state" / "restore-token.json")
        bench.change(durand, FIRST)

        bench.work(bench.start(tmp_path / "state"))

        assert bench.domain.writes == [FIRST]
        assert f"{reported}: a restore before now is not noticed" in caplog.text

    def test_when_two_processes_share_it_then_both_deliver(self, bench, directory, tmp_path):
        logins = [directory.add_person(f"person{number}", departmentNumber="rectorat") for number in range(4)]
        workers = [bench.start(tmp_path / "state"), bench.start(tmp_path / "state")]

        for login in logins:
            bench.change(login, FIRST)
            for worker in workers:
                worker.run_once()

        assert bench.domain.passwords == dict.fromkeys(logins, FIRST)
        assert bench.audited == []

    def test_when_it_can_not_be_written_then_one_sentence_names_it(self, tmp_path):
        (tmp_path / "state").write_text("a file")

        with pytest.raises(TokenFileError, match=r"workstation\.state_folder: .*/state: File exists"):
            TokenFile(tmp_path / "state")


def swap_token(directory: SlapdServer, old: str, new: str) -> None:
    with directory.as_admin() as line:
        line.modify_s(
            SYNC,
            [
                (ldap.MOD_DELETE, "mamiaWorkerToken", [old.encode()]),
                (ldap.MOD_ADD, "mamiaWorkerToken", [new.encode()]),
            ],
        )


@pytest.fixture(scope="module")
def not_upgraded(tmp_path_factory):
    academy = SlapdBefore(tmp_path_factory.mktemp("before") / "state")
    yield academy
    academy.slapd.stop()


class TestNumber:
    def test_when_nothing_waits_then_it_rises_once_a_minute(self, bench, directory, tmp_path):
        worker = bench.start(tmp_path / "state")
        worker.run_once()
        [name] = names(tmp_path)
        first = tokens(directory)[name]

        for _ in range(3):
            worker.run_once()
        still = tokens(directory)[name]
        bench.seconds.let_pass(RAISE_SECONDS)
        worker.run_once()

        assert (still, tokens(directory)[name]) == (first, first + 1)

    def test_when_another_server_shows_it_for_a_moment_too_low_then_nothing_is_held(
        self, bench, directory, durand, tmp_path
    ):
        """As behind a load balancer, where a connection may lead to a server that lags."""
        worker = bench.start(tmp_path / "state")
        worker.run_once()
        [name] = names(tmp_path)
        number = tokens(directory)[name]
        bench.change(durand, FIRST)

        swap_token(directory, f"{name};{number}", f"{name};{number - 1}")
        worker.run_once()
        swap_token(directory, f"{name};{number - 1}", f"{name};{number}")
        bench.work(worker)

        assert bench.domain.writes == [FIRST]
        assert bench.audited == []

    def test_when_the_directory_was_not_upgraded_then_the_worker_says_once_that_it_can_not_notice(
        self, not_upgraded, tmp_path, caplog
    ):
        caplog.set_level(logging.ERROR)
        pool, seconds = open_pool(not_upgraded), FakeMonotonicClock()
        detector = RestoreDetector(LdapWorkerTokens(pool, SYNC), TokenFile(tmp_path / "state"), seconds)

        verdicts = []
        for _ in range(3):
            verdicts.append(detector.look().name)
            seconds.let_pass(LEASE * 2)
        may_deliver = detector.raise_number()
        pool.close()

        assert (verdicts, may_deliver) == (["CURRENT"] * 3, True)
        [reported] = [record.getMessage() for record in caplog.records]
        assert "a restored directory would not be noticed" in reported
        assert "upgrade/70-services.ldif" in reported
