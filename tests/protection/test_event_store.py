"""The event store: what it returns of a person and of days, what it never shows, and how much it can hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
import redis as redis_client

from gateway.protection.event_store import (
    BUCKETS,
    MAX_BYTES,
    MAX_SHOWN,
    PER_BUCKET,
    DayCount,
    Event,
    EventKeys,
    EventStore,
)
from gateway.protection.events_in_memory import MemoryEventStore
from gateway.protection.events_in_redis import PREFIX, RedisEventStore
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from tests.support.ports import free_port

OLD, NEW = "old-" * 10, "new-" * 10
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)
KEEP_DAYS = 30


@dataclass
class Clock:
    """The clock that decides what is too old to be read."""

    now: datetime = NOON

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["memory", "redis"])
def open_store(request, clock) -> Callable[..., EventStore]:
    """Opens a store of each kind: `open_store(NEW, OLD)`. Those in Redis share one Redis."""
    if request.param == "memory":
        return lambda *keys: MemoryEventStore(EventKeys(keys or [NEW]), KEEP_DAYS, PARIS, clock)
    shared = Store(request.getfixturevalue("redis").url)
    return lambda *keys: RedisEventStore(shared, EventKeys(keys or [NEW]), KEEP_DAYS, PARIS, clock)


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def redis_store(redis, clock):
    return RedisEventStore(Store(redis.url), EventKeys([NEW]), KEEP_DAYS, PARIS, clock)


def shown(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    return [(event.service, event.outcome, event.times) for event in events]


class TestPerson:
    def test_when_nothing_happened_then_there_is_nothing(self, store):
        assert store.of("fdurand4") == []

    def test_when_they_try_several_services_then_all_of_it_is_returned_the_newest_first(self, store):
        store.add(["fdurand4"], "change", "credentials", NOON)
        store.add(["fdurand4"], "reset", "proved", NOON + timedelta(minutes=1))
        store.add(["jmartin"], "find", "found", NOON + timedelta(minutes=2))

        assert store.of("fdurand4") == [
            Event(NOON + timedelta(minutes=1), NOON + timedelta(minutes=1), 1, "reset", "proved"),
            Event(NOON, NOON, 1, "change", "credentials"),
        ]

    def test_when_a_search_finds_namesakes_then_each_of_them_has_it(self, store):
        store.add(["fdurand4", "fdurand5"], "find", "found", NOON)

        assert shown(store.of("fdurand4")) == shown(store.of("fdurand5")) == [("find", "found", 1)]
        assert store.counts(NOON.date(), NOON.date()) == [DayCount(NOON.date(), "find", "found", 1)]

    @pytest.mark.parametrize("typed", ["FDurand4", " fdurand4 "])
    def test_when_the_login_is_spelt_otherwise_then_it_is_the_same_person(self, store, typed):
        store.add([typed], "change", "credentials", NOON)

        assert shown(store.of("fdurand4")) == [("change", "credentials", 1)]

    def test_when_they_type_their_address_then_it_is_found_by_that_name(self, store):
        store.add(["francois.durand@ac-example.fr"], "change", "credentials", NOON)
        store.add(["fdurand4"], "change", "changed", NOON + timedelta(minutes=1))

        found = store.of("fdurand4", "Francois.Durand@ac-example.fr", "fdurand4")

        assert shown(found) == [("change", "changed", 1), ("change", "credentials", 1)]

    def test_when_an_agent_acted_then_the_event_names_the_agent(self, store):
        store.add(["fdurand4"], "helpdesk", "unlocked", NOON, agent="agent.é")

        [event] = store.of("fdurand4")
        assert event.agent == "agent.é"

    @pytest.mark.parametrize("typed", ["", "Motdepasse-2026!", "é", "a" * 65, "fdurand4@", "a\0b", "x y"])
    def test_when_what_was_typed_is_no_login_then_only_the_day_counts_it(self, store, typed):
        store.add([typed], "change", "credentials", NOON)

        assert store.of(typed) == []
        assert [one.count for one in store.counts(NOON.date(), NOON.date())] == [1]

    def test_when_the_secret_key_was_rotated_then_events_and_agents_of_before_are_still_read(self, redis, clock):
        def opened(*keys):
            return RedisEventStore(Store(redis.url), EventKeys(keys), KEEP_DAYS, PARIS, clock)

        opened(OLD).add(["fdurand4"], "helpdesk", "unlocked", NOON, agent="agent")
        opened(NEW, OLD).add(["fdurand4"], "change", "changed", NOON + timedelta(minutes=1))

        assert [event.outcome for event in opened(NEW, OLD).of("fdurand4")] == ["changed", "unlocked"]
        assert opened(NEW, OLD).of("fdurand4")[1].agent == "agent"
        assert [event.outcome for event in opened(NEW).of("fdurand4")] == ["changed"]


class TestRepeated:
    def test_when_the_same_happens_again_within_an_hour_then_it_is_one_entry_with_a_count(self, store):
        for minute in (0, 20, 59):
            store.add(["fdurand4"], "change", "credentials", NOON + timedelta(minutes=minute))

        [event] = store.of("fdurand4")

        assert (event.times, event.since, event.at) == (3, NOON, NOON + timedelta(minutes=59))

    def test_when_an_hour_has_passed_or_the_agent_is_another_then_it_is_an_entry_of_its_own(self, store):
        store.add(["fdurand4"], "helpdesk", "unlocked", NOON, agent="one")
        store.add(["fdurand4"], "helpdesk", "unlocked", NOON + timedelta(minutes=1), agent="two")
        store.add(["fdurand4"], "helpdesk", "unlocked", NOON + timedelta(hours=1), agent="one")

        assert [(event.times, event.agent) for event in store.of("fdurand4")] == [(1, "one"), (1, "two"), (1, "one")]

    def test_when_a_stranger_tries_a_login_without_end_then_what_happened_before_is_still_there(self, store):
        store.add(["fdurand4"], "reset", "not_proved", NOON)
        for number in range(5 * PER_BUCKET):
            outcome = ("credentials", "rate_limited")[number % 2]
            store.add(["fdurand4"], "change", outcome, NOON + timedelta(seconds=number))

        half = 5 * PER_BUCKET // 2
        assert shown(store.of("fdurand4")) == [
            ("change", "rate_limited", half),
            ("change", "credentials", half + half % 2),
            ("reset", "not_proved", 1),
        ]

    def test_when_many_different_things_happened_then_the_newest_are_returned(self, store):
        for number in range(MAX_SHOWN + 5):
            store.add(["fdurand4"], "change", f"outcome_{number}", NOON + timedelta(seconds=number))

        found = store.of("fdurand4")

        assert len(found) == MAX_SHOWN
        assert found[0].outcome == f"outcome_{MAX_SHOWN + 4}"


class TestDays:
    def test_when_counted_then_each_day_has_its_outcomes(self, store):
        for at, outcome in ((NOON, "changed"), (NOON, "credentials"), (NOON, "changed"), (NOON + A_DAY, "changed")):
            store.add(["fdurand4"], "change", outcome, at)

        assert store.counts(NOON.date(), NOON.date() + A_DAY) == [
            DayCount(date(2026, 3, 3), "change", "changed", 2),
            DayCount(date(2026, 3, 3), "change", "credentials", 1),
            DayCount(date(2026, 3, 4), "change", "changed", 1),
        ]
        assert store.counts(NOON.date() - 5 * A_DAY, NOON.date() - A_DAY) == []

    def test_when_it_is_past_midnight_in_the_academy_then_the_new_day_counts(self, store):
        store.add([], "find", "not_found", datetime(2026, 3, 3, 23, 30, tzinfo=UTC))

        assert [one.day for one in store.counts(date(2026, 3, 1), date(2026, 3, 9))] == [date(2026, 3, 4)]


class TestRetention:
    def test_when_the_days_are_over_then_nothing_of_it_is_returned(self, store, clock):
        store.add(["fdurand4"], "change", "changed", NOON)

        clock.now = NOON + KEEP_DAYS * A_DAY

        assert store.of("fdurand4") == []

    def test_when_a_new_day_begins_then_old_entries_of_all_people_are_erased(self, redis_store, redis):
        for number in range(50):
            redis_store.add([f"p{number}"], "change", "changed", NOON)
            redis_store.add([f"p{number}"], "change", "credentials", NOON + 20 * A_DAY)

        redis_store.add([], "find", "not_found", NOON + KEEP_DAYS * A_DAY)

        with redis_client.Redis.from_url(redis.url) as client:
            buckets = [key for key in client.scan_iter(f"{PREFIX}:*") if b":day:" not in key]
            left = [entry for key in buckets for entry in client.lrange(key, 0, -1)]
        assert len(left) == 50
        assert all(b"credentials" in entry for entry in left)

    def test_when_looked_at_in_redis_then_every_key_expires_in_time(self, redis_store, redis):
        redis_store.add(["fdurand4", "jmartin"], "find", "found", NOON)

        with redis_client.Redis.from_url(redis.url) as client:
            days_left = [client.ttl(key) / 86_400 for key in client.scan_iter()]

        assert len(days_left) == 3
        assert all(KEEP_DAYS - 1 < left <= KEEP_DAYS + 1 for left in days_left)


class TestStolenRedis:
    def test_when_all_of_it_is_read_then_it_shows_no_login_no_address_and_no_agent(self, redis_store, redis):
        people = ["fdurand4", "francois.durand@ac-example.fr"]
        redis_store.add(people, "change", "credentials", NOON)
        redis_store.add(["fdurand4"], "helpdesk", "unlocked", NOON, agent="agent7")

        with redis_client.Redis.from_url(redis.url) as client:
            client.save()
        stored = redis.everything()

        assert b"credentials" in stored
        assert not [name for name in ("fdurand4", "durand", "agent7") if name.encode() in stored.lower()]

    def test_when_a_thief_knows_a_login_and_not_the_key_then_the_events_are_not_found(
        self, redis_store, redis, clock
    ):
        redis_store.add(["fdurand4"], "change", "credentials", NOON)
        thief = RedisEventStore(Store(redis.url), EventKeys(["x" * 40]), KEEP_DAYS, PARIS, clock)

        assert thief.of("fdurand4") == []


class TestRoom:
    def test_when_a_flood_of_logins_is_typed_then_a_bucket_never_holds_more_than_its_share(self, redis_store, redis):
        keys = EventKeys([NEW])
        logins = (f"u{number}" for number in count())
        same = [login for login, _ in zip(logins, range(300_000), strict=False) if _bucket(keys, login) == 7]
        many = [same[number % len(same)] for number in range(3 * PER_BUCKET)]

        for number, login in enumerate(many):
            redis_store.add([login], "change", f"outcome_{number}", NOON)

        with redis_client.Redis.from_url(redis.url) as client:
            assert client.llen(f"{PREFIX}:7") == PER_BUCKET

    def test_when_events_come_then_an_event_takes_few_bytes(self, redis_store, redis):
        """Full, it has BUCKETS * PER_BUCKET of them, and must leave room for counts and tickets in 256 MB."""
        with redis_client.Redis.from_url(redis.url) as client:
            before = client.info("memory")["used_memory"]
            with client.pipeline(transaction=False) as pipeline:
                entry = b"12345678" + bytes(10) + b"change\0rate_limited\0"
                for bucket in range(512):
                    pipeline.lpush(f"{PREFIX}:{bucket}", *[entry] * PER_BUCKET)
                pipeline.execute()
            each = (client.info("memory")["used_memory"] - before) / 512

        assert BUCKETS * each < MAX_BYTES

    def test_when_many_front_ends_add_at_once_then_nothing_is_lost(self, redis, clock):
        def add():
            own = RedisEventStore(Store(redis.url), EventKeys([NEW]), KEEP_DAYS, PARIS, clock)
            for _ in range(100):
                own.add(["fdurand4"], "change", "credentials", NOON)

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        store = RedisEventStore(Store(redis.url), EventKeys([NEW]), KEEP_DAYS, PARIS, clock)
        assert shown(store.of("fdurand4")) == [("change", "credentials", 400)]
        assert [one.count for one in store.counts(NOON.date(), NOON.date())] == [400]


class TestOutage:
    def test_when_redis_does_not_answer_then_each_method_says_so(self, clock):
        store = RedisEventStore(
            Store(f"redis://127.0.0.1:{free_port()}/0"), EventKeys([NEW]), KEEP_DAYS, PARIS, clock
        )

        with pytest.raises(StoreUnavailable):
            store.add(["fdurand4"], "change", "changed", NOON)
        with pytest.raises(StoreUnavailable):
            store.of("fdurand4")
        with pytest.raises(StoreUnavailable):
            store.counts(NOON.date(), NOON.date())


def _bucket(keys: EventKeys, login: str) -> int:
    place = keys.place(login)
    assert place
    return place.bucket
