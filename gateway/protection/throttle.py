"""How often something may be tried, counted before the directory hears of it.

Everything is counted by what was typed, whether or not it exists. What is counted is stored as a keyed hash: whoever
reads the store learns no login, number or birth date.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from limits import RateLimitItem, parse_many

from gateway.account.model import Secret
from gateway.account.names import folded
from gateway.account.proofs import candidates
from gateway.protection.addresses import is_within, neighbourhood
from gateway.protection.store import Store
from gateway.protection.windows import Window, Windows
from gateway.settings import Throttle as Rates


class Subject(StrEnum):
    OVERALL = "overall"
    SERVICE = "service"
    ADDRESS = "address"
    SHARED_ADDRESS = "shared_address"
    LOGIN = "login"
    PROOF = "proof"
    PERSON = "person"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of a service; what it does not have stays empty."""

    service: str
    address: str
    login: str = ""
    proof: Secret | None = None
    person: str = ""
    """Name, given name and birth date of the person searched."""
    client: str = ""
    """The portal that asks: its own limit stands in the place of its address's."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Too often: whose limit it was (for the audit alone) and in how many seconds to come back."""

    subject: Subject
    seconds: int


class Throttle:
    def __init__(
        self, rates: Rates, store: Store, key: str, clients: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`clients`: the portals and their rates."""
        self._windows = Windows(store)
        self._key = hashlib.blake2b(key.encode(), digest_size=32, person=b"mamia-throttle").digest()
        self._shared = rates.shared_addresses
        self._limits: dict[Subject, Sequence[RateLimitItem]] = {
            Subject.OVERALL: parse_many(rates.overall),
            Subject.SERVICE: parse_many(rates.per_service),
            Subject.ADDRESS: parse_many(rates.per_address),
            Subject.SHARED_ADDRESS: parse_many(rates.per_shared_address),
            Subject.LOGIN: parse_many(rates.per_login),
            Subject.PROOF: parse_many(rates.per_proof),
            Subject.PERSON: parse_many(rates.per_person),
        }
        self._clients = {name: parse_many(rate) for name, rate in clients.items()}
        self._misses_of_one = parse_many(rates.misses_per_address)
        self._misses_of_all = parse_many(rates.misses_overall)

    def admit(self, attempt: Attempt) -> Wait | None:
        """Count the attempt, or say how long to wait. Raises StoreUnavailable.

        Addresses and portals come first: one that is held up can't use up what all others, or a login, may try.
        """
        windows = self._windows_of(attempt)
        return self._wait(windows, self._windows.count(list(windows)))

    def peek(self, attempt: Attempt) -> Wait | None:
        """Whether `admit` would hold the attempt up, without counting it. Raises StoreUnavailable."""
        windows = self._windows_of(attempt)
        return self._wait(windows, self._windows.first_full(list(windows)))

    def count_miss(self, address: str) -> None:
        """An account was not found. Raises StoreUnavailable."""
        for window in self._misses(address):
            self._windows.count([window])

    def is_suspicious(self, address: str) -> bool:
        """Whether accounts were not found too often from there, or altogether. Raises StoreUnavailable."""
        return self._windows.first_full(self._misses(address)) is not None

    def _misses(self, address: str) -> list[Window]:
        of_one = [Window(limit, ("misses", self._hash(neighbourhood(address)))) for limit in self._misses_of_one]
        return of_one + [Window(limit, ("misses",)) for limit in self._misses_of_all]

    def _windows_of(self, attempt: Attempt) -> dict[Window, Subject]:
        return {
            Window(limit, names): subject
            for subject, names in self._subjects(attempt)
            for limit in (self._clients[attempt.client] if subject is Subject.CLIENT else self._limits[subject])
        }

    def _wait(self, windows: Mapping[Window, Subject], full: Window | None) -> Wait | None:
        if full is None:
            return None
        seconds = self._windows.free_at(full) - time.time()
        return Wait(windows[full], max(1, math.ceil(seconds)))

    def _subjects(self, attempt: Attempt) -> Iterator[tuple[Subject, tuple[str, ...]]]:
        service = attempt.service
        if attempt.client:
            yield Subject.CLIENT, ("client", attempt.client)
        else:
            address = Subject.SHARED_ADDRESS if self._is_shared(attempt.address) else Subject.ADDRESS
            yield address, ("address", service, self._hash(neighbourhood(attempt.address)))
        yield Subject.SERVICE, ("service", service)
        yield Subject.OVERALL, ("overall",)
        if attempt.login:
            yield Subject.LOGIN, ("login", service, self._hash(_login_key(attempt.login)))
        if attempt.proof:
            # Two ways of writing one number are one number.
            yield Subject.PROOF, ("proof", service, self._hash(candidates(attempt.proof)[0].value.reveal()))
        if attempt.person:
            yield Subject.PERSON, ("person", service, self._hash(attempt.person))

    def _is_shared(self, address: str) -> bool:
        return is_within(address, self._shared)

    def _hash(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()


def person_key(surname: str, given_name: str, birth_date: str) -> str:
    return f"{folded(surname)} {folded(given_name)} {birth_date}"


def _login_key(login: str) -> str:
    """At least as tolerant as the directory's own comparison, so that no other spelling starts a count of its own."""
    return folded(login) or login.casefold()
