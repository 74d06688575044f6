"""What `mamia check` says of a Redis that has too little memory, or throws counts away."""

from __future__ import annotations

import pytest
import redis as redis_client
from conftest import settings_for
from ports import free_port
from real_redis import PrivateRedis

from gateway.checks.finding import Level
from gateway.checks.store_memory import check_store_memory

ENOUGH = {"maxmemory": "256mb", "maxmemory-policy": "noeviction"}


@pytest.fixture
def check(server, tmp_path):
    started = []

    def check(**options):
        redis = PrivateRedis(tmp_path, options=options)
        started.append(redis)
        redis.start()
        [finding] = check_store_memory(settings_for(server, throttle={"store": redis.url}))
        return finding

    yield check
    for redis in started:
        redis.stop()


def test_store_when_it_has_room_and_evicts_nothing_then_that_is_ok(check):
    found = check(**ENOUGH)

    assert found.level is Level.OK
    assert "of 256 MB" in found.finding


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
def test_store_when_it_evicts_keys_then_it_fails_with_the_setting(check, policy):
    found = check(**{**ENOUGH, "maxmemory-policy": policy})

    assert found.level is Level.FAIL
    assert policy in found.finding
    assert found.mend == "maxmemory-policy noeviction"


@pytest.mark.parametrize(
    "maxmemory, told", [("0", "all the memory of its machine"), ("64mb", "everybody is refused")]
)
def test_store_when_its_memory_has_no_limit_or_a_small_one_then_it_warns(check, maxmemory, told):
    found = check(**{**ENOUGH, "maxmemory": maxmemory})

    assert found.level is Level.WARN
    assert told in found.finding
    assert "256mb" in found.mend


def test_store_when_info_is_forbidden_then_it_warns_that_nothing_can_be_read(server, redis):
    with redis_client.Redis.from_url(redis.url) as client:
        client.execute_command("ACL", "SETUSER", "default", "-info")

    [found] = check_store_memory(settings_for(server, throttle={"store": redis.url}))

    assert found.level is Level.WARN
    assert "INFO" in found.mend


@pytest.mark.parametrize("store", ["memory://", f"redis://127.0.0.1:{free_port()}/0"])
def test_store_when_it_is_this_process_or_does_not_answer_then_its_memory_is_not_the_trouble(server, store):
    found = [*check_store_memory(settings_for(server, throttle={"store": store}))]

    assert not [finding for finding in found if finding.level is Level.FAIL]
