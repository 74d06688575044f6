"""For each alert of deploy/monitoring, the fault that it is about, on a watched site.

Each fault lasts as long as its block, and ends as the runbook ends it. What the block is given is done again and
again meanwhile, as people do who meet the fault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count

import ldap3
import redis

from tests.support.backup import LdifBackup
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX
from tests.support.watched_site import LOGINS, NEW, STRICT, WatchedSite

Again = Callable[[], object]


def nothing() -> None:
    """Where a fault stays until it is ended."""


@contextmanager
def stop_web(site: WatchedSite) -> Iterator[Again]:
    site.web.stop()
    try:
        yield nothing
    finally:
        site.web.start()


@contextmanager
def stop_worker(site: WatchedSite) -> Iterator[Again]:
    site.worker.stop()
    try:
        yield nothing
    finally:
        site.worker.start()


@contextmanager
def stop_directory(site: WatchedSite) -> Iterator[Again]:
    site.directory.slapd.stop()
    try:
        yield lambda: site.change(LOGINS[0], PASSWORD, NEW)
    finally:
        site.directory.slapd.start()


@contextmanager
def refuse_at_store(site: WatchedSite) -> Iterator[Again]:
    """A store that answers, and takes nothing: it has become a replica of another one."""
    with redis.Redis.from_url(site.redis.url) as store:
        store.replicaof("127.0.0.1", "1")
        try:
            yield lambda: site.change(LOGINS[0], PASSWORD, NEW)
        finally:
            store.replicaof("NO", "ONE")


@contextmanager
def fill_store(site: WatchedSite) -> Iterator[Again]:
    with redis.Redis.from_url(site.redis.url) as store:
        numbers = count()
        while store.info("memory")["used_memory"] < 0.85 * store.info("memory")["maxmemory"]:
            store.set(f"filling:{next(numbers)}", b"x" * 8_000_000)
        try:
            yield nothing
        finally:
            for key in store.scan_iter("filling:*"):
                store.delete(key)


@contextmanager
def connect_from_elsewhere(site: WatchedSite) -> Iterator[Again]:
    """As a thief of the worker's password does, from another address of this machine."""
    port = int(site.directory.url.rstrip("/").rpartition(":")[2])
    name, password = f"cn=sync,ou=services,{SUFFIX}", site.directory.slapd.password("sync")
    with ldap3.Connection(ldap3.Server("127.0.0.1", port), name, password, source_address="127.0.0.9") as thief:
        assert thief.bound
        yield nothing


@contextmanager
def compare_numbers(site: WatchedSite) -> Iterator[Again]:
    def compare() -> None:
        with site.directory.as_service("gateway") as line:
            for _ in range(3000):
                line.compare_s(site.directory.dn(LOGINS[0]), "numen", b"12E0000000XYZ")

    yield compare


@contextmanager
def slow_down(site: WatchedSite) -> Iterator[Again]:
    def change_slowly() -> None:
        site.directory.pause()
        awake = threading.Timer(3, site.directory.resume)
        awake.start()
        site.change(LOGINS[0], "wrong", NEW)
        awake.join()

    yield change_slowly


@contextmanager
def guess_numbers(site: WatchedSite) -> Iterator[Again]:
    yield lambda: site.guess_numbers(16)


@contextmanager
def keep_waiting(site: WatchedSite, login: str) -> Iterator[None]:
    """The realm is away, and a password has waited for it for two hours."""
    site.kdc.stop()
    try:
        site.change(login, PASSWORD, NEW)
        site.make_older(login, hours=2)
        yield
    finally:
        site.kdc.start()
    site.deliver(login)


@contextmanager
def lose_realm(site: WatchedSite) -> Iterator[Again]:
    with keep_waiting(site, LOGINS[1]):
        yield nothing


@contextmanager
def move_out(site: WatchedSite) -> Iterator[Again]:
    login = LOGINS[2]
    with keep_waiting(site, login), site.directory.as_admin() as line:
        line.rename_s(site.directory.dn(login), f"uid={login}", SUFFIX)
        try:
            yield nothing
        finally:
            line.rename_s(f"uid={login},{SUFFIX}", f"uid={login}", PEOPLE)


@contextmanager
def restore_directory(site: WatchedSite) -> Iterator[Again]:
    """From a backup in which a password waited that has long been replaced at the realm."""
    with keep_waiting(site, LOGINS[3]):
        backup = LdifBackup(site.directory, site.folder)
    backup.restore()
    try:
        yield nothing
    finally:
        site.mamia("sync", "forget", "--all-held")


@contextmanager
def refuse_at_realm(site: WatchedSite) -> Iterator[Again]:
    current, numbers = [PASSWORD], count()

    def change() -> None:
        new = f"Encore-{next(numbers):04}-Un"
        site.change(STRICT, current[0], new)
        current[0] = new
        wait_until(lambda: site.status_of(STRICT) == "rejected")

    yield change


FAULTS: dict[str, Callable[[WatchedSite], AbstractContextManager[Again]]] = {
    "MamiaDown": stop_web,
    "MamiaDirectoryUnavailable": stop_directory,
    "MamiaStoreUnavailable": refuse_at_store,
    "MamiaStoreFilling": fill_store,
    "MamiaForeignServiceConnection": connect_from_elsewhere,
    "MamiaManyCompares": compare_numbers,
    "MamiaSlow": slow_down,
    "MamiaGuessing": guess_numbers,
    "MamiaPropagationStuck": lose_realm,
    "MamiaDirectoryRestored": restore_directory,
    "MamiaEntryMovedOut": move_out,
    "MamiaPropagationRefused": refuse_at_realm,
    "MamiaWorkerDown": stop_worker,
}
