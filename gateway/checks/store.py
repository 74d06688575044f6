"""Check that the store does what rate limits and tickets need: it is used as they use it, in keys of its own.

The windows of the check and its mark expire within seconds.
"""

from __future__ import annotations

import re
import secrets
import socket
import time
from urllib.parse import urlsplit

from limits import RateLimitItemPerSecond

from gateway.checks.certificates import (
    authority_in,
    is_accepted_unless_strict,
    reason_unless_strict,
    refused_certificate,
    service_fix,
)
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.tls_trouble import Trouble, connection_trouble
from gateway.protection.rate_limiting.in_redis import RedisCounts
from gateway.protection.rate_limiting.store import ANSWER_SECONDS, Store, StoreUnavailable, reply_code
from gateway.protection.rate_limiting.windows import MAX_TIMES, Window
from gateway.protection.replay import SharedReplayCache
from gateway.settings import Settings
from gateway.settings.consistency import uses_memory_for_people
from gateway.tls import refusal

SUBJECT = "rate_limits.store"
EFFECT = "every change and reset is refused (503)"
MARK_SECONDS = 2
PORT = 6379
WINDOWS = (
    Window(RateLimitItemPerSecond(MAX_TIMES), "check"),
    Window(RateLimitItemPerSecond(MAX_TIMES + 1), "check", has_one_slot=True, refuses=False),
)
"""One window with times and one with cells: together they use every command of the limiter's script."""
_REPLIES = (
    (
        r"Authentication required|NOAUTH|already authenticated",
        "it asks for a password, and rate_limits.store has none",
        'rate_limits.store = "redis://:PASSWORD@host:6379/0", with the password of requirepass in redis.conf',
    ),
    (
        r"without any password configured",
        "rate_limits.store has a password, and the store has none",
        "requirepass in redis.conf with that password, or take it out of rate_limits.store",
    ),
    (
        r"WRONGPASS|invalid username-password pair|invalid password",
        "it refuses the user or the password of rate_limits.store",
        (
            "the password of requirepass in redis.conf, or that of the user (ACL LIST); %-encode special characters "
            "in the URL"
        ),
    ),
    (
        r"NOPERM|[Nn]o permissions|NoPermission|can't run this command",
        "its user may not run the commands of the rate limits",
        (
            "redis-cli ACL SETUSER {user} on resetkeys ~mamia:* ~LIMITS:* +@all -@dangerous +info, and the same in "
            "redis.conf (or ACL SAVE)"
        ),
    ),
    (
        r"READONLY|read only replica",
        "it is a read-only replica: no attempt can be counted",
        "name the primary in rate_limits.store; if this one is to be the primary: redis-cli REPLICAOF NO ONE",
    ),
    (
        r"OOM|maxmemory",
        "it is full (maxmemory), and refuses writes",
        "redis-cli CONFIG SET maxmemory 512mb, and the same value in redis.conf; or find out what else is kept there",
    ),
    (
        r"MISCONF|unable to persist|errors writing to the AOF",
        "it can't write to its disk, and so refuses writes",
        (
            "make room for the store's folder (redis-cli CONFIG GET dir) or give the folder back to its user; then "
            "redis-cli BGSAVE"
        ),
    ),
    (
        r"LOADING|loading the dataset",
        "it is still loading its data after a start",
        "wait until it has loaded them; redis-cli INFO persistence says how much is left (loading_eta_seconds)",
    ),
    (
        r"DENIED|protected mode",
        "it is in protected mode, and refuses other machines",
        "requirepass in redis.conf, and that password in rate_limits.store; or bind it to 127.0.0.1 and use it there",
    ),
    (
        r"DB index is out of range|invalid DB index",
        "it has no database with the number at the end of rate_limits.store",
        "end rate_limits.store in /0, or raise databases in redis.conf",
    ),
    (
        r"MASTERDOWN|Link with MASTER is down",
        "it is a replica that has lost its primary",
        "name the primary in rate_limits.store",
    ),
    (
        r"NOREPLICAS|Not enough good replicas",
        "it has fewer replicas than min-replicas-to-write, and so refuses writes",
        "start the replicas, or lower min-replicas-to-write",
    ),
    (
        r"MOVED|CLUSTERDOWN|CROSSSLOT",
        "it is a node of a cluster, which can't run the limiter's script over several keys",
        "a Redis or Valkey without cluster mode",
    ),
    (
        r"unknown command",
        "it does not know a command that the rate limits need",
        "Redis 6 or newer, or Valkey; in redis.conf no rename-command for EVALSHA, SCRIPT, SET, GETRANGE, SETRANGE",
    ),
    (
        r"max number of clients",
        "it has no free connection",
        "raise maxclients in redis.conf, or find out who keeps connections (redis-cli CLIENT LIST)",
    ),
)
"""Words of the store's reply → what it means, and the fix."""


def check_store(settings: Settings, store: Store | None = None) -> Finding:
    """Check that the store counts an attempt and remembers a ticket, by doing both in keys that expire at once.

    `store`: the one to use; without it, a new connection is opened.
    """
    store = store or Store(settings.rate_limits.store_url, tls_strict=settings.rate_limits.store_tls_strict)
    if uses_memory_for_people(settings):
        text = "in this process's memory: a restart forgets all counts, and accepts used tickets again"
        return warn(SUBJECT, text, "a redis:// or valkey:// URL; then rate_limits.allow_memory_store can go")
    if not store.is_shared:
        return ok(SUBJECT, "in this process's memory: enough for one process, forgotten at a restart")
    started = time.perf_counter()
    try:
        _use(store)
    except StoreUnavailable as error:
        return _refused(settings, error.cause or error)
    except UnicodeError as error:
        return _refused(settings, error)
    taken = time.perf_counter() - started
    if unread := _unread_database(settings.rate_limits.store):
        return warn(SUBJECT, unread, "end rate_limits.store in a number: /0")
    return ok(SUBJECT, f"counts attempts and remembers tickets; that took {1000 * taken:.0f} ms")


def _use(store: Store) -> None:
    """Do what an attempt and a ticket do. Raises StoreUnavailable."""
    counts, tickets = RedisCounts(store), SharedReplayCache(store)
    counts.hit(WINDOWS)
    counts.read(WINDOWS)
    mark = f"check/{secrets.token_hex(8)}"
    tickets.add_if_new(mark, time.time() + MARK_SECONDS)
    tickets.forget(mark)


def _refused(settings: Settings, error: BaseException) -> Finding:
    url, text = settings.rate_limits.store, f"{type(error).__name__}: {error}"
    if reason := refusal(text):
        reason = reason_unless_strict(url, authority_in(url)) or reason
        return refused_certificate(
            SUBJECT,
            reason,
            "rate_limits.store_tls_strict",
            is_accepted=lambda: is_accepted_unless_strict(url, authority_in(url)),
            otherwise=service_fix(reason),
        )
    trouble = _trouble(url, error, text)
    return fail(SUBJECT, trouble.text, f"{trouble.hint}; until then {EFFECT}")


def _trouble(url: str, error: BaseException, text: str) -> Trouble:
    user = urlsplit(url).username or "default"
    for pattern, what, hint in _REPLIES:
        if re.search(pattern, text):
            return Trouble(what, hint.format(user=user) if "{user}" in hint else hint)
    if code := reply_code(error):
        return Trouble(f"it answers {code}, and does not do what it is asked", "its manual says what this word means")
    return _unreachable(url, error)


def _unreachable(url: str, error: BaseException) -> Trouble:
    parts = urlsplit(url)
    cause = _root(error)
    if parts.scheme.endswith("+unix"):
        hint = f"unixsocket {parts.path} and unixsocketperm 770 in redis.conf, and the service's user in its group"
        return Trouble(f"{parts.path} can't be opened ({_reason(cause)})", hint)
    host, port = parts.hostname or "localhost", parts.port or PORT
    if type(error).__name__ == "TimeoutError" or isinstance(cause, TimeoutError):
        cause = TimeoutError()
        if parts.scheme in ("rediss", "valkeys") and _accepts(host, port):
            text = f"{host}:{port} accepts the connection and does not answer in TLS"
            return Trouble(
                text,
                f"{parts.scheme[:-1]}:// in rate_limits.store for a store on this machine, or tls-port in redis.conf",
            )
    elif "closed by server" in str(error) and parts.scheme in ("redis", "valkey"):
        hint = f"{parts.scheme}s:// in rate_limits.store if it speaks TLS at this port; else read its log"
        return Trouble(f"{host}:{port} closes the connection at once", hint)
    trouble = connection_trouble(cause, host, port)
    if isinstance(cause, ConnectionRefusedError):
        return Trouble(
            trouble.text, "systemctl start redis-server there, or correct host and port of rate_limits.store"
        )
    return trouble


def _accepts(host: str, port: int) -> bool:
    """Return whether a connection without TLS comes about: a plain Redis waits in silence for more."""
    try:
        socket.create_connection((host, port), timeout=ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def _root(error: BaseException) -> BaseException:
    """Return the operating system's error behind an error of the client library, which keeps only its text."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and (seen.errno is not None or not (seen.__cause__ or seen.__context__)):
            return seen
        seen = seen.__cause__ or seen.__context__
    return error


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def _unread_database(url: str) -> str:
    """Return what is wrong with the database's number in `url`, which the client library ignores without a word."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    if parts.scheme.endswith("+unix") or not name or name.isdecimal():
        return ""
    return f"its URL ends in /{name}, which is no database number: database 0 is used"
