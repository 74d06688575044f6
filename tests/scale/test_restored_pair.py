"""A worker at two slapd that copy each other: a server that lags is no restored directory, one that lost hours is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from gateway.directory.failover import LdapServers
from gateway.directory.pool import ConnectionPool
from gateway.directory.worker_tokens import LdapWorkerTokens
from gateway.workstation.restored import CONFIRM_SECONDS, MAX_UNREPLICATED, RestoreDetector, Verdict
from gateway.workstation.token_file import TokenFile
from tests.support.fake_target import FakeMonotonicClock
from tests.support.gateway_settings import SERVICES, settings_for

pytestmark = pytest.mark.xdist_group("mirror")
SYNC = f"cn=sync,{SERVICES}"


@pytest.fixture
def seconds() -> FakeMonotonicClock:
    return FakeMonotonicClock()


@pytest.fixture
def start(pair, tmp_path, seconds) -> Iterator[Callable[[], RestoreDetector]]:
    """Starts a worker's detector on both servers, always with the same folder."""
    pools: list[ConnectionPool] = []

    def started() -> RestoreDetector:
        settings = settings_for(pair.first, directory={"servers": pair.urls}).directory
        password = SecretStr(pair.first.slapd.password("sync"))
        sync = settings.model_copy(update={"bind_dn": SYNC, "bind_password": password})
        pools.append(ConnectionPool(sync, LdapServers(sync), as_service=True))
        return RestoreDetector(LdapWorkerTokens(pools[-1], SYNC), TokenFile(tmp_path / "state"), seconds)

    yield started
    for pool in pools:
        pool.close()


def verdict(detector: RestoreDetector, seconds: FakeMonotonicClock) -> Verdict:
    """Of the second look, when a lower number has been there long enough."""
    detector.look()
    seconds.let_pass(CONFIRM_SECONDS)
    return detector.look()


class TestFailover:
    @pytest.mark.parametrize(
        "lacking, expected", [(MAX_UNREPLICATED, Verdict.CURRENT), (MAX_UNREPLICATED + 1, Verdict.RESTORED)]
    )
    def test_when_the_other_server_lacks_the_last_numbers_then_only_many_of_them_are_a_restore(
        self, pair, start, seconds, lacking, expected
    ):
        detector = start()
        assert detector.raise_number()
        pair.wait_until_same()

        with pair.cut_off(pair.second):
            assert all(detector.raise_number() for _ in range(lacking))
            pair.first.slapd.stop()
            found = verdict(detector, seconds)
            pair.first.slapd.start()

        assert found is expected

    def test_when_the_first_server_is_back_then_nothing_is_a_restore(self, pair, start, seconds):
        detector = start()
        detector.raise_number()
        pair.wait_until_same()
        pair.first.slapd.kill()
        seen_at_the_second = verdict(detector, seconds), detector.raise_number()
        pair.first.slapd.start()
        pair.wait_until_same()

        assert (*seen_at_the_second, verdict(start(), seconds)) == (Verdict.CURRENT, True, Verdict.CURRENT)
