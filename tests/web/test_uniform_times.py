"""Answer times under load and with old hashes, through `mamia serve`: they tell nobody who has an account.

Samples are taken in turn, so that a busy machine slows both of a pair down, and a test fails only where the lower end
of the confidence interval is above the limit. `tests/bench/uniform.py` measures larger samples of all refusals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.answer_times import (
    CRYPT,
    MAX_TRIES,
    SSHA,
    KeptConnection,
    add_accounts,
    argon2,
    bursts_of,
    separation,
    times_of,
)
from tests.support.browser import CHANGE
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

MAX_AREA = 0.55
PAIRS = 40
AT_ONCE = 6
NEW = "Nouveau-2025"
WIDE = "10000000/minute"


@pytest.fixture(scope="module")
def academy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlapdServer]:
    """With the hashes that an academy has: they are what takes time."""
    directory = SlapdServer(tmp_path_factory.mktemp("uniform") / "slapd")
    yield directory
    directory.slapd.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def front_end(academy: SlapdServer, folder: Path) -> Iterator[ServeProcess]:
    limits = "\n".join(f'{name} = "{WIDE}"' for name in ("per_login", "per_address", "per_service", "overall"))
    more = f'[captcha]\nrequired = []\n[rate_limits]\n{limits}\n[notifications]\nspool = "{folder}/mails"\n'
    front_end = ServeProcess.on_a_free_port(
        lambda port: write_settings_file(folder, academy, in_web=f"port = {port}\nsecure_cookies = false", more=more)
    )
    front_end.start()
    yield front_end
    front_end.stop()


def wrong(login: str) -> dict[str, str]:
    return {
        "login": login,
        "current_password": f"Faux-Pw-{random.random()}",
        "new_password": NEW,
        "confirmation": NEW,
    }


def stored(academy: SlapdServer, scheme: str) -> str:
    """A password's hash."""
    return {"SSHA": SSHA, "CRYPT": CRYPT}.get(scheme) or argon2(academy)


class TestChange:
    @pytest.mark.parametrize("scheme", ["SSHA", "CRYPT", "ARGON2"])
    def test_when_six_are_tried_at_once_then_the_times_do_not_tell_a_known_login(self, academy, front_end, scheme):
        logins = add_accounts(academy, f"load{scheme}", PAIRS // MAX_TRIES, stored(academy, scheme)) * MAX_TRIES
        jobs = [job for login in logins for job in (("known", wrong(login)), ("unknown", wrong("unknown")))]

        times = times_of(front_end.port, CHANGE, jobs, at_once=AT_ONCE)

        found = separation(times["known"], times["unknown"])
        assert found.low <= MAX_AREA, found

    def test_when_six_are_tried_at_once_then_the_times_do_not_tell_a_locked_account(self, academy, front_end):
        academy.add_person("locked")
        academy.lock("locked")
        jobs = [("locked", wrong("locked")), ("unknown", wrong("unknown"))] * PAIRS

        times = times_of(front_end.port, CHANGE, jobs, at_once=AT_ONCE)

        found = separation(times["locked"], times["unknown"])
        assert found.low <= MAX_AREA, found

    def test_when_one_login_is_tried_six_times_at_once_then_their_waits_do_not_tell_a_known_login(
        self, academy, front_end
    ):
        logins = add_accounts(academy, "burst", PAIRS // 2, SSHA)
        bursts = [
            burst for login in logins for burst in (("known", [wrong(login)] * 6), ("unknown", [wrong("no")] * 6))
        ]

        times = bursts_of(front_end.port, CHANGE, bursts)

        found = separation(times["known"], times["unknown"])
        assert found.low <= MAX_AREA, found


class TestNextRequest:
    def test_when_the_one_before_locked_an_account_then_its_time_does_not_tell(self, academy, front_end):
        now = datetime.now(UTC)
        failures = [f"{now - timedelta(seconds=second):%Y%m%d%H%M%S}.000000Z" for second in range(9)]
        plain = add_accounts(academy, "plain", PAIRS, SSHA)
        locking = add_accounts(academy, "locking", PAIRS, SSHA, *failures)
        times: dict[str, list[float]] = {"plain": [], "locking": []}

        with KeptConnection(front_end.port, CHANGE) as connection:
            for logins in zip(plain, locking, strict=True):
                for kind, login in zip(times, logins, strict=True):
                    connection.send(422, **wrong(login))
                    times[kind].append(connection.open())

        assert all("pwdAccountLockedTime" in academy.read(login) for login in locking)
        found = separation(times["plain"], times["locking"])
        assert found.low <= MAX_AREA, found


class TestLockOut:
    def test_when_the_service_is_stopped_right_after_it_then_its_mail_is_in_the_spool(self, academy, folder):
        """With settings of its own: the other tests go on with theirs."""
        own = folder / "stopped"
        own.mkdir()
        more = f'[captcha]\nrequired = []\n[notifications]\nspool = "{own}/mails"\n'
        front_end = ServeProcess.on_a_free_port(
            lambda port: write_settings_file(own, academy, in_web=f"port = {port}\nsecure_cookies = false", more=more)
        )
        front_end.start()
        now = datetime.now(UTC)
        failures = [f"{now - timedelta(seconds=second):%Y%m%d%H%M%S}.000000Z" for second in range(9)]
        [login] = add_accounts(academy, "stopped", 1, SSHA, *failures)
        with KeptConnection(front_end.port, CHANGE) as connection:
            connection.send(422, **wrong(login))

        front_end.stop()

        [mail] = (own / "mails" / "new").iterdir()
        assert f"To: {login}@ac-example.fr" in mail.read_text()
