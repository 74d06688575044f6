"""Counting attempts, when many come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from real_redis import PrivateRedis

from gateway.protection.addresses import neighbourhood
from gateway.protection.spent import SharedSpent
from gateway.protection.store import Store, StoreUnavailable
from gateway.protection.throttle import Attempt, Throttle
from gateway.settings import Throttle as Rates

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(params=["memory", "redis", "valkey"])
def store(request):
    if request.param == "memory":
        return Store("memory://")
    return Store(request.getfixturevalue("redis").url.replace("redis", request.param, 1))


def test_attempts_when_a_hundred_come_at_once_then_exactly_as_many_as_allowed_pass(store):
    throttle = Throttle(Rates(per_login="10/minute", per_address="1000/minute"), store, KEY)

    with ThreadPoolExecutor(16) as crowd:
        waits = list(crowd.map(lambda _: throttle.admit(Attempt("change", "192.0.2.1", login="a")), range(100)))

    assert waits.count(None) == 10


def test_peek_when_asked_again_and_again_then_it_counts_nothing(store):
    throttle = Throttle(Rates(per_login="1/minute"), store, KEY)
    attempt = Attempt("change", "192.0.2.1", login="a")

    assert [throttle.peek(attempt) for _ in range(5)] == [None] * 5
    assert throttle.admit(attempt) is None
    assert throttle.peek(attempt) is not None


def test_mark_when_a_hundred_spend_it_at_once_then_one_is_first(tmp_path):
    server = PrivateRedis(tmp_path)
    server.start()
    try:
        spent = SharedSpent(Store(server.url))
        with ThreadPoolExecutor(16) as crowd:
            firsts = list(crowd.map(lambda _: spent.first("mark", 4_000_000_000), range(100)))
    finally:
        server.stop()

    assert firsts.count(True) == 1


def test_store_when_it_does_not_answer_then_that_is_said_and_not_passed_over():
    throttle = Throttle(Rates(), Store("redis://127.0.0.1:1/0"), KEY)

    with pytest.raises(StoreUnavailable):
        throttle.admit(Attempt("change", "192.0.2.1"))
    with pytest.raises(StoreUnavailable):
        throttle.is_suspicious("192.0.2.1")


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::1", True),
        ("", "nonsense", True),
    ],
)
def test_neighbourhood_when_two_addresses_are_compared_then_a_customer_counts_as_one(one, other, same):
    assert (neighbourhood(one) == neighbourhood(other)) is same
