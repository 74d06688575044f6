"""How often something may be tried, counted before the directory is asked.

Everything is counted by what was typed, whether or not it exists. The store contains keyed hashes, so it reveals no
login, number or birth date.
"""

from __future__ import annotations

import hashlib
import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from limits import RateLimitItem, parse_many

from gateway.account.model import Secret
from gateway.account.name_matching import MAX_GIVEN_NAMES, normalized, surname_parts, tokens
from gateway.account.phone_number import significant_digits
from gateway.account.proofs import candidates
from gateway.protection.rate_limiting.addresses import is_within, networks
from gateway.protection.rate_limiting.in_memory import MemoryCounts
from gateway.protection.rate_limiting.in_redis import RedisCounts
from gateway.protection.rate_limiting.store import Store
from gateway.protection.rate_limiting.windows import SLOTS, Counts, Usage, Window
from gateway.settings import RateLimits as Rates

_HASH_PURPOSE = b"mamia-throttle"
"""Separates these hashes from others of the same key. With another value all counts in the store would be lost."""
_OUTSIDE_OVERALL = frozenset({"api", "picture", "sound"})
"""Services that use no account; flooding them must not close the pages for everybody."""
_TRIES_PASSWORDS = "change"
"""The only service that binds as the person, from every entry point, so its failures count in the directory."""
_TASKS_PER_ATTEMPT = 8
"""Proof-of-work tasks per attempt that an address has.

Three services share them, and a page that is opened and left, or sent after a long wait, needs another one.
"""
MAX_SURNAME_PARTS = 4
"""Maximum number of a surname's parts that are counted; a longer surname is counted as a whole."""
_PRESSURE_STEPS = (1.0, 2.0, 4.0)
"""Multiples of the threshold at which a count raises the pressure by one level."""


class LimitScope(StrEnum):
    """What a limit counts. The values are stable: the audit uses them."""

    OVERALL = "overall"
    SERVICE = "service"
    ADDRESS = "address"
    SHARED_ADDRESS = "shared_address"
    LOGIN = "login"
    ACCOUNT = "account"
    PROOF = "proof"
    PERSON = "person"
    NAME = "name"
    CLIENT = "client"
    WITHOUT_WORK = "without_work"
    CODE = "code"
    AGENT = "agent"


class Pressure(IntEnum):
    """How much more proof of work an attempt needs than normally."""

    NORMAL = 0
    RAISED = 1
    HIGH = 2
    EXTREME = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of a service; "" for everything that it does not have."""

    service: str
    address: str
    login: str = ""
    proof: Secret | None = None
    persons: tuple[str, ...] = ()
    """Name, given name and birth date of the person searched, from `person_keys`."""
    names: tuple[str, ...] = ()
    """Name of the person searched without the birth date, from `name_keys`."""
    client: str = ""
    """The API client that calls. Its own limit replaces those of its address, of the service and of all services
    together."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """A limit was reached: which one (for the audit only), and after how many seconds to try again."""

    scope: LimitScope
    seconds: int


class RateLimiter:
    """Counts attempts against all limits of the settings."""

    def __init__(
        self,
        rates: Rates,
        store: Store,
        key: str,
        clients: Mapping[str, str] = MappingProxyType({}),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`key` hashes what is counted.

        `clients`: API client → its rate. `now`: clock of counts in memory; Redis has its own.
        """
        self._counts: Counts = RedisCounts(store) if store.is_shared else MemoryCounts(now)
        self._slot = _Slots(key).of
        self._shared = rates.shared_addresses
        self._limits: dict[LimitScope, Sequence[RateLimitItem]] = {
            LimitScope.OVERALL: parse_many(rates.overall),
            LimitScope.SERVICE: parse_many(rates.per_service),
            LimitScope.ADDRESS: parse_many(rates.per_address),
            LimitScope.SHARED_ADDRESS: parse_many(rates.per_shared_address),
            LimitScope.LOGIN: parse_many(rates.per_login_reset),
            LimitScope.PROOF: parse_many(rates.per_proof),
            LimitScope.PERSON: parse_many(rates.per_person),
            LimitScope.NAME: parse_many(rates.per_name),
        }
        self._password_tries = parse_many(rates.per_login)
        self._pressure_share = rates.pressure_percent / 100
        self._clients = {name: parse_many(rate) for name, rate in clients.items()}
        self._without_work_of_one = parse_many(rates.without_work_per_address)
        self._without_work_of_all = parse_many(rates.without_work_overall)
        self._codes_per_person = parse_many(rates.codes_per_person)
        self._codes_per_recipient = parse_many(rates.codes_per_recipient)
        self._text_messages = parse_many(rates.text_messages_overall)
        self._of_agent = parse_many(rates.per_agent)
        self._reset_codes = {
            "reset-code-agent": parse_many(rates.reset_codes_per_agent),
            "reset-code-person": parse_many(rates.reset_codes_per_person),
        }
        self._misses_of_one, self._misses_of_all = map(parse_many, (rates.misses_per_address, rates.misses_overall))

    def hit(self, attempt: Attempt) -> RetryAfter | None:
        """Count the attempt, or return how long to wait. Raises StoreUnavailable.

        Addresses and API clients are counted first, so that a blocked one cannot use up the attempts of others or of
        a login.
        """
        return self._hit(self._windows_of(attempt))

    def test(self, attempt: Attempt) -> RetryAfter | None:
        """Return how long `hit` would make the attempt wait, without counting it. Raises StoreUnavailable."""
        windows = self._windows_of(attempt)
        full = self._counts.test(list(windows))
        return _wait(windows[full.window], full.seconds) if full else None

    def pressure(self, attempt: Attempt) -> Pressure:
        """Return how much more work the attempt needs, without counting it. Raises StoreUnavailable.

        It depends on how full the limits of the service and of all services are, and on how often the name was
        searched. A name is never refused, because namesakes share its count.
        """
        shares = {
            LimitScope.OVERALL: self._pressure_share,
            LimitScope.SERVICE: self._pressure_share,
            LimitScope.NAME: 1.0,
        }
        subjects = self._windows_of(attempt).items()
        thresholds = {window: window.limit.amount * shares[scope] for window, scope in subjects if scope in shares}
        counts = self._counts.read(list(thresholds))
        fills = [count / threshold for count, threshold in zip(counts, thresholds.values(), strict=True)]
        return Pressure(bisect_right(_PRESSURE_STEPS, max(fills, default=0.0)))

    def hit_without_work(self, address: str) -> RetryAfter | None:
        """Count a form without proof of work, or return how long to wait. Raises StoreUnavailable.

        A shared address has no count of its own here, because many people use it.
        """
        windows: list[Window] = []
        if not self._is_shared(address):
            windows += self._of_address(LimitScope.WITHOUT_WORK, self._without_work_of_one, address)
        windows += [self._of_all(LimitScope.WITHOUT_WORK, limit) for limit in self._without_work_of_all]
        return self._hit(dict.fromkeys(windows, LimitScope.WITHOUT_WORK))

    def admits_account(self, service: str, account: str) -> bool:
        """Count an attempt at `account`, whichever of its logins was typed; return False beyond the limit of a login.

        Raises StoreUnavailable.
        """
        return self._counts.hit(self._of_account(service, account)) is None

    def account_has_attempts(self, service: str, account: str) -> bool:
        """Return whether `admits_account` would admit an attempt, without counting it. Raises StoreUnavailable."""
        return self._counts.test(self._of_account(service, account)) is None

    def admit_code(
        self, person: str, recipient: str, *, is_text_message: bool, only_look: bool = False
    ) -> RetryAfter | None:
        """Count a code that is sent, or return how long to wait. Raises StoreUnavailable.

        `person` is an identity of the directory; `recipient` a mail address, or a phone number in any spelling. With
        `only_look` nothing is counted.
        """
        address = significant_digits(recipient) if is_text_message else recipient.casefold()
        windows = [Window(limit, "code-person", self._slot("code", person)) for limit in self._codes_per_person]
        windows += [
            Window(limit, "code-recipient", self._slot("code", address)) for limit in self._codes_per_recipient
        ]
        if is_text_message:
            windows += [self._of_all("text-messages", limit) for limit in self._text_messages]
        if only_look:
            full = self._counts.test(windows)
            return _wait(LimitScope.CODE, full.seconds) if full else None
        return self._hit(dict.fromkeys(windows, LimitScope.CODE))

    def admit_notice(self, phone: str, notice: str) -> RetryAfter | None:
        """Count a notice to a phone number in any spelling, or return how long to wait. Raises StoreUnavailable.

        Codes and each kind of `notice` have counts of their own: whoever asks for many codes, or removes many
        methods, must not silence the notice of a method that is added.
        """
        slot = self._slot("notice", f"{notice}:{significant_digits(phone)}")
        windows = [Window(limit, "notice-recipient", slot) for limit in self._codes_per_recipient]
        return self._hit(dict.fromkeys(windows, LimitScope.CODE))

    def admit_text_message(self) -> RetryAfter | None:
        """Count an attempt to send a notice, which may cost money, with the text messages of all codes.

        Returns how long to wait. Raises StoreUnavailable.
        """
        windows = [self._of_all("text-messages", limit) for limit in self._text_messages]
        return self._hit(dict.fromkeys(windows, LimitScope.CODE))

    def admit_agent(self, what: str, agent: str) -> RetryAfter | None:
        """Count what an agent of the helpdesk does, or return how long to wait. Raises StoreUnavailable.

        `agent`: the identity of the agent's entry. Searches, looks and changes have counts of their own.
        """
        slot = self._slot(LimitScope.AGENT, what, agent)
        windows = [Window(limit, LimitScope.AGENT, slot) for limit in self._of_agent]
        return self._hit(dict.fromkeys(windows, LimitScope.AGENT))

    def admit_reset_code(self, agent: str, person: str) -> RetryAfter | None:
        """Count a code that an agent gives to a person, or return how long to wait. Raises StoreUnavailable.

        `person` is an identity of the directory.
        """
        subjects = {"reset-code-agent": agent.casefold(), "reset-code-person": person}
        windows = [
            Window(limit, name, self._slot("reset-code", subjects[name]))
            for name, limits in self._reset_codes.items()
            for limit in limits
        ]
        return self._hit(dict.fromkeys(windows, LimitScope.CODE))

    def admit_task(self, address: str) -> RetryAfter | None:
        """Count a proof-of-work task that is issued, or return how long to wait. Raises StoreUnavailable."""
        scope = LimitScope.SHARED_ADDRESS if self._is_shared(address) else LimitScope.ADDRESS
        limits = [type(limit)(limit.amount * _TASKS_PER_ATTEMPT, limit.multiples) for limit in self._limits[scope]]
        return self._hit(dict.fromkeys(self._of_address(scope, limits, address, "work"), scope))

    def count_miss(self, address: str, client: str = "") -> None:
        """Count a search that found nobody: for the API client that asked, else for the address and for all pages.

        Raises StoreUnavailable.
        """
        for window in self._misses(address, client):
            self._counts.hit([window])

    def is_suspicious(self, address: str, client: str = "") -> bool:
        """Whether too many searches of this API client, else of this address or of all pages, found nobody.

        Raises StoreUnavailable.
        """
        return self._counts.test(self._misses(address, client)) is not None

    def usage(self) -> Usage:
        """Return how full the store of the counts is. Raises StoreUnavailable."""
        return self._counts.usage()

    def _misses(self, address: str, client: str) -> list[Window]:
        """An API client asks for many people, so its own count has the limit of all pages together."""
        if client:
            return [self._of_all(f"misses-client-{client}", limit) for limit in self._misses_of_all]
        of_one = self._of_address("misses", self._misses_of_one, address)
        return [*of_one, *(self._of_all("misses", limit) for limit in self._misses_of_all)]

    def _of_account(self, service: str, account: str) -> list[Window]:
        slot = self._slot(LimitScope.ACCOUNT, service, account)
        return [Window(limit, LimitScope.ACCOUNT, slot) for limit in self._limits_of_login(service)]

    def _hit(self, windows: Mapping[Window, LimitScope]) -> RetryAfter | None:
        full = self._counts.hit(list(windows))
        return _wait(windows[full.window], full.seconds) if full else None

    def _windows_of(self, attempt: Attempt) -> dict[Window, LimitScope]:
        """Return the windows of an attempt, in the order in which they are counted."""
        service = attempt.service
        if attempt.client:
            windows = {
                self._of_all(f"client-{attempt.client}", limit): LimitScope.CLIENT
                for limit in self._clients[attempt.client]
            }
        else:
            windows = self._anybodys(service, attempt.address)
        for scope, text in _typed(attempt):
            for limit in self._limits_of_login(service) if scope is LimitScope.LOGIN else self._limits[scope]:
                slot = self._slot(scope, service, text)
                windows[Window(limit, scope, slot, refuses=scope is not LimitScope.NAME)] = scope
        return windows

    def _limits_of_login(self, service: str) -> Sequence[RateLimitItem]:
        return self._password_tries if service == _TRIES_PASSWORDS else self._limits[LimitScope.LOGIN]

    def _anybodys(self, service: str, address: str) -> dict[Window, LimitScope]:
        """Return the windows that do not depend on what was typed: address, service, all services."""
        if self._is_shared(address):
            limits, slot = self._limits[LimitScope.SHARED_ADDRESS], self._slot(service, address)
            windows = {Window(limit, LimitScope.SHARED_ADDRESS, slot): LimitScope.SHARED_ADDRESS for limit in limits}
        else:
            limits = self._limits[LimitScope.ADDRESS]
            windows = dict.fromkeys(
                self._of_address(LimitScope.ADDRESS, limits, address, service), LimitScope.ADDRESS
            )
        for limit in self._limits[LimitScope.SERVICE]:
            windows[self._of_all(f"service-{service}", limit)] = LimitScope.SERVICE
        if service not in _OUTSIDE_OVERALL:
            for limit in self._limits[LimitScope.OVERALL]:
                windows[self._of_all(LimitScope.OVERALL, limit)] = LimitScope.OVERALL
        return windows

    def _of_address(
        self, name: str, limits: Sequence[RateLimitItem], address: str, service: str = ""
    ) -> Iterator[Window]:
        """Yield the windows of an address, the widest network first.

        So a full network uses up nothing of those within it.
        """
        for network, times in networks(address).items():
            for limit in limits:
                wider = type(limit)(limit.amount * times, limit.multiples)
                yield Window(wider, name, self._slot(name, service, network))

    def _of_all(self, name: str, limit: RateLimitItem) -> Window:
        return Window(limit, f"all-{name}", has_one_slot=True)

    def _is_shared(self, address: str) -> bool:
        return is_within(address, self._shared)


class _Slots:
    """Numbers under which counts are stored: whoever reads the store learns nothing of what was typed."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.blake2b(key.encode(), digest_size=32, person=_HASH_PURPOSE).digest()

    def of(self, *texts: str) -> int:
        digest = hashlib.blake2b("\0".join(texts).encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % SLOTS


def _typed(attempt: Attempt) -> Iterator[tuple[LimitScope, str]]:
    """Yield what was typed, with its scope."""
    if attempt.login:
        yield LimitScope.LOGIN, _login_key(attempt.login)
    if attempt.proof:
        # All spellings of a number share one count.
        yield LimitScope.PROOF, candidates(attempt.proof)[0].value.reveal()
    for person in attempt.persons:
        yield LimitScope.PERSON, person
    for name in attempt.names:
        yield LimitScope.NAME, name


def person_keys(surname: str, given_name: str, birth_date: str) -> tuple[str, ...]:
    """Return the keys of `name_keys`, each with the birth date."""
    return tuple(f"{name} {birth_date}" for name in name_keys(surname, given_name))


def name_keys(surname: str, given_name: str) -> tuple[str, ...]:
    """Return keys such that all spellings which find the same person share one: the whole name, and its parts.

    >>> name_keys("Le Goff", "Anne"), name_keys("GO FF", "Anne")[0]
    (('legoff anne', 'goff anne'), 'goff anne')
    """
    families = dict.fromkeys((normalized(surname), *surname_parts(surname)[:MAX_SURNAME_PARTS]))
    given_names = dict.fromkeys((normalized(given_name), *tokens(given_name)[:MAX_GIVEN_NAMES]))
    return tuple(f"{family} {name}" for family in families for name in given_names)


def _wait(scope: LimitScope, seconds: float) -> RetryAfter:
    return RetryAfter(scope, max(1, math.ceil(seconds)))


def _login_key(login: str) -> str:
    """Normalise a login at least as much as the directory does, so that no other spelling has a count of its own."""
    return normalized(login) or login.casefold()
