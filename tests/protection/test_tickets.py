"""Sealed tickets."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.protection.rate_limiting.store import Store
from gateway.protection.replay import MemoryReplayCache, SharedReplayCache
from gateway.protection.tickets import Ticket, Tickets, TokenError

OLD, NEW = "old-" * 10, "new-" * 10


class FakeClock:
    """A clock that a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours():
    return FakeClock()


@pytest.fixture
def tickets(hours):
    return Tickets([NEW, OLD], MemoryReplayCache(hours), hours)


class TestReplayCache:
    def test_when_what_was_used_has_expired_then_its_memory_is_given_back(self, hours):
        replay_cache = MemoryReplayCache(hours)
        for number in range(100):
            replay_cache.add_if_new(str(number), hours.now + 60)
        hours.now += 60

        replay_cache.add_if_new("later", hours.now + 60)

        assert len(replay_cache) == 1


class TestTicket:
    def test_when_opened_for_its_purpose_then_it_gives_its_payload(self, tickets):
        assert tickets.open("reset", tickets.issue("reset", {"login": "fdurand4"}, 60)).payload == {
            "login": "fdurand4"
        }

    def test_when_looked_at_then_its_payload_cannot_be_read(self, tickets):
        assert "fdurand4" not in tickets.issue("reset", {"login": "fdurand4"}, 60)

    def test_when_opened_for_another_purpose_then_it_is_invalid(self, tickets):
        assert tickets.open("captcha", tickets.issue("reset", {}, 60)) is TokenError.INVALID

    def test_when_its_time_is_over_then_it_has_expired(self, tickets, hours):
        token = tickets.issue("reset", {}, 60)

        hours.now += 60

        assert tickets.open("reset", token) is TokenError.EXPIRED
        assert tickets.consume("reset", token) is TokenError.EXPIRED

    def test_when_any_character_of_it_is_changed_then_it_is_invalid(self, tickets):
        token = tickets.issue("reset", {"login": "fdurand4"}, 60)

        for place in range(len(token) - 1):
            changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
            assert tickets.open("reset", changed) is TokenError.INVALID

    @pytest.mark.parametrize("token", ["", "x", "====", "é", "A" * 10_000, "\0", "AAAA AAAA"])
    def test_when_it_is_no_ticket_then_it_is_invalid(self, tickets, token):
        assert tickets.open("reset", token) is TokenError.INVALID

    def test_when_used_then_it_serves_no_more(self, tickets):
        token = tickets.issue("reset", {}, 60)

        assert isinstance(tickets.consume("reset", token), Ticket)
        assert tickets.consume("reset", token) is TokenError.REPLAYED

    @pytest.mark.parametrize("kind", ["memory", "redis"])
    def test_when_it_is_given_back_then_it_serves_once_more_and_no_more(self, kind, request):
        shared = kind == "redis" and SharedReplayCache(Store(request.getfixturevalue("redis").url))
        tickets = Tickets([NEW], shared or MemoryReplayCache())
        token = tickets.issue("reset", {}, 60)

        ticket = tickets.consume("reset", token)
        assert isinstance(ticket, Ticket)
        tickets.give_back(ticket)

        assert isinstance(tickets.consume("reset", token), Ticket)
        assert tickets.consume("reset", token) is TokenError.REPLAYED

    def test_when_used_by_many_at_once_then_exactly_one_gets_it(self, tickets):
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            for _ in range(300):
                token = tickets.issue("reset", {}, 60)
                with ThreadPoolExecutor(4) as pool:
                    got = list(pool.map(lambda token: tickets.consume("reset", token), [token] * 4))
                assert sum(isinstance(one, Ticket) for one in got) == 1
        finally:
            sys.setswitchinterval(before)

    def test_when_keys_were_rotated_then_the_old_key_still_opens_and_the_new_one_seals(self, tickets):
        with_old_only = Tickets([OLD], MemoryReplayCache(), FakeClock())
        with_new_only = Tickets([NEW], MemoryReplayCache(), FakeClock())

        assert isinstance(tickets.open("reset", with_old_only.issue("reset", {}, 60)), Ticket)
        assert isinstance(with_new_only.open("reset", tickets.issue("reset", {}, 60)), Ticket)
        assert with_old_only.open("reset", tickets.issue("reset", {}, 60)) is TokenError.INVALID
