"""The rate limits, tickets and CAPTCHA of the web process."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.protection.captcha.challenge import Captcha
from gateway.protection.captcha.proof_of_work import ProofOfWork
from gateway.protection.captcha.robot_check import RobotCheck
from gateway.protection.rate_limiting.limiter import RateLimiter
from gateway.protection.rate_limiting.store import Store
from gateway.protection.replay import MemoryReplayCache, ReplayCache, SharedReplayCache
from gateway.protection.tickets import Tickets
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Protection:
    """The objects that protect the services from guessing and from scripts."""

    rate_limiter: RateLimiter
    tickets: Tickets
    replay_cache: ReplayCache
    robot_check: RobotCheck


def build_protection(settings: Settings) -> Protection:
    """Build rate limits, tickets and CAPTCHA with one common store. Connects to nothing."""
    keys, lifetime_seconds = settings.web.keys, 60 * settings.captcha.lifetime_minutes
    store = Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    replay_cache: ReplayCache = SharedReplayCache(store) if store.is_shared else MemoryReplayCache()
    tickets = Tickets(keys, replay_cache=replay_cache)
    client_rates = {name: client.rate for name, client in settings.api.clients.items()}
    rate_limiter = RateLimiter(settings.rate_limits, store, keys[0], client_rates)
    return Protection(
        rate_limiter=rate_limiter,
        tickets=tickets,
        replay_cache=replay_cache,
        robot_check=RobotCheck(
            settings.captcha,
            Captcha(tickets, lifetime_seconds),
            ProofOfWork(keys, replay_cache, lifetime_seconds),
            rate_limiter,
        ),
    )
