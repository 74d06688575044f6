"""Sealed tickets."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.protection.spent import MemorySpent, SharedSpent
from gateway.protection.store import Store
from gateway.protection.tickets import Ticket, Tickets, Void

OLD, NEW = "old-" * 10, "new-" * 10


class Hours:
    """A clock that a test sets."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours():
    return Hours()


@pytest.fixture
def tickets(hours):
    return Tickets([NEW, OLD], MemorySpent(hours), hours)


def test_ticket_when_opened_for_its_purpose_then_it_gives_its_payload(tickets):
    assert tickets.open("reset", tickets.issue("reset", {"login": "fdurand4"}, 60)).payload == {"login": "fdurand4"}


def test_ticket_when_looked_at_then_its_payload_cannot_be_read(tickets):
    assert "fdurand4" not in tickets.issue("reset", {"login": "fdurand4"}, 60)


def test_ticket_when_opened_for_another_purpose_then_it_is_invalid(tickets):
    assert tickets.open("captcha", tickets.issue("reset", {}, 60)) is Void.INVALID


def test_ticket_when_its_time_is_over_then_it_has_expired(tickets, hours):
    token = tickets.issue("reset", {}, 60)

    hours.now += 60

    assert tickets.open("reset", token) is Void.EXPIRED
    assert tickets.spend("reset", token) is Void.EXPIRED


def test_ticket_when_any_sign_of_it_is_changed_then_it_is_invalid(tickets):
    token = tickets.issue("reset", {"login": "fdurand4"}, 60)

    for place in range(len(token) - 1):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert tickets.open("reset", changed) is Void.INVALID


@pytest.mark.parametrize("token", ["", "x", "====", "é", "A" * 10_000, "\0", "AAAA AAAA"])
def test_ticket_when_it_is_no_ticket_then_it_is_invalid(tickets, token):
    assert tickets.open("reset", token) is Void.INVALID


def test_ticket_when_spent_then_it_serves_no_more(tickets):
    token = tickets.issue("reset", {}, 60)

    assert isinstance(tickets.spend("reset", token), Ticket)
    assert tickets.spend("reset", token) is Void.SPENT


@pytest.mark.parametrize("kind", ["memory", "redis"])
def test_ticket_when_it_is_given_back_then_it_serves_once_more_and_no_more(kind, request):
    shared = kind == "redis" and SharedSpent(Store(request.getfixturevalue("redis").url))
    tickets = Tickets([NEW], shared or MemorySpent())
    token = tickets.issue("reset", {}, 60)

    tickets.give_back(tickets.spend("reset", token))

    assert isinstance(tickets.spend("reset", token), Ticket)
    assert tickets.spend("reset", token) is Void.SPENT


def test_ticket_when_spent_by_many_at_once_then_exactly_one_gets_it(tickets):
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(300):
            token = tickets.issue("reset", {}, 60)
            with ThreadPoolExecutor(4) as pool:
                got = list(pool.map(lambda token: tickets.spend("reset", token), [token] * 4))
            assert sum(isinstance(one, Ticket) for one in got) == 1
    finally:
        sys.setswitchinterval(before)


def test_spent_when_what_was_spent_has_expired_then_its_memory_is_given_back(hours):
    spent = MemorySpent(hours)
    for number in range(100):
        spent.first(str(number), hours.now + 60)
    hours.now += 60

    spent.first("later", hours.now + 60)

    assert len(spent) == 1


def test_ticket_when_keys_were_rotated_then_the_old_key_still_opens_and_the_new_one_seals(tickets):
    with_old_only = Tickets([OLD], MemorySpent(), Hours())
    with_new_only = Tickets([NEW], MemorySpent(), Hours())

    assert isinstance(tickets.open("reset", with_old_only.issue("reset", {}, 60)), Ticket)
    assert isinstance(with_new_only.open("reset", tickets.issue("reset", {}, 60)), Ticket)
    assert with_old_only.open("reset", tickets.issue("reset", {}, 60)) is Void.INVALID
