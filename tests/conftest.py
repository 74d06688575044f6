"""What tests of several folders are given: a real slapd, the gateway on it, and a browser before it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache
from playwright.sync_api import Browser as Chromium

from gateway.app import create_app
from gateway.composition.web import Gateway, build_gateway
from gateway.demo.private_samba import PrivateSamba
from gateway.protection.turn_file import TurnFile
from gateway.services.known_outcomes import known_outcomes
from tests.support.browser import Browser
from tests.support.chromium_pages import ChromiumPages, running_chromium
from tests.support.gateway_settings import settings_for
from tests.support.kdc_server import KdcServer
from tests.support.ports import free_address
from tests.support.redis_server import RedisServer
from tests.support.served_gateways import ServedGateways
from tests.support.slapd_server import QUICK_HASH, SlapdServer
from tests.support.smtp_server import SmtpServer


class CompiledTemplates(BytecodeCache):
    """Kept in memory for all gateways of a run: each would compile the same templates anew."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if compiled := self._kept.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}

# No time limit for an example: on a busy machine it tells nothing about the code.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fails where pytest-xdist does not keep groups together: some tests share a server that bears one at a time."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError(f"pytest-xdist ignores the group of {item.nodeid}")


@pytest.fixture(scope="session", autouse=True)
def sent_at_once() -> Iterator[None]:
    """Gateways of this process send mails and webhooks without the pause that hides whether one was written.

    The times of answers, for which the pause is, are measured on processes of their own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.notifications.spool.MAX_DELAY_SECONDS", 0.0)
        patch.setattr("gateway.composition.web.MAX_DELAY_SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KdcServer]:
    """A realm of MIT Kerberos with its administration server."""
    realm = KdcServer(tmp_path_factory.mktemp("kdc"))
    realm.start()
    yield realm
    realm.stop()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[SlapdServer]:
    """One slapd for the whole run of this worker; `indirect=True` names another class of directory."""
    kind: type[SlapdServer] = getattr(request, "param", SlapdServer)
    academy = kind(tmp_path_factory.mktemp("slapd") / "state", hash_cost=QUICK_HASH)
    yield academy
    academy.slapd.stop()


@pytest.fixture
def directory(server: SlapdServer) -> SlapdServer:
    """The annuaire with nobody in it, and running."""
    if not server.slapd.is_running:
        server.slapd.start()
    server.remove_everybody()
    return server


@pytest.fixture
def build(directory: SlapdServer) -> Iterator[Callable[..., Gateway]]:
    """Builds gateways on the directory: `build(reset={"mode": "initial"})`.

    At the end, each outcome that a gateway counted must be one of those that are counted from the start.
    """
    built: list[Gateway] = []

    def builder(**sections: dict[str, Any]) -> Gateway:
        gateway = build_gateway(settings_for(directory, **sections))
        built.append(gateway)
        return gateway

    yield builder
    for gateway in built:
        gateway.close()
    assert {pair for gateway in built for pair in counted(gateway)} <= set(known_outcomes())


def counted(gateway: Gateway) -> Iterator[tuple[str, str]]:
    """Service and outcome of each count."""
    for family in gateway.metrics.outcomes.collect():
        for sample in family.samples:
            yield sample.labels["service"], sample.labels["outcome"]


@pytest.fixture
def gateway(build: Callable[..., Gateway]) -> Gateway:
    return build()


@pytest.fixture
def open_browser(build: Callable[..., Gateway]) -> Callable[..., Browser]:
    """Opens a browser before a gateway with these settings: `open_browser(captcha={…})`."""
    return lambda **sections: Browser(create_app(build(**sections)))


@pytest.fixture
def browser(open_browser: Callable[..., Browser]) -> Browser:
    return open_browser()


@pytest.fixture
def serve(build: Callable[..., Gateway]) -> Iterator[ServedGateways]:
    """Serves a gateway with these settings; its address: `serve(captcha={…})`."""
    gateways = ServedGateways(build)
    yield gateways
    gateways.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One for the whole run of this worker."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Chromium, serve: ServedGateways) -> Iterator[ChromiumPages]:
    """Opens a page of its own session; it fails the test on any script error or refused resource.

    It stands on `serve`, so that its pages, which may ask again and again, are closed before the service is.
    """
    pages = ChromiumPages(chromium)
    yield pages
    pages.close()
    assert pages.errors == []


@pytest.fixture
def mail_server() -> Iterator[SmtpServer]:
    """A mail server that runs."""
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis with nothing in it, and running."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def turn_file() -> Iterator[TurnFile]:
    """The turns of the processes of one service."""
    made = TurnFile()
    yield made
    os.close(made.descriptor)


@pytest.fixture(scope="session")
def domain_controller() -> Iterator[PrivateSamba]:
    """A Samba AD domain controller. Its path is short: pytest's own would be too long for its sockets."""
    with tempfile.TemporaryDirectory(prefix="ad-", ignore_cleanup_errors=True) as folder:
        samba = PrivateSamba(Path(folder) / "dc", free_address())
        Path(folder).chmod(0o711)
        samba.create()
        samba.start()
        yield samba
        samba.stop()
