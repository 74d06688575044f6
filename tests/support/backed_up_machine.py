"""A machine with directory, Redis and settings, for the commands of the pages on backup and restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from gateway.workstation.state import DeliveryState, read_state
from tests.support.installed_program import page_commands
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import QUICK_HASH, SlapdServer
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

DOCS = Path(__file__).parents[2] / "docs"


class BackedUpMachine:
    """All of it below one folder, in the places that the pages name."""

    def __init__(
        self, root: Path, *, target: str = ABSENT_DOMAIN, more: str = "", hash_cost: str = QUICK_HASH
    ) -> None:
        """`target` and `more` are sections of the settings."""
        self.root = root
        self.settings = root / "etc" / "mamia"
        self.settings.mkdir(parents=True)
        (root / "var" / "lib" / "redis").mkdir(parents=True)
        self.port = free_port()
        self.directory = SlapdServer(root / "slapd", hash_cost=hash_cost, max_size=1 << 30)
        self.redis = RedisServer(root / "var" / "lib" / "redis")
        self.redis.start()
        sections = (
            f'{worker_section(self.settings, self.directory)}state_folder = "{root}/var/lib/mamia-sync"\n'
            f"poll_seconds = 0.1\n{target}\n"
            f'[captcha]\nrequired = []\n[rate_limits]\nstore = "{self.redis.url}"\n{more}'
        )
        in_web = f"secure_cookies = false\nport = {self.port}"
        self.config = write_settings_file(self.settings, self.directory, in_web=in_web, more=sections)

    def run(self, page: str, section: str) -> None:
        """Every command of the section, with the places and the port of this machine."""
        commands = page_commands(DOCS / page, section)
        assert len(commands) >= 5
        for command in commands:
            self.run_script(command)

    def run_script(self, script: str) -> str:
        """Run what the pages say, and return what it prints; it must succeed."""
        places = {
            "/var/backups/mamia": f"{self.root}/backup",
            "/etc/ldap/slapd.d": f"{self.root}/slapd/config",
            "/var/lib/ldap": f"{self.root}/slapd/data",
            "tar -C /": f"tar -C {self.root}",
            "slapcat ": f"slapcat -F {self.root}/slapd/config ",
            "redis-cli ": f"redis-cli -p {self.redis.port} ",
            "openldap:": str(os.geteuid()),
        }
        for place, here in places.items():
            script = script.replace(place, here)
        path = os.environ["PATH"] + ":/usr/sbin"
        done = subprocess.run(
            ["bash", "-e", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path}
        )
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout

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

    def delivery_state(self, login: str) -> str:
        """The status of the delivery to the one target of that person, as `mamia sync status` names it."""
        return str(self._state(login).status)

    def has_tried(self, login: str) -> bool:
        """Whether the worker has tried to deliver the person's password."""
        return self._state(login).attempts > 0

    def _state(self, login: str) -> DeliveryState:
        state = read_state(self.directory.read(login)["mamiaSyncState"][0])
        assert state
        return state
