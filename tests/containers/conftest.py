"""One service behind our nginx, for tests that do no harm to it."""

from __future__ import annotations

import hashlib

import pytest
import requests

from tests.support.api_token import TOKEN
from tests.support.nginx_proxy import Proxy
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file

SECTIONS = f"""
[captcha]
required = []
[api.clients.intranet]
services = ["change"]
addresses = ["127.0.0.1"]
token_sha256 = ["{hashlib.sha256(TOKEN.encode()).hexdigest()}"]
[rate_limits]
per_person = "100000/minute"
per_name = "100000/minute"
per_address = "100000/minute"
misses_per_address = "100000/minute"
misses_overall = "100000/minute"
"""


@pytest.fixture(scope="module")
def front_end(server, tmp_path_factory):
    """It has a log, an address for its supervisor, and a client of the API whose token is TOKEN."""
    folder, health_port = tmp_path_factory.mktemp("web"), free_port()
    store = RedisServer(folder)
    store.start()

    def configure(port):
        hosts = "allowed_hosts = ['localhost', '127.0.0.1']"
        in_web = f"port = {port}\nhealth_port = {health_port}\ntrusted_proxies = 1\n{hosts}"
        return write_settings_file(folder, server, in_web=in_web, more=f'{SECTIONS}store = "{store.url}"\n')

    running = ServeProcess.on_a_free_port(configure)
    running.health_port = health_port
    running.log = folder / "log"
    running.start()
    yield running
    running.stop()
    store.stop()


@pytest.fixture(scope="module")
def proxy(front_end, tmp_path_factory):
    running = Proxy(tmp_path_factory.mktemp("proxy"), [f"127.0.0.1:{front_end.port}"])
    running.start()
    yield running
    running.stop()


@pytest.fixture
def site(directory, proxy):
    """A browser at the site."""
    with requests.Session() as session:
        session.trust_env, session.verify = False, proxy.authority
        session.headers["Connection"] = "close"
        wait_until(lambda: is_served(session, proxy))
        yield session


def is_served(session, proxy):
    try:
        return session.get(proxy.address + "/health/ready", timeout=60).ok
    except requests.ConnectionError:
        return False
