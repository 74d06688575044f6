"""This service as an academy runs it, with Redis; only what would refuse so many requests of one machine is wide."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.crowd import NEW
from tests.bench.load import Request
from tests.support.browser import CHANGE, FIND
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, SlapdServer

WIDE = "10000000/minute"
LIMITS = (
    "per_login", "per_login_reset", "per_name", "per_proof", "per_person", "per_address", "per_service", "overall",
    "misses_per_address", "misses_overall",
)  # fmt: skip
PROCESSES = 2


@dataclass(frozen=True)
class Service:
    front_end: ServeProcess
    processes: Mapping[str, int]
    """Those whose time counts, by name."""

    @property
    def port(self) -> int:
        return self.front_end.port

    def change(self) -> Request:
        """The form of a change, as a browser sends it; the page of the result is another request."""
        fields = {"login": "p__NUMBER__", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
        return self._form(CHANGE, fields, "/resultat/")

    def lookup(self) -> Request:
        """The form of a search for one's login; the page of the answer is another request."""
        fields = {"surname": "Nom__NUMBER__", "given_name": "Prenom", "birth_date": "__DAY__/01/__YEAR__"}
        return self._form(FIND, fields, f"{FIND}/suite")

    def _form(self, page: str, fields: dict[str, str], leads_to: str) -> Request:
        """A cookie and the token that goes with it are a browser's, used again and again."""
        line = http.client.HTTPConnection("127.0.0.1", self.port)
        line.request("GET", page)
        answer = line.getresponse()
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.read().decode())
        line.close()
        assert token
        cookie = answer.getheader("Set-Cookie", "").split(";")[0]
        return Request(page, {**fields, "csrf_token": token[1]}, cookie, status=303, leads_to=leads_to)


@contextmanager
def served(folder: Path, directory: SlapdServer, redis: RedisServer, more: str = "") -> Iterator[Service]:
    """`more` are further sections of its settings. Its files are in `folder`, which exists."""
    limits = "\n".join(f'{name} = "{WIDE}"' for name in LIMITS)
    sections = (
        f'[captcha]\nrequired = []\n[rate_limits]\nstore = "{redis.url}"\n{limits}\n'
        f'[audit]\ndestination = "file"\nfile = "{folder / "audit.log"}"\n{more}'
    )
    health = free_port()

    def configure(port: int) -> Path:
        in_web = f"port = {port}\nhealth_port = {health}\nprocesses = {PROCESSES}\nsecure_cookies = false"
        in_web += "\naccess_log = false"
        return write_settings_file(folder, directory, in_web=in_web, more=sections)

    front_end = ServeProcess.on_a_free_port(configure)
    front_end.health_port = health
    front_end.log = folder / "web.log"
    front_end.start()
    try:
        yield Service(front_end, {"web": front_end.pid, "slapd": directory.slapd.process_id, "redis": redis.pid})
    finally:
        front_end.stop()
