"""The commands of the pages on backup and restore, on a real slapd and Redis: everything is lost in between."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from tests.support.browser import RESET, Browser
from tests.support.installed_program import page_commands
from tests.support.redis_server import RedisServer
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PASSWORD, QUICK_HASH, SlapdServer
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

DOCS = Path(__file__).parents[2] / "docs"
NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"


class Machine:
    """All of it below one folder, in the places that the pages name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "etc" / "mamia"
        self.settings.mkdir(parents=True)
        (root / "var" / "lib" / "redis").mkdir(parents=True)
        self.directory = SlapdServer(root / "slapd", hash_cost=QUICK_HASH)
        self.redis = RedisServer(root / "var" / "lib" / "redis")
        self.redis.start()
        more = (
            f"{worker_section(self.settings, self.directory)}\n{ABSENT_DOMAIN}\n"
            f'[captcha]\nrequired = []\n[rate_limits]\nstore = "{self.redis.url}"\n'
        )
        self.config = write_settings_file(self.settings, self.directory, in_web="secure_cookies = false", more=more)

    def run(self, page: str, section: str) -> None:
        """Every command of the section, with the places and the port of this machine."""
        places = {
            "/var/backups/mamia": f"{self.root}/backup",
            "/etc/ldap/slapd.d": f"{self.root}/slapd/config",
            "/var/lib/ldap": f"{self.root}/slapd/data",
            "tar -C /": f"tar -C {self.root}",
            "slapcat ": f"slapcat -F {self.root}/slapd/config ",
            "redis-cli ": f"redis-cli -p {self.redis.port} ",
            "openldap:": str(os.geteuid()),
        }
        commands = page_commands(DOCS / page, section)
        assert len(commands) >= 5
        for command in commands:
            for place, here in places.items():
                command = command.replace(place, here)
            path = os.environ["PATH"] + ":/usr/sbin"
            done = subprocess.run(
                shlex.split(command), capture_output=True, text=True, env={**os.environ, "PATH": path}
            )
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"

    def lose_everything(self) -> None:
        """But for the worker's key, which has its own place."""
        self.stop()
        self._key = (self.settings / "worker.key").read_bytes()
        for folder in (self.settings, self.redis.folder, self.root / "slapd/config", self.root / "slapd/data"):
            shutil.rmtree(folder)
        for place in ("var/lib/redis", "slapd/config", "slapd/data"):
            (self.root / place).mkdir()

    def start(self) -> None:
        (self.settings / "worker.key").write_bytes(self._key)
        (self.settings / "worker.key").chmod(0o600)
        self.redis.start()
        self.directory.slapd.start()

    def stop(self) -> None:
        self.redis.stop()
        self.directory.slapd.stop()


@pytest.fixture
def machine(tmp_path):
    one = Machine(tmp_path / "m")
    yield one
    one.stop()


@pytest.fixture
def open_gateway(machine):
    """Makes applications with the settings of the machine."""
    opened = []

    def opener():
        gateway = build_gateway(load(machine.config))
        opened.append(gateway)
        return create_app(gateway)

    yield opener
    for gateway in opened:
        gateway.close()


class TestBackup:
    def test_when_everything_is_lost_and_restored_then_people_are_served_and_used_tickets_stay_used(
        self, machine, open_gateway
    ):
        directory = machine.directory
        directory.add_person("fdurand4", departmentNumber="rectorat")
        directory.add_person("svincent", surname="Vincent", given_name="Sylvie", numen="12E0000001ABC")
        browser = Browser(open_gateway())
        proved = browser.prove("fdurand4")
        assert "a enregistré" in browser.choose(proved, NEW).main

        machine.run("operate.md", "## Back up")
        machine.lose_everything()
        machine.run("restore.md", "## When the machines are lost too")
        machine.start()

        browser.client.application = open_gateway()
        assert "fdurand4" in browser.find("Durand", "François").main
        assert "déjà servi" in browser.send(RESET, proved, new_password=OTHER, confirmation=OTHER).main
        assert "a enregistré" in browser.change("svincent", PASSWORD, OTHER).main
        assert directory.binds("fdurand4", NEW)
        assert directory.read("fdurand4")["mamiaPendingSecret"], "what waited waits again"

    def test_when_made_then_the_workers_key_is_not_in_it_and_root_alone_can_read_it(self, machine):
        machine.run("operate.md", "## Back up")

        backup = machine.root / "backup"
        held = subprocess.run(
            ["tar", "-tzf", backup / "settings.tar.gz"], capture_output=True, text=True, check=True
        ).stdout
        assert "etc/mamia/mamia.toml" in held
        assert "worker.key" not in held
        assert backup.stat().st_mode & 0o077 == 0
