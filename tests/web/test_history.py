"""What the event store holds after people used the pages, and what becomes of people while it fails."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from gateway.app import create_app
from gateway.notifications.background import MAX_WAITING, BackgroundTasks
from gateway.protection.event_store import EventKeys
from gateway.protection.events_in_redis import RedisEventStore
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.services.history import PAUSE_SECONDS, StoredHistory
from tests.support.browser import Browser
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def gateway(build, redis, directory):
    directory.add_person("fdurand4")
    return build(events={}, rate_limits={"store": redis.url})


@pytest.fixture
def browser(gateway):
    return Browser(create_app(gateway))


def kept(gateway, name, *, wanted):
    """The events of a person, once there are `wanted` of them."""
    wait_until(lambda: len(gateway.event_store.of(name)) >= wanted)
    return [(event.service, event.outcome) for event in gateway.event_store.of(name)]


class TestPages:
    def test_when_somebody_finds_fails_and_changes_then_each_step_is_kept_under_their_login(self, gateway, browser):
        browser.find("Durand", "François")
        browser.change("fdurand4", "faux", NEW)
        browser.prove("fdurand4", proof="12E8534567XYZ")
        browser.change("fdurand4", PASSWORD, NEW)

        assert set(kept(gateway, "fdurand4", wanted=4)) == {
            ("find", "found"),
            ("change", "credentials"),
            ("reset", "not_proved"),
            ("change", "changed"),
        }

    def test_when_days_are_counted_then_what_has_no_login_counts_too(self, gateway, browser):
        browser.find("Inconnu", "François")
        browser.find("Durand", "François")

        today = datetime.now(UTC).date()
        around = today - timedelta(days=1), today + timedelta(days=1)
        wait_until(lambda: len(gateway.event_store.counts(*around)) == 2)
        assert {(one.outcome, one.count) for one in gateway.event_store.counts(*around)} == {
            ("found", 1),
            ("not_found", 1),
        }

    def test_when_everything_in_redis_is_read_then_no_login_password_or_number_is_there(
        self, gateway, browser, redis
    ):
        browser.change("fdurand4", "Unfauxmotdepasse", NEW)
        browser.change("MonMotDePasse12", PASSWORD, NEW)
        browser.prove("fdurand4")
        kept(gateway, "fdurand4", wanted=2)

        stored = redis.everything()

        for secret in (
            "fdurand4",
            "Unfauxmotdepasse",
            "MonMotDePasse12",
            PASSWORD,
            NEW,
            "12E8534567ABC",
            "19850327",
            "27/03",
        ):
            assert secret.lower().encode() not in stored.lower()

    def test_when_the_section_is_missing_then_nothing_is_kept(self, build, redis, directory):
        directory.add_person("fdurand4")
        gateway = build(rate_limits={"store": redis.url})

        Browser(create_app(gateway)).change("fdurand4", PASSWORD, NEW)
        gateway.close()

        assert gateway.event_store is None
        assert b"mamia:events" not in redis.everything()


class FailingStore:
    """An event store that a test breaks, and that counts what it was given."""

    def __init__(self) -> None:
        self.is_down = False
        self.added = 0
        self.asked = 0

    def add(self, logins, service, outcome, at, agent=""):
        self.asked += 1
        if self.is_down:
            raise StoreUnavailable("TimeoutError")
        self.added += 1

    def of(self, *names):
        return []

    def counts(self, first_day, last_day):
        return []


class Seconds:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class TestOutage:
    def test_when_the_store_hangs_then_nobody_waits_and_the_queue_stays_bounded(self, caplog):
        """`keep` would not return here if it waited for the store."""
        answers = threading.Event()

        class HangingStore(FailingStore):
            def add(self, *arguments, **options):
                answers.wait()

        history = StoredHistory(HangingStore(), BackgroundTasks())

        for _ in range(MAX_WAITING + 10):
            history.keep("change", "changed", ["fdurand4"])

        answers.set()
        history.close()
        assert len([one for one in caplog.messages if "dropped" in one]) >= 9

    def test_when_it_fails_then_it_is_left_alone_for_a_while_and_reported_once(self, caplog):
        caplog.set_level(logging.WARNING)
        store, seconds = FailingStore(), Seconds()
        store.is_down = True

        for _ in range(3):
            history = StoredHistory(store, BackgroundTasks(), seconds)
            for _ in range(100):
                history.keep("change", "changed", ["fdurand4"])
            history.close()

        assert store.asked == 3
        assert len(caplog.messages) == 3

    def test_when_it_comes_back_then_events_are_kept_again_and_the_log_says_so(self, caplog):
        caplog.set_level(logging.WARNING)
        store, seconds = FailingStore(), Seconds()
        history = StoredHistory(store, BackgroundTasks(), seconds)
        store.is_down = True
        history.keep("change", "changed", ["fdurand4"])
        wait_until(lambda: store.asked == 1)

        store.is_down = False
        seconds.now += PAUSE_SECONDS
        history.keep("change", "changed", ["fdurand4"])
        history.close()

        assert store.added == 1
        assert caplog.messages == [
            "the event store cannot be used, so events are in the audit only: TimeoutError",
            "the event store can be used again",
        ]

    def test_when_redis_is_gone_then_what_was_typed_is_not_in_the_log(self, caplog):
        store = RedisEventStore(Store(f"redis://127.0.0.1:{free_port()}/0"), EventKeys([KEY]), 30, UTC)
        history = StoredHistory(store, BackgroundTasks())

        history.keep("change", "changed", ["fdurand4"])
        history.close()

        assert "ConnectionError" in caplog.text
        assert "fdurand4" not in caplog.text
