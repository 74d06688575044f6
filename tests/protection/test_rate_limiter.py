"""Counting attempts, when many come at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from gateway.account.admission import Admission
from gateway.account.find import find_account
from gateway.account.model import FindRequest, Names, Person
from gateway.account.outcomes import Found
from gateway.account.uniform_time import UniformTime
from gateway.protection.clock import SystemClock
from gateway.protection.rate_limiting.addresses import neighbourhood
from gateway.protection.rate_limiting.limiter import (
    Attempt,
    LimitScope,
    Pressure,
    RateLimiter,
    name_keys,
    person_keys,
)
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.protection.replay import SharedReplayCache
from gateway.settings import RateLimits as Rates
from tests.support.redis_server import RedisServer

DAY = date(1985, 3, 27)
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(params=["memory", "redis", "valkey"])
def store(request):
    if request.param == "memory":
        return Store("memory://")
    return Store(request.getfixturevalue("redis").url.replace("redis", request.param, 1))


class TestAttempts:
    def test_when_a_hundred_come_at_once_then_exactly_as_many_as_allowed_pass(self, store):
        rate_limiter = RateLimiter(Rates(per_login="10/minute", per_address="1000/minute"), store, KEY)

        with ThreadPoolExecutor(16) as crowd:
            waits = list(crowd.map(lambda _: rate_limiter.hit(Attempt("change", "192.0.2.1", login="a")), range(100)))

        assert waits.count(None) == 10


class TestPeek:
    def test_when_asked_again_and_again_then_it_counts_nothing(self, store):
        rate_limiter = RateLimiter(Rates(per_login="1/minute"), store, KEY)
        attempt = Attempt("change", "192.0.2.1", login="a")

        assert [rate_limiter.test(attempt) for _ in range(5)] == [None] * 5
        assert rate_limiter.hit(attempt) is None
        assert rate_limiter.test(attempt) is not None


class TestMark:
    def test_when_a_hundred_spend_it_at_once_then_one_is_first(self, tmp_path):
        server = RedisServer(tmp_path)
        server.start()
        try:
            replay_cache = SharedReplayCache(Store(server.url))
            with ThreadPoolExecutor(16) as crowd:
                firsts = list(crowd.map(lambda _: replay_cache.add_if_new("mark", 4_000_000_000), range(100)))
        finally:
            server.stop()

        assert firsts.count(True) == 1


class TestStore:
    def test_when_it_does_not_answer_then_that_is_said_and_not_passed_over(self):
        rate_limiter = RateLimiter(Rates(), Store("redis://127.0.0.1:1/0"), KEY)

        with pytest.raises(StoreUnavailable):
            rate_limiter.hit(Attempt("change", "192.0.2.1"))
        with pytest.raises(StoreUnavailable):
            rate_limiter.is_suspicious("192.0.2.1")


class TestNeighbourhood:
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
    def test_when_two_addresses_are_compared_then_a_customer_counts_as_one(self, one, other, same):
        assert (neighbourhood(one) == neighbourhood(other)) is same


def search(surname, given_name, number):
    persons = person_keys(surname, given_name, f"1985-01-{number}")
    return Attempt("find", f"192.0.2.{number}", persons=persons, names=name_keys(surname, given_name))


class TestPressure:
    @pytest.mark.parametrize(
        "attempts, pressure",
        [
            (0, Pressure.NORMAL),
            (9, Pressure.NORMAL),
            (10, Pressure.RAISED),
            (20, Pressure.HIGH),
            (40, Pressure.EXTREME),
        ],
    )
    def test_when_all_together_try_more_then_everybody_is_asked_for_more_work(self, store, attempts, pressure):
        rate_limiter = RateLimiter(Rates(overall="200/5 minutes", pressure_percent=5), store, KEY)
        for number in range(attempts):
            assert rate_limiter.hit(Attempt("change", f"192.0.2.{number}", login=str(number))) is None

        assert rate_limiter.pressure(Attempt("reset", "203.0.113.1", login="somebody")) is pressure

    @pytest.mark.parametrize(
        "attempts, pressure",
        [
            (2, Pressure.NORMAL),
            (3, Pressure.RAISED),
            (6, Pressure.HIGH),
            (12, Pressure.EXTREME),
            (50, Pressure.EXTREME),
        ],
    )
    def test_when_one_name_is_searched_with_many_dates_then_it_grows_and_nobody_is_refused(
        self, store, attempts, pressure
    ):
        rate_limiter = RateLimiter(Rates(per_name="3/hour"), store, KEY)
        searches = [search("Le Goff", "Anne-Marie", number) for number in range(attempts)]

        assert [rate_limiter.hit(one) for one in searches] == [None] * attempts
        assert rate_limiter.pressure(search("LE GOFF", "anne", 0)) is pressure
        assert rate_limiter.pressure(search("Durand", "Anne", 0)) is Pressure.NORMAL

    def test_when_asked_then_nothing_is_counted(self, store):
        rate_limiter = RateLimiter(Rates(overall="2/5 minutes"), store, KEY)
        attempt = Attempt("change", "192.0.2.1", login="a")

        for _ in range(5):
            rate_limiter.pressure(attempt)

        assert [rate_limiter.hit(attempt) for _ in range(2)] == [None, None]


class TestFormsWithoutWork:
    def test_when_one_site_sends_many_then_it_waits_and_others_do_not(self, store):
        rate_limiter = RateLimiter(Rates(without_work_per_address="2/hour"), store, KEY)

        of_one_site = [rate_limiter.hit_without_work(f"2001:db8:1:{number:x}::1") for number in range(0, 2000, 100)]

        assert of_one_site.count(None) == 16
        assert rate_limiter.hit_without_work("2001:db8:2::1") is None
        assert [rate_limiter.hit_without_work("192.0.2.1") is None for _ in range(3)] == [True, True, False]

    def test_when_all_send_many_then_everybody_waits_and_no_other_limit_moves(self, store):
        rate_limiter = RateLimiter(Rates(without_work_overall="3/5 minutes", overall="1/5 minutes"), store, KEY)

        waits = [rate_limiter.hit_without_work(f"192.0.2.{number}") for number in range(4)]

        assert [wait is None for wait in waits] == [True, True, True, False]
        assert waits[3]
        assert waits[3].scope is LimitScope.WITHOUT_WORK
        assert rate_limiter.hit(Attempt("change", "192.0.2.1")) is None


class TestAddresses:
    @pytest.mark.parametrize("length, admitted", [(64, 30), (56, 60), (48, 240)])
    def test_when_one_network_sends_thousands_then_others_are_admitted_at_their_usual_work(
        self, store, length, admitted
    ):
        rate_limiter = RateLimiter(Rates(), store, KEY)
        networks = 1 << 64 - length

        waits = [
            rate_limiter.hit(
                Attempt("change", f"2001:db8:1:{257 * number % networks:x}::{number:x}", login=str(number))
            )
            for number in range(4200)
        ]

        assert waits.count(None) == admitted
        somebody = Attempt("change", "2001:db8:2::1", login="somebody")
        assert rate_limiter.hit(somebody) is None
        assert rate_limiter.pressure(somebody) is Pressure.NORMAL

    def test_when_a_wider_network_is_full_then_its_addresses_are_not_counted(self, store):
        """Else a full network would go on to use up the limits of each address within it."""
        rate_limiter = RateLimiter(Rates(per_address="1/5 minutes"), store, KEY)
        for number in range(2):
            rate_limiter.hit(Attempt("change", f"2001:db8:1:{number:x}::1"))

        held_up = rate_limiter.hit(Attempt("change", "2001:db8:1:99::1"))

        assert held_up
        assert held_up.scope is LimitScope.ADDRESS
        assert rate_limiter.hit(Attempt("change", "2001:db8:1:199::1")) is None

    def test_when_a_translator_embeds_ipv4_then_they_are_counted_one_by_one(self, store):
        rate_limiter = RateLimiter(Rates(per_address="1/5 minutes"), store, KEY)

        assert rate_limiter.hit(Attempt("change", "64:ff9b::192.0.2.1")) is None
        assert rate_limiter.hit(Attempt("change", "192.0.2.1")) is not None
        assert rate_limiter.hit(Attempt("change", "64:ff9b::192.0.2.2")) is None


class TestMisses:
    def test_when_one_site_changes_its_networks_then_it_becomes_suspicious(self, store):
        rate_limiter = RateLimiter(Rates(misses_per_address="3/hour"), store, KEY)

        for number in range(24):
            rate_limiter.count_miss(f"2001:db8:1:{256 * number:x}::1")

        assert rate_limiter.is_suspicious("2001:db8:1:ffff::1")
        assert not rate_limiter.is_suspicious("2001:db8:2::1")


class Only:
    """A directory with one person in it."""

    def __init__(self, person):
        self.person = person

    def find_by_name(self, *_):
        return []

    def names_born_on(self, _):
        return [Names("uid=one", self.person.surnames, self.person.birth_names, self.person.given_names)]

    def with_names(self, _):
        return self.person

    def from_primary(self, person):
        return person


def at_once():
    admission = Admission(clock=SystemClock(), max_at_once=1, max_wait_seconds=1)
    return UniformTime(clock=SystemClock(), min_seconds=0.0001, admission=admission)


def spellings(name):
    """`name` with a blank or not between any two of its letters, and said twice."""
    cuts = range(2 ** (len(name) - 1))
    split = ["".join(char + " " * (cut >> at & 1) for at, char in enumerate(name)).strip() for cut in cuts]
    return [*split, f"{name} {name}", f"de {name}", f"{name}-{name}"]


class TestKeys:
    def test_when_a_search_finds_one_person_by_other_spellings_then_they_share_a_count(self):
        held = Person("jmartin", ("MARTIN",), (), ("Chris",), "", initial_password=False)
        plain = set(person_keys("Martin", "Chris", DAY.isoformat()))
        found_by = set()

        for surname in spellings("Martin"):
            for given_name in spellings("Chris"):
                found = find_account(FindRequest(surname, given_name, DAY), people=Only(held), uniform=at_once())
                if isinstance(found, Found):
                    found_by.add((surname, given_name))
                    assert plain & set(person_keys(surname, given_name, DAY.isoformat())), (surname, given_name)
        assert ("Martin", "Chris") in found_by
        assert len(found_by) > 1
