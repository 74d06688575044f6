"""A whole site below one folder, with the files that `mamia setup` names, for commands that change secrets."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
import tomlkit

from gateway.demo.private_slapd import ADMIN
from gateway.protection.seal import make_key_pair
from tests.support.installed_program import InstalledProgram
from tests.support.kdc_server import KdcServer
from tests.support.load_generator import LIMITS, WIDE, Balancer, FrontEnd, Person
from tests.support.page_steps import Step, page_steps
from tests.support.polling import wait_until
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.secured_slapd import SecuredSlapd
from tests.support.slapd_server import PEOPLE, QUICK_HASH, SUFFIX
from tests.support.visitor import Visitor

PAGE = "operate.md"
PEOPLE_AT_ONCE = 2
MAX_DELIVERY_SECONDS = 60
FIRST_PASSWORD_OF_STORE = "le-premier-mot-de-passe-du-magasin"
SETTINGS = """
[directory]
servers = ["{ldaps}"]
ca_file = "{etc}/ca.pem"
bind_dn = "cn=gateway,ou=services,{suffix}"
bind_password_file = "{etc}/gateway.password"
decoy_dn = "cn=decoy,ou=services,{suffix}"
connect_timeout_seconds = 30
receive_timeout_seconds = 30
[people]
base = "{people}"
[web]
port = {port}
health_port = 0
secure_cookies = false
secret_keys_file = "{etc}/secret_keys"
[captcha]
required = []
[rate_limits]
store = "{store}"
store_password_file = "{etc}/store.password"
{limits}
[workstation]
public_key_file = "{etc}/worker.pub"
private_key_files = ["{etc}/worker.key"]
bind_dn = "cn=sync,ou=services,{suffix}"
bind_password_file = "{etc}/sync.password"
poll_seconds = 0.1
# People here change faster than anybody does: a worker that stops must not chase their newest password for long.
lease_seconds = 2
{target}"""


@dataclass
class RotatedSite:
    """Web service, worker, directory over TLS, Redis with a password, and a realm as target."""

    root: Path
    kdc: KdcServer
    dying: None = None
    """It is never killed."""
    program: InstalledProgram = field(init=False)
    directory: SecuredSlapd = field(init=False)
    store: RedisServer = field(init=False)
    port: int = field(default_factory=free_port)
    places: dict[str, str] = field(default_factory=dict)
    """What is in commands of the page → what it is here."""

    def __post_init__(self) -> None:
        self.program = InstalledProgram(self.root)
        self.program.environment["PATH"] += ":/usr/sbin"
        self.etc = self.root / "etc/mamia"
        (self.root / "slapd").mkdir()
        (self.root / "redis").mkdir()
        self.directory = SecuredSlapd(self.root / "slapd", hash_cost=QUICK_HASH)
        self.store = RedisServer(self.root / "redis")
        self.store.start()
        with redis.Redis(port=self.store.port) as client:
            client.config_set("requirepass", FIRST_PASSWORD_OF_STORE)
        self.places |= {
            "/etc/": f"{self.root}/etc/",
            f"-D {ADMIN} -W": f"-H {self.directory.url} -D {ADMIN} -y {self.directory.slapd.password_file('admin')}",
            "redis-cli": f"redis-cli -p {self.store.port}",
            "chown mamia-sync:": f"chown {os.geteuid()}",
        }
        self._write_files()
        self.run("systemctl start mamia mamia-sync")

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.program.stop()
        self.directory.slapd.stop()
        self.store.stop()

    def follow(self, heading: str) -> Iterator[Step]:
        """Do one step of a section of the page after the other; each is done when it is given."""
        for step in page_steps(PAGE, heading):
            self.do(step)
            yield step

    def do(self, step: Step, **placeholders: str) -> str:
        """Run a script of the page, or write what it says into the settings; returns what a script printed."""
        text = step.text
        for placeholder, value in placeholders.items():
            assert placeholder in text
            text = text.replace(placeholder, value)
        if step.is_settings:
            self.set(text)
            return ""
        return self.run(text)

    def run(self, script: str) -> str:
        """Run a script as an administrator's shell does, with the places of this site; it must succeed."""
        for place, here in self.places.items():
            script = script.replace(place, here)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            capture_output=True, text=True, env=self.program.environment, cwd=self.root,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout

    def set(self, lines: str) -> None:
        """Write these lines into mamia.toml, in the place of those with the same keys."""
        file = self.program.config
        document = tomlkit.parse(file.read_text())
        _merge(document, tomlkit.parse(lines.replace("/etc/", f"{self.root}/etc/")))
        file.write_text(tomlkit.dumps(document))

    def add_person(self, login: str, **attributes: str) -> str:
        """Somebody with a workstation in the realm."""
        self.kdc.add_person(login, "Ancien-Pw-2024!")
        return self.directory.add_person(login, departmentNumber="rectorat", **attributes)

    def visitor(self) -> Visitor:
        return Visitor(self.address)

    def is_delivered(self, login: str, password: str) -> bool:
        """Whether the realm takes the password once nothing waits any more."""
        wait_until(lambda: "mamiaPendingSecret" not in self.directory.read(login), MAX_DELIVERY_SECONDS)
        return self.kdc.kinit(login, password)

    @contextmanager
    def people_at_work(
        self, name: str, *, front_end: FrontEnd | None = None, verify: bool | str = True
    ) -> Iterator[None]:
        """People find accounts, change and reset passwords during the block and after it, and nothing may fail."""
        balancer, over = Balancer([front_end or self], verify), threading.Event()
        people = []
        for number in range(PEOPLE_AT_ONCE):
            login, surname, numen = f"{name}{number}", f"{name}nom{number}", f"12E000000{number}ABC"
            self.add_person(login, surname=surname, numen=numen)
            people.append(Person(login, surname, numen, balancer))
        threads = [threading.Thread(target=person.live, args=(over,)) for person in people]
        for thread in threads:
            thread.start()
        try:
            _wait_for_changes(people)
            yield
            _wait_for_changes(people)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert balancer.failures == []
        assert all(self.directory.binds(person.login, person.password) for person in people)

    def _write_files(self) -> None:
        self._write_secret("gateway.password", self.directory.slapd.password("gateway"))
        self._write_secret("sync.password", self.directory.slapd.password("sync"))
        self._write_secret("store.password", FIRST_PASSWORD_OF_STORE)
        # As many editors and scripts leave a file: without a line end.
        self._write_secret("secret_keys", "0123456789abcdefghijklmnopqrstuvwxyz")
        make_key_pair(self.etc / "worker.key", self.etc / "worker.pub")
        (self.etc / "ca.pem").write_bytes(self.directory.authority.read_bytes())
        self.program.config.write_text(
            SETTINGS.format(
                ldaps=self.directory.ldaps, etc=self.etc, suffix=SUFFIX, people=PEOPLE, port=self.port,
                store=self.store.url, limits="\n".join(f'{name} = "{WIDE}"' for name in LIMITS),
                target=self.kdc.target,
            )
        )  # fmt: skip

    def _write_secret(self, name: str, content: str) -> None:
        file = self.etc / name
        file.touch(mode=0o600)
        file.write_text(content)


def _wait_for_changes(people: list[Person]) -> None:
    """Until each of them has changed a password twice more: then every kind of form was sent."""
    before = [person.changes for person in people]
    wait_until(lambda: all(one.changes >= count + 2 for one, count in zip(people, before, strict=True)))


def _merge(into: Any, table: Any) -> None:
    for name, value in table.items():
        if isinstance(value, dict):
            _merge(into.setdefault(name, tomlkit.table()), value)
        else:
            into[name] = value
