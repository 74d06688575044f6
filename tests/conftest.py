"""What tests of several folders are given: a real slapd, the gateway on it, and a browser before it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser
from directory_server import PEOPLE, POLICIES, QUICK_HASH, SUFFIX, AcademyDirectory
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from ports import free_address
from real_redis import PrivateRedis
from real_smtp import MailServer

from gateway.app import create_app
from gateway.composition.web import Gateway, build_gateway
from gateway.demo.private_samba import PrivateSamba
from gateway.settings import Settings

SERVICES = f"ou=services,{SUFFIX}"
IMPATIENT = {"connect_timeout_seconds": 3, "receive_timeout_seconds": 3}
"""In [directory], for tests of a directory that hangs."""


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Fails where pytest-xdist does not keep groups together: some tests share a server that bears one at a time."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError(f"pytest-xdist ignores the group of {item.nodeid}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[AcademyDirectory]:
    """One slapd for the whole run of this worker; `indirect=True` names another class of directory."""
    kind: type[AcademyDirectory] = getattr(request, "param", AcademyDirectory)
    academy = kind(tmp_path_factory.mktemp("slapd") / "state", hash_cost=QUICK_HASH)
    yield academy
    academy.slapd.stop()


@pytest.fixture
def directory(server: AcademyDirectory) -> Iterator[AcademyDirectory]:
    """The annuaire with nobody in it, and running."""
    if not server.slapd.is_running:
        server.slapd.start()
    server.remove_everybody()
    return server


def settings_for(server: AcademyDirectory, /, **sections: dict[str, Any]) -> Settings:
    """Settings as an academy writes them, CAPTCHA off; `sections` add to them."""
    table: dict[str, dict[str, Any]] = {
        "directory": {
            "servers": [server.url],
            "bind_dn": f"cn=gateway,{SERVICES}",
            "bind_password": server.slapd.password("gateway"),
            "decoy_dn": f"cn=decoy,{SERVICES}",
            # A busy machine must not pass for a directory that hangs.
            "connect_timeout_seconds": 30,
            "receive_timeout_seconds": 30,
            # The hashes of these directories are quick. Tests of answer times start `mamia serve` with its default.
            "min_refusal_seconds": 0.05,
        },
        "people": {"base": PEOPLE},
        "captcha": {"required": []},
        "reset": {"initial_policy": f"cn=initial,{POLICIES}"},
        "web": {"secret_keys": [secrets.token_urlsafe(48)], "secure_cookies": False},
    }
    for name, values in sections.items():
        table[name] = {**table.get(name, {}), **values}
    return Settings(**table)


@pytest.fixture
def build(directory: AcademyDirectory) -> Iterator[Callable[..., Gateway]]:
    """Builds gateways on the directory: `build(reset={"mode": "initial"})`."""
    built: list[Gateway] = []

    def builder(**sections: dict[str, Any]) -> Gateway:
        gateway = build_gateway(settings_for(directory, **sections))
        built.append(gateway)
        return gateway

    yield builder
    for gateway in built:
        gateway.close()


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
def mail_server() -> Iterator[MailServer]:
    """A mail server that runs."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    """A Redis with nothing in it, and running."""
    server = PrivateRedis(tmp_path)
    server.start()
    yield server
    server.stop()


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
