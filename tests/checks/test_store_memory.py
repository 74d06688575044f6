"""What `mamia check` says of a Redis that has too little memory, or throws counts away."""

from __future__ import annotations

import pytest
import redis as redis_client

from gateway.checks.finding import Level
from gateway.checks.store_memory import check_store_memory
from tests.support.gateway_settings import settings_for
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

ENOUGH = {"maxmemory": "256mb", "maxmemory-policy": "noeviction"}


@pytest.fixture
def check(server, tmp_path):
    started = []

    def check(events=0, **options):
        redis = RedisServer(tmp_path, options=options)
        started.append(redis)
        redis.start()
        [finding] = check_store_memory(
            settings_for(server, rate_limits={"store": redis.url}, events={"keep_days": events})
        )
        return finding

    yield check
    for redis in started:
        redis.stop()


class TestStore:
    def test_when_it_has_room_and_evicts_nothing_then_that_is_ok(self, check):
        found = check(**ENOUGH)

        assert found.level is Level.OK
        assert "of 256 MB" in found.message

    def test_when_it_keeps_events_too_then_it_needs_more_room(self, check):
        found = check(events=30, **{**ENOUGH, "maxmemory": "200mb"})

        assert found.level is Level.WARN
        assert found.hint == "maxmemory 256mb"

    @pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-ttl", "allkeys-random"])
    def test_when_it_evicts_keys_then_it_fails_with_the_setting(self, check, policy):
        found = check(**{**ENOUGH, "maxmemory-policy": policy})

        assert found.level is Level.FAIL
        assert policy in found.message
        assert found.hint == "maxmemory-policy noeviction"

    @pytest.mark.parametrize(
        "maxmemory, reported", [("0", "all the memory of its machine"), ("64mb", "everybody is refused")]
    )
    def test_when_its_memory_has_no_limit_or_a_small_one_then_it_warns(self, check, maxmemory, reported):
        found = check(**{**ENOUGH, "maxmemory": maxmemory})

        assert found.level is Level.WARN
        assert reported in found.message
        assert "256mb" in found.hint

    def test_when_info_is_forbidden_then_it_warns_that_nothing_can_be_read(self, server, redis):
        with redis_client.Redis.from_url(redis.url) as client:
            client.execute_command("ACL", "SETUSER", "default", "-info")

        [found] = check_store_memory(settings_for(server, rate_limits={"store": redis.url}))

        assert found.level is Level.WARN
        assert "INFO" in found.hint

    @pytest.mark.parametrize("is_shared", [False, True])
    def test_when_it_is_this_process_or_does_not_answer_then_its_memory_is_not_the_trouble(self, server, is_shared):
        store = f"redis://127.0.0.1:{free_port()}/0" if is_shared else "memory://"

        found = [*check_store_memory(settings_for(server, rate_limits={"store": store}))]

        assert not [finding for finding in found if finding.level is Level.FAIL]
