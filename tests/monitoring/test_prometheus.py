"""A real Prometheus scrapes a real service: alerts fire when their fault is there, and end with it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import ldap3
import pytest
import redis
import requests

from gateway.demo.private_slapd import ldif_folder
from gateway.protection.seal import make_key_pair
from tests.support.browser import CHANGE, Page
from tests.support.kdc_server import ADMIN, REALM
from tests.support.load_generator import LIMITS, WIDE
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.redis_server import RedisServer
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SUFFIX, SlapdServer
from tests.support.worker_process import WorkerProcess

pytestmark = pytest.mark.install
LOGINS = [f"agent{number}" for number in range(8)]


class Watched:
    """Directory, store, web service, worker, and the Prometheus that scrapes both processes."""

    def __init__(self, folder: Path, kdc) -> None:
        self.kdc = kdc
        self.directory = SlapdServer(folder / "state", hash_cost=QUICK_HASH)
        self.directory.load((ldif_folder() / "46-monitor.ldif").read_text(), as_config=True)
        self.redis = RedisServer(folder, options={"maxmemory": "512mb", "maxmemory-policy": "noeviction"})
        self.redis.start()
        make_key_pair(folder / "worker.key", folder / "worker.pub")
        (folder / "sync").write_text(self.directory.slapd.password("sync"))
        self.worker_port = free_port()
        self.web = ServeProcess.on_a_free_port(lambda port: self._settings(folder, port))
        self.web.log = folder / "web.log"
        self.web.start()
        self.worker = WorkerProcess(self.web.config, folder / "worker.log")
        self.worker.start()
        jobs = {"mamia": self.web.port, "mamia-sync": self.worker_port}
        self.prometheus = Prometheus(folder / "prometheus", jobs)
        self.prometheus.start()
        wait_until(lambda: self.prometheus.up() == {"mamia", "mamia-sync"})

    def _settings(self, folder: Path, port: int) -> Path:
        limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
        more = f"""
[captcha]
required = []
[metrics]
allowed_networks = ["127.0.0.1"]
worker_port = {self.worker_port}
[rate_limits]
store = "{self.redis.url}"
{limits}
[workstation]
public_key_file = "{folder}/worker.pub"
private_key_files = ["{folder}/worker.key"]
bind_dn = "cn=sync,ou=services,{SUFFIX}"
bind_password_file = "{folder}/sync"
poll_seconds = 0.1
[workstation.targets.realm]
type = "kerberos"
realm = "{REALM}"
admin_principal = "{ADMIN.partition("@")[0]}"
keytab_file = "{self.kdc.keytab}"
krb5_conf = "{self.kdc.krb5_conf}"
"""
        file = write_settings_file(folder, self.directory, in_web=f"port = {port}\nsecure_cookies = false", more=more)
        text = file.read_text()
        file.write_text(
            text.replace("[directory]\n", '[directory]\nmonitor = true\nexpected_addresses = ["127.0.0.1/32"]\n')
        )
        return file

    def add_people(self) -> None:
        for number, login in enumerate(LOGINS):
            self.directory.add_person(
                login, surname=f"Nom{number}", numen=f"12E000000{number}ABC", departmentNumber="rectorat"
            )
            if login not in self.kdc.admin("listprincs"):
                self.kdc.add_person(login, "Ancien-Pw-2024!" * 3)

    def send(self, path: str, **typed: str) -> Page:
        """Fill a form in and send it."""
        with requests.Session() as session:
            session.headers["Connection"] = "close"
            page = Page(session.get(self.web.address + path, timeout=60))
            return Page(session.post(self.web.address + path, data={**page.fields, **typed}, timeout=60))

    def change(self, login: str, current: str, new: str) -> Page:
        return self.send(CHANGE, login=login, current_password=current, new_password=new, confirmation=new)


@pytest.fixture(scope="module")
def site(tmp_path_factory, kdc):
    watched = Watched(tmp_path_factory.mktemp("watched"), kdc)
    watched.add_people()
    yield watched
    watched.prometheus.stop()
    watched.worker.stop()
    watched.web.stop()
    watched.redis.stop()
    watched.directory.slapd.stop()


def nothing() -> None:
    """Where a fault stays until it is ended."""


@contextmanager
def stop_web(site):
    site.web.stop()
    yield nothing
    site.web.start()


@contextmanager
def stop_directory(site):
    site.directory.slapd.stop()
    try:
        yield lambda: site.change(LOGINS[0], PASSWORD, "Nouveau-2025")
    finally:
        site.directory.slapd.start()


@contextmanager
def stop_store(site):
    site.redis.stop()
    try:
        yield lambda: site.change(LOGINS[0], PASSWORD, "Nouveau-2025")
    finally:
        site.redis.start()


@contextmanager
def fill_store(site):
    with redis.Redis.from_url(site.redis.url) as store:
        number = 0
        while store.info("memory")["used_memory"] < 0.85 * store.info("memory")["maxmemory"]:
            number += 1
            store.set(f"filling:{number}", b"x" * 8_000_000)
        yield nothing
        for key in store.scan_iter("filling:*"):
            store.delete(key)


@contextmanager
def connect_from_elsewhere(site):
    """As a thief of the worker's password does, from another address of this machine."""
    port = int(site.directory.url.rstrip("/").rpartition(":")[2])
    name, password = f"cn=sync,ou=services,{SUFFIX}", site.directory.slapd.password("sync")
    server = ldap3.Server("127.0.0.1", port)
    with ldap3.Connection(server, name, password, source_address="127.0.0.9"):
        yield nothing


@contextmanager
def compare_numbers(site):
    def guess() -> None:
        with site.directory.as_service("gateway") as line:
            for _ in range(3000):
                line.compare_s(site.directory.dn(LOGINS[0]), "numen", b"12E0000000XYZ")

    yield guess


@contextmanager
def slow_down(site):
    def change_slowly() -> None:
        site.directory.pause()
        awake = threading.Timer(3, site.directory.resume)
        awake.start()
        site.change(LOGINS[0], "wrong", "Nouveau-2025")
        awake.join()

    yield change_slowly


FAULTS: dict[str, Callable[[Watched], AbstractContextManager[Callable[[], object]]]] = {
    "MamiaDown": stop_web,
    "MamiaDirectoryUnavailable": stop_directory,
    "MamiaStoreUnavailable": stop_store,
    "MamiaStoreFilling": fill_store,
    "MamiaForeignServiceConnection": connect_from_elsewhere,
    "MamiaManyCompares": compare_numbers,
    "MamiaSlow": slow_down,
}


class TestAlert:
    @pytest.mark.parametrize("name", FAULTS)
    def test_when_its_fault_is_there_then_it_fires_and_it_ends_with_the_fault(self, site, name, record_property):
        wait_until(lambda: name not in site.prometheus.firing())
        began = time.monotonic()

        def fires() -> bool:
            again()
            return name in site.prometheus.firing()

        with FAULTS[name](site) as again:
            wait_until(fires, seconds=60)
            record_property(name, round(time.monotonic() - began, 1))

        wait_until(lambda: name not in site.prometheus.firing(), seconds=60)
