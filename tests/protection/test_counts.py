"""What both stores keep of attempts: never more than a limit in any window, bounded, and gone when it has expired."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import dataclass

import pytest
import redis as redis_client
from limits import parse
from pydantic import SecretStr

from gateway.protection.rate_limiting.in_memory import MemoryCounts
from gateway.protection.rate_limiting.in_redis import RedisCounts
from gateway.protection.rate_limiting.limiter import Attempt, RateLimiter, name_keys
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.protection.rate_limiting.windows import MAX_TIMES, SLOTS, Counts, Window
from gateway.protection.replay import MAX_MARKS, MemoryReplayCache
from gateway.settings import RateLimits as Rates

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
TIMES, CELLS = "5/20 minutes", "100/20 minutes"
LONG = "25/day"


@dataclass
class Clock:
    now: float = 1e6

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def window(rate, slot=7, **options):
    return Window(parse(rate), "test", slot, **options)


class TestWindow:
    @pytest.mark.parametrize("rate, keeps_times", [(TIMES, True), (CELLS, False), (LONG, False)])
    def test_when_many_try_at_any_times_then_it_never_holds_more_than_its_limit(self, clock, rate, keeps_times):
        counts, one, chance = MemoryCounts(clock), window(rate), random.Random(7)
        admitted = []

        for _ in range(5000):
            clock.now += chance.choice((0, one.seconds / 1000, one.seconds / 20, one.seconds / 3))
            if counts.hit([one]) is None:
                admitted.append(clock.now)

        assert one.keeps_times is keeps_times
        amount = one.limit.amount
        shortest = min(later - first for first, later in zip(admitted, admitted[amount:], strict=False))
        assert shortest >= one.seconds

    @pytest.mark.parametrize("rate, longest", [(TIMES, 1.0), (CELLS, 1.125), (LONG, 1.125)])
    def test_when_it_is_full_then_it_says_exactly_when_it_takes_the_next_one(self, clock, rate, longest):
        counts, one = MemoryCounts(clock), window(rate)
        while counts.hit([one]) is None:
            clock.now += 1

        full = counts.test([one])
        assert full
        wait = full.seconds
        clock.now += wait - 0.001
        assert counts.test([one]) is not None
        clock.now += 0.002

        assert counts.test([one]) is None
        assert wait <= longest * one.seconds

    def test_when_it_does_not_refuse_then_it_counts_on(self, clock):
        counts, one = MemoryCounts(clock), window("20/hour", refuses=False)

        assert [counts.hit([one]) for _ in range(90)] == [None] * 90
        assert counts.read([one]) == [90]


class TestWindows:
    def test_when_one_is_full_then_those_after_it_are_not_counted(self, clock):
        counts, first, second = MemoryCounts(clock), window("1/minute", slot=1), window("10/minute", slot=2)

        counts.hit([first, second])
        full = counts.hit([first, second])

        assert full
        assert full.window is first
        assert counts.read([first, second]) == [1, 1]


def attempts(number):
    return [
        Attempt("change", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", login=f"u{number}"),
        Attempt("find", f"2001:db8:{number:x}::1", persons=(f"p{number}",), names=name_keys(f"n{number}", "Anne")),
    ]


class TestMemory:
    @pytest.mark.parametrize("rate", [TIMES, CELLS, LONG])
    def test_when_a_window_has_passed_twice_then_nothing_is_left(self, clock, rate):
        counts, one = MemoryCounts(clock), window(rate)
        counts.hit([one])
        assert counts.usage().keys == 1

        clock.now += 2 * one.seconds + 1
        counts.test([window("1/minute", slot=0)])

        assert counts.usage().keys == 0

    def test_when_many_different_people_are_tried_then_it_is_bounded_and_freed(self, clock):
        rate_limiter = RateLimiter(Rates(overall="1000000/minute"), Store("memory://"), KEY, now=clock)
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for number in range(1000):
                for attempt in attempts(number):
                    rate_limiter.hit(attempt)
            peak = tracemalloc.get_traced_memory()[0] - before
            clock.now += 2 * 86_400 + 1
            rate_limiter.hit(Attempt("change", "192.0.2.1"))
            left = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()

        tables = 10 * SLOTS * 2  # at most ten tables, of two bytes per slot
        assert peak - tables < 2000 * 1000
        assert left < tables / 2


def window_seconds(key):
    """`mamia:limit:<what>:<amount>:<seconds>[:<slot>]`"""
    return int(key.split(b":")[4])


class TestRedis:
    def test_when_all_kinds_are_counted_then_each_key_expires_within_nine_eighths_of_its_window(self, redis):
        rate_limiter = RateLimiter(Rates(), Store(redis.url), KEY)
        for attempt in attempts(1):
            rate_limiter.hit(attempt)
        rate_limiter.hit_without_work("192.0.2.1")
        rate_limiter.count_miss("192.0.2.1")

        with redis_client.Redis.from_url(redis.url) as client:
            seconds_left = {key: client.pttl(key) / 1000 for key in client.scan_iter()}

        assert seconds_left
        too_long = {key: left for key, left in seconds_left.items() if not 0 < left <= 1.125 * window_seconds(key)}
        assert not too_long

    @pytest.mark.parametrize("rate", ["3/second", "70/second"])
    def test_when_the_window_has_passed_then_it_takes_attempts_again(self, redis, rate):
        counts, one = RedisCounts(Store(redis.url)), window(rate)
        while (full := counts.hit([one])) is None:
            pass

        # Redis counts the window's time by its own clock.
        time.sleep(full.seconds + 0.05)

        assert full.seconds <= 1.125
        assert counts.hit([one]) is None
        assert 1 <= counts.read([one])[0] <= one.limit.amount

    @pytest.mark.parametrize("amount", [MAX_TIMES - 1, MAX_TIMES + 1, 300, 70_000])
    def test_when_it_counts_then_it_says_the_same_as_memory(self, redis, amount):
        stores: list[Counts] = [MemoryCounts(time.monotonic), RedisCounts(Store(redis.url))]
        many = [window(f"{amount}/hour", slot) for slot in (0, 1, 1, SLOTS - 1)]

        for counts in stores:
            for _ in range(3):
                for one in many:
                    assert counts.hit([one]) is None

        assert [counts.read(many) for counts in stores] == [[3, 6, 6, 3]] * 2

    def test_when_different_people_are_tried_then_an_attempt_takes_few_bytes(self, redis):
        """With 1,900 a Redis of 256 MB is full after 137,000 attempts, and then nobody is served."""
        rate_limiter = RateLimiter(Rates(), Store(redis.url), KEY)
        with redis_client.Redis.from_url(redis.url) as client:
            rate_limiter.hit(attempts(0)[0])
            before = client.info("memory")["used_memory"]
            for number in range(1, 2001):
                rate_limiter.hit(attempts(number)[0])
            taken = client.info("memory")["used_memory"] - before

        assert taken / 2000 < 500


class TestUsedTickets:
    def test_when_there_is_no_room_for_more_then_none_is_accepted_and_none_forgotten(self, clock, monkeypatch):
        monkeypatch.setattr("gateway.protection.replay.MAX_MARKS", 3)
        replay_cache = MemoryReplayCache(clock)
        for mark in "abc":
            assert replay_cache.add_if_new(mark, clock.now + 60)

        with pytest.raises(StoreUnavailable):
            replay_cache.add_if_new("d", clock.now + 60)
        assert not replay_cache.add_if_new("a", clock.now + 60)
        clock.now += 60
        assert replay_cache.add_if_new("d", clock.now + 60)
        assert MAX_MARKS >= 100_000


class TestRefusal:
    def test_when_the_store_refuses_then_the_failure_has_the_word_of_its_reply(self, redis):
        """The rest of a reply may quote a key, which is made from what people type."""
        with redis_client.Redis.from_url(redis.url) as client:
            client.config_set("min-replicas-to-write", 1)

        with pytest.raises(StoreUnavailable, match=r"^ResponseError: the store says NOREPLICAS$"):
            RedisCounts(Store(redis.url)).hit([window(TIMES)])

    def test_when_the_password_is_in_a_setting_of_its_own_then_it_opens_the_store(self, redis):
        password = "Pw/@ : 2026%"
        with redis_client.Redis.from_url(redis.url) as client:
            client.config_set("requirepass", password)
        rates = Rates(store=redis.url, store_password=SecretStr(password))

        assert RedisCounts(Store(rates.store_url)).hit([window(TIMES)]) is None
        assert password not in repr(rates)
