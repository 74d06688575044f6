"""A script in the store: its answers stay right when connections, the script or the store itself are lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import redis as redis_client

from gateway.protection.rate_limiting.stored_script import StoredScript

COUNT = "return redis.call('INCRBY', KEYS[1], ARGV[1])"


@pytest.fixture
def client(redis):
    with closing(redis_client.Redis.from_url(redis.url)) as connected:
        connected.flushall()
        yield connected


@pytest.fixture
def count(redis):
    """The script, called twice, so that a connection is kept for it."""
    script = StoredScript(redis_client.Redis.from_url(redis.url), COUNT)
    script(["before"], [1])
    script(["before"], [1])
    return script


class TestStoredScript:
    def test_when_it_is_called_again_and_again_then_one_connection_serves_all_calls(self, client, count):
        clients = client.info("clients")["connected_clients"]

        answers = [count(["key"], [2]) for _ in range(50)]

        assert answers == list(range(2, 102, 2))
        assert client.info("clients")["connected_clients"] == clients

    def test_when_many_threads_call_then_each_call_is_counted_once(self, client, count):
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: count(["key"], [1]), range(800)))

        assert sorted(answers) == list(range(1, 801))

    def test_when_the_store_closed_the_connections_then_the_call_is_counted_once(self, client, count):
        client.client_kill_filter(_type="normal", skipme=True)

        assert count(["key"], [1]) == 1

    def test_when_the_store_lost_the_script_then_the_call_is_counted_once(self, client, count):
        client.script_flush()

        assert [count(["key"], [1]), count(["key"], [1])] == [1, 2]

    def test_when_the_store_refuses_then_the_refusal_is_raised_and_later_calls_succeed(self, client, count):
        client.set("text", "not a number")

        with pytest.raises(redis_client.ResponseError, match="not an integer"):
            count(["text"], [1])

        assert count(["key"], [1]) == 1

    def test_when_the_store_was_down_then_calls_fail_and_later_ones_succeed(self, redis, client, count):
        redis.stop()
        with pytest.raises(redis_client.ConnectionError):
            count(["key"], [1])
        redis.start()

        assert [count(["other"], [1]), count(["other"], [1])] == [1, 2]
