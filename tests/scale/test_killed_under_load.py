"""Two front ends, two workers, two slapd, one Redis, one realm: one of each pair is killed while people use them."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field

import pytest
import requests
from browser import CHANGE, FIND, RESET
from directory_server import PASSWORD, SUFFIX
from front_end import FrontEnd, fields_of
from patience import wait_until
from real_kdc import ADMIN, REALM, RealKdc
from settings_file import write_settings_file
from urllib3.exceptions import MaxRetryError, NewConnectionError
from worker_process import WorkerProcess

from gateway.protection.seal import make_key_pair

pytestmark = pytest.mark.xdist_group("mirror")
PEOPLE_AT_ONCE = 4
BETWEEN_KILLS_SECONDS = 2.5
WIDE = "10000000/minute"


@dataclass
class Failure:
    """A request without the answer it should have, from when to when, and at which front end."""

    began: float
    ended: float
    front_end: FrontEnd
    what: str


class Refused(Exception):
    pass


@dataclass
class Balancer:
    """As a reverse proxy does it: in turn, and to the next one only where the connection was refused."""

    front_ends: list[FrontEnd]
    sent: int = 0
    failures: list[Failure] = field(default_factory=list)
    _turns: itertools.count[int] = field(default_factory=itertools.count)

    def send(self, session: requests.Session, path: str, data: dict[str, str] | None, expected: str | int) -> str:
        """The page's text. Raises Refused when it is not the one that was expected."""
        turn = next(self._turns)
        for number in range(len(self.front_ends)):
            front_end = self.front_ends[(turn + number) % len(self.front_ends)]
            began = time.monotonic()
            try:
                answer = session.request(
                    "POST" if data else "GET", front_end.address + path, data=data, allow_redirects=False, timeout=30
                )
            except requests.ConnectionError as error:
                if _was_never_sent(error):
                    continue
                return self._failed(began, front_end, f"{path}: {error}")
            self.sent += 1
            if answer.status_code == expected or (isinstance(expected, str) and expected in answer.text):
                return answer.text
            return self._failed(began, front_end, f"{path}: {answer.status_code} {answer.text[-1500:]}")
        raise AssertionError("no front end takes connections")

    def _failed(self, began: float, front_end: FrontEnd, what: str) -> str:
        self.failures.append(Failure(began, time.monotonic(), front_end, what))
        raise Refused(what)


def _was_never_sent(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


@dataclass
class Person:
    """Somebody who finds the account, changes the password and resets it, over and over."""

    login: str
    surname: str
    numen: str
    balancer: Balancer
    password: str = PASSWORD
    changes: int = 0
    _number: itertools.count[int] = field(default_factory=itertools.count)

    def live(self, over: threading.Event) -> None:
        knows_it = True
        while not over.is_set():
            session = requests.Session()
            session.headers["Connection"] = "close"
            try:
                self._find(session)
                if knows_it:
                    self._change(session)
                self._reset(session)
                knows_it = True
            except Refused:
                knows_it = False

    def _find(self, session: requests.Session) -> None:
        token = self._open(session, FIND)
        typed = {"surname": self.surname, "given_name": "François", "birth_date": "27/03/1985"}
        self.balancer.send(session, FIND, {"csrf_token": token, **typed}, self.login)

    def _change(self, session: requests.Session) -> None:
        token, new = self._open(session, CHANGE), self._new()
        typed = {"login": self.login, "current_password": self.password, "new_password": new, "confirmation": new}
        self.balancer.send(session, CHANGE, {"csrf_token": token, **typed}, 303)
        self._has(new)

    def _reset(self, session: requests.Session) -> None:
        token, new = self._open(session, RESET), self._new()
        typed = {"login": self.login, "proof": self.numen, "birth_date": "27/03/1985"}
        page = self.balancer.send(session, RESET, {"csrf_token": token, **typed}, 'name="new_password"')
        self.balancer.send(session, RESET, {**fields_of(page), "new_password": new, "confirmation": new}, 303)
        self._has(new)

    def _open(self, session: requests.Session, path: str) -> str:
        return fields_of(self.balancer.send(session, path, None, 200))["csrf_token"]

    def _new(self) -> str:
        return f"Toujours-Neuf-{next(self._number):04}"

    def _has(self, new: str) -> None:
        self.password = new
        self.changes += 1


@pytest.fixture(scope="module")
def kdc(tmp_path_factory):
    server = RealKdc(tmp_path_factory.mktemp("kdc"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def configure(pair, kdc, redis, tmp_path):
    """Writes the settings of a front end on that port; all share keys, Redis and both directory servers."""
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    (tmp_path / "sync").write_text(pair.first.slapd.password("sync"))
    names = ("per_login", "per_proof", "per_person", "per_address", "per_service", "overall")
    limits = "\n".join(f'{name} = "{WIDE}"' for name in (*names, "misses_per_address", "misses_overall"))

    def writer(port: int):
        folder = tmp_path / str(port)
        folder.mkdir()
        more = f"""
[captcha]
required = []
[throttle]
store = "{redis.url}"
{limits}
[audit]
to = "file"
file = "{folder}/audit.log"
[workstation]
public_key_file = "{tmp_path}/worker.pub"
private_key_files = ["{tmp_path}/worker.key"]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = "{tmp_path}/sync"
lease_seconds = 2
poll_seconds = 0.1
[workstation.targets.realm]
type = "kerberos"
realm = "{REALM}"
admin_principal = "{ADMIN.partition("@")[0]}"
keytab_file = "{kdc.keytab}"
krb5_conf = "{kdc.krb5_conf}"
"""
        in_web = f"port = {port}\nsecure_cookies = false\nprocesses = 2"
        return write_settings_file(folder, pair.first, servers=pair.urls, in_web=in_web, more=more)

    return writer


@pytest.fixture
def front_ends(configure):
    two = [FrontEnd.on_a_free_port(configure) for _ in range(2)]
    for front_end in two:
        front_end.start()
    yield two
    for front_end in two:
        front_end.stop()


@pytest.fixture
def workers(front_ends, tmp_path):
    two = [WorkerProcess(front_end.config, tmp_path / f"worker{n}.log") for n, front_end in enumerate(front_ends)]
    for worker in two:
        worker.start()
    yield two
    for worker in two:
        worker.stop()


@pytest.fixture
def staff(pair, kdc):
    """Logins of people with a workstation, in the directory and in the realm."""
    logins = [f"agent{number}" for number in range(PEOPLE_AT_ONCE)]
    for number, login in enumerate(logins):
        pair.first.add_person(
            login, surname=f"Nom{number}", numen=f"12E000000{number}ABC", departmentNumber="rectorat"
        )
        kdc.add_person(login, "Ancien-Pw-2024!")
    pair.wait_until_same()
    return logins


def test_services_when_one_of_each_pair_is_killed_under_load_then_nothing_is_lost(
    pair, kdc, front_ends, workers, staff
):
    balancer, over = Balancer(front_ends), threading.Event()
    people = [Person(login, f"Nom{n}", f"12E000000{n}ABC", balancer) for n, login in enumerate(staff)]
    threads = [threading.Thread(target=person.live, args=[over]) for person in people]
    for thread in threads:
        thread.start()

    time.sleep(BETWEEN_KILLS_SECONDS)
    workers[0].kill()
    time.sleep(BETWEEN_KILLS_SECONDS)
    front_ends[0].kill()
    time.sleep(BETWEEN_KILLS_SECONDS)
    began = time.monotonic()
    pair.first.kill()
    slapd_dying = began, time.monotonic()
    time.sleep(2 * BETWEEN_KILLS_SECONDS)
    over.set()
    for thread in threads:
        thread.join()
    pair.first.slapd.start()
    pair.wait_until_same()
    wait_until(lambda: not any("mamiaPendingSecret" in pair.second.read(login) for login in staff))
    pair.wait_until_same()

    unexplained = [failure.what for failure in balancer.failures if not explained(failure, slapd_dying)]
    assert unexplained == []
    assert balancer.sent > 100
    assert len(balancer.failures) <= 2 * PEOPLE_AT_ONCE
    for person in people:
        assert person.changes > 5
        assert pair.first.binds(person.login, person.password)
        assert pair.second.binds(person.login, person.password)
        assert kdc.kinit(person.login, person.password)


def explained(failure: Failure, slapd_dying: tuple[float, float]) -> bool:
    """In flight on the front end that was being killed, or on the slapd."""
    deaths = [slapd_dying, failure.front_end.dying]
    return any(death and failure.began <= death[1] and failure.ended >= death[0] for death in deaths)
