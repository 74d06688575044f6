"""What 1,000,000 attempts cost, each with other names and from another address: python -m tests.bench.soak

The limits are the defaults, but for those of all together, which would refuse nearly all of the attempts. Waits up
to 20 minutes for the times in Redis to expire; the clock of the counts in memory is moved.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from ipaddress import IPv4Address
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import redis

from gateway.account.model import Secret
from gateway.protection.rate_limiting.limiter import Attempt, RateLimiter
from gateway.protection.rate_limiting.store import Store
from gateway.protection.replay import MemoryReplayCache, SharedReplayCache
from gateway.settings import RateLimits as Rates
from tests.bench.figures import record
from tests.bench.memory import resident
from tests.support.polling import wait_until
from tests.support.redis_server import RedisServer

ATTEMPTS = 1_000_000
PROCESSES = 2
RATES = Rates(overall="1000000000/minute", per_service="1000000000/minute")
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
DAY = 86_400
MARK_SECONDS = 600


def main() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        figures = alone.submit(soak_memory).result()
    for name, value, unit, at_most in figures:
        record(f"soak, memory: {name}", value, unit, at_most=at_most)
    with tempfile.TemporaryDirectory(prefix="b-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            soak_redis(server.url)
        finally:
            server.stop()


def attempt(number: int) -> Attempt:
    """A change, a reset or a search, in turn."""
    address = str(IPv4Address(number + 2**24))
    if number % 3 == 0:
        return Attempt("change", address, login=f"u{number}")
    if number % 3 == 1:
        return Attempt("reset", address, login=f"u{number}", proof=Secret(f"12E{number:07}ABC"))
    return Attempt("find", address, persons=(f"durand {number} 1985-03-27",), names=(f"durand {number}",))


def admit(rate_limiter: RateLimiter, numbers: range) -> float:
    """Microseconds of processor time for each."""
    started = time.process_time()
    for number in numbers:
        rate_limiter.hit(attempt(number))
    return 1e6 * (time.process_time() - started) / len(numbers)


def soak_memory() -> list[tuple[str, float, str, float | None]]:
    clock = [1e6]
    rate_limiter = RateLimiter(RATES, Store("memory://"), KEY, now=lambda: clock[0])
    tenth, me = ATTEMPTS // 10, os.getpid()
    first, before = admit(rate_limiter, range(100)), resident(me)
    first = admit(rate_limiter, range(tenth))
    admit(rate_limiter, range(tenth, ATTEMPTS - tenth))
    last = admit(rate_limiter, range(ATTEMPTS - tenth, ATTEMPTS))
    peak = resident(me)
    clock[0] += 2 * DAY
    rate_limiter.hit(attempt(0))
    gc.collect()
    after = resident(me)

    replay_cache, now = MemoryReplayCache(lambda: clock[0]), clock[0]
    marks_before = resident(me)
    for number in range(ATTEMPTS):
        replay_cache.add_if_new(f"{number:032x}", now + MARK_SECONDS)
    marks_peak = resident(me)
    clock[0] += MARK_SECONDS
    replay_cache.add_if_new("later", clock[0] + MARK_SECONDS)
    gc.collect()
    return [
        ("a process before", before / 1e6, "MB", None),
        (f"growth over {ATTEMPTS:,} attempts", (peak - before) / 1e6, "MB", 400),
        ("growth that is left once all has expired", (after - before) / 1e6, "MB", 40),
        ("processor time of an attempt, the last tenth / the first", last / first, "", 1.5),
        ("processor time of an attempt", last, "µs", None),
        (f"growth over {ATTEMPTS:,} used tickets", (marks_peak - marks_before) / 1e6, "MB", 400),
        ("growth that is left once they have expired", (resident(me) - marks_before) / 1e6, "MB", 40),
    ]


def soak_redis(url: str) -> None:
    client = redis.Redis.from_url(url)
    before = used(client)
    share = ATTEMPTS // PROCESSES
    started, cpu = time.monotonic(), server_cpu(client)
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as crowd:
        parts = [range(number, number + share) for number in range(0, ATTEMPTS, share)]
        microseconds = list(crowd.map(admit_in_redis, [url] * PROCESSES, parts))
    taken = time.monotonic() - started
    record(f"soak, Redis: growth over {ATTEMPTS:,} attempts", (used(client) - before) / 1e6, "MB", at_most=400)
    record("soak, Redis: keys at the peak", client.dbsize())
    record("soak, Redis: attempts", ATTEMPTS / taken, "a second")
    record("soak, Redis: processor time of an attempt, client", max(microseconds), "µs")
    record("soak, Redis: processor time of an attempt, server", 1e6 * (server_cpu(client) - cpu) / ATTEMPTS, "µs")
    record("soak, Redis: keys without an expiry", client.dbsize() - with_expiry(client), at_most=0)

    replay_cache = SharedReplayCache(Store(url))
    marks_before, expires = used(client), time.time() + MARK_SECONDS
    for number in range(ATTEMPTS // 10):
        replay_cache.add_if_new(f"{number:032x}", expires)
    record(f"soak, Redis: growth over {ATTEMPTS // 10:,} used tickets", (used(client) - marks_before) / 1e6, "MB")

    longest = wait_for_times(client)
    record(
        "soak, Redis: growth that is left in tables once the times have expired", (used(client) - before) / 1e6, "MB"
    )
    record("soak, Redis: longest time to live of what is left", longest / 3600, "hours", at_most=27)


def admit_in_redis(url: str, numbers: range) -> float:
    return admit(RateLimiter(RATES, Store(url), KEY), numbers)


def wait_for_times(client: Any) -> float:
    """Until only tables are left: the longest time to live of theirs, in seconds."""
    wait_until(lambda: client.dbsize() < 200, seconds=1500)
    longest: int = max(client.pttl(key) for key in client.scan_iter())
    return longest / 1000


def used(client: Any) -> float:
    return float(client.info("memory")["used_memory"])


def server_cpu(client: Any) -> float:
    cpu = client.info("cpu")
    return float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])


def with_expiry(client: Any) -> int:
    return int(client.info("keyspace")["db0"]["expires"])


if __name__ == "__main__":
    main()
