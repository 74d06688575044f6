"""What both stores keep of attempts: never more than a limit in any window, bounded, and gone when it has expired."""

from __future__ import annotations

import random
import time
import tracemalloc
from dataclasses import dataclass

import pytest
import redis as redis_client
from limits import parse

from gateway.protection.counts import MAX_TIMES, SLOTS, Window
from gateway.protection.counts_in_memory import MemoryCounts
from gateway.protection.counts_in_redis import RedisCounts
from gateway.protection.spent import MAX_MARKS, MemorySpent
from gateway.protection.store import Store, StoreUnavailable
from gateway.protection.throttle import Attempt, Throttle, name_keys
from gateway.settings import Throttle as Rates

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


@pytest.mark.parametrize("rate, keeps_times", [(TIMES, True), (CELLS, False), (LONG, False)])
def test_window_when_many_try_at_any_times_then_it_never_holds_more_than_its_limit(clock, rate, keeps_times):
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
def test_window_when_it_is_full_then_it_says_exactly_when_it_takes_the_next_one(clock, rate, longest):
    counts, one = MemoryCounts(clock), window(rate)
    while counts.hit([one]) is None:
        clock.now += 1

    wait = counts.test([one]).seconds
    clock.now += wait - 0.001
    assert counts.test([one]) is not None
    clock.now += 0.002

    assert counts.test([one]) is None
    assert wait <= longest * one.seconds


def test_window_when_it_does_not_refuse_then_it_counts_on(clock):
    counts, one = MemoryCounts(clock), window("20/hour", refuses=False)

    assert [counts.hit([one]) for _ in range(90)] == [None] * 90
    assert counts.read([one]) == [90]


def test_windows_when_one_is_full_then_those_after_it_are_not_counted(clock):
    counts, first, second = MemoryCounts(clock), window("1/minute", slot=1), window("10/minute", slot=2)

    counts.hit([first, second])
    full = counts.hit([first, second])

    assert full.window is first
    assert counts.read([first, second]) == [1, 1]


@pytest.mark.parametrize("rate", [TIMES, CELLS, LONG])
def test_memory_when_a_window_has_passed_twice_then_nothing_is_left(clock, rate):
    counts, one = MemoryCounts(clock), window(rate)
    counts.hit([one])
    assert counts.usage().keys == 1

    clock.now += 2 * one.seconds + 1
    counts.test([window("1/minute", slot=0)])

    assert counts.usage().keys == 0


def attempts(number):
    return [
        Attempt("change", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", login=f"u{number}"),
        Attempt("find", f"2001:db8:{number:x}::1", persons=(f"p{number}",), names=name_keys(f"n{number}", "Anne")),
    ]


def test_memory_when_many_different_people_are_tried_then_it_is_bounded_and_freed(clock):
    throttle = Throttle(Rates(overall="1000000/minute"), Store("memory://"), KEY, now=clock)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(1000):
            for attempt in attempts(number):
                throttle.admit(attempt)
        peak = tracemalloc.get_traced_memory()[0] - before
        clock.now += 2 * 86_400 + 1
        throttle.admit(Attempt("change", "192.0.2.1"))
        left = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    tables = 10 * SLOTS * 2  # at most ten tables, of two bytes per slot
    assert peak - tables < 2000 * 1000
    assert left < tables / 2


def test_redis_when_all_kinds_are_counted_then_each_key_expires_within_nine_eighths_of_its_window(redis):
    throttle = Throttle(Rates(), Store(redis.url), KEY)
    for attempt in attempts(1):
        throttle.admit(attempt)
    throttle.admit_without_work("192.0.2.1")
    throttle.count_miss("192.0.2.1")

    with redis_client.Redis.from_url(redis.url) as client:
        seconds_left = {key: client.pttl(key) / 1000 for key in client.scan_iter()}

    assert seconds_left
    too_long = {key: left for key, left in seconds_left.items() if not 0 < left <= 1.125 * window_seconds(key)}
    assert not too_long


def window_seconds(key):
    """`mamia:limit:<what>:<amount>:<seconds>[:<slot>]`"""
    return int(key.split(b":")[4])


@pytest.mark.parametrize("rate", ["3/second", "70/second"])
def test_redis_when_the_window_has_passed_then_it_takes_attempts_again(redis, rate):
    counts, one = RedisCounts(Store(redis.url)), window(rate)
    while (full := counts.hit([one])) is None:
        pass

    time.sleep(full.seconds + 0.05)

    assert full.seconds <= 1.125
    assert counts.hit([one]) is None
    assert 1 <= counts.read([one])[0] <= one.limit.amount


@pytest.mark.parametrize("amount", [MAX_TIMES - 1, MAX_TIMES + 1, 300, 70_000])
def test_redis_when_it_counts_then_it_says_the_same_as_memory(redis, amount):
    stores = [MemoryCounts(time.monotonic), RedisCounts(Store(redis.url))]
    many = [window(f"{amount}/hour", slot) for slot in (0, 1, 1, SLOTS - 1)]

    for counts in stores:
        for _ in range(3):
            for one in many:
                assert counts.hit([one]) is None

    assert [counts.read(many) for counts in stores] == [[3, 6, 6, 3]] * 2


def test_redis_when_different_people_are_tried_then_an_attempt_takes_few_bytes(redis):
    """With 1,900 a Redis of 256 MB is full after 137,000 attempts, and then nobody is served."""
    throttle = Throttle(Rates(), Store(redis.url), KEY)
    with redis_client.Redis.from_url(redis.url) as client:
        throttle.admit(attempts(0)[0])
        before = client.info("memory")["used_memory"]
        for number in range(1, 2001):
            throttle.admit(attempts(number)[0])
        taken = client.info("memory")["used_memory"] - before

    assert taken / 2000 < 500


def test_used_tickets_when_there_is_no_room_for_more_then_none_is_accepted_and_none_forgotten(clock, monkeypatch):
    monkeypatch.setattr("gateway.protection.spent.MAX_MARKS", 3)
    spent = MemorySpent(clock)
    for mark in "abc":
        assert spent.first(mark, clock.now + 60)

    with pytest.raises(StoreUnavailable):
        spent.first("d", clock.now + 60)
    assert not spent.first("a", clock.now + 60)
    clock.now += 60
    assert spent.first("d", clock.now + 60)
    assert MAX_MARKS >= 100_000
