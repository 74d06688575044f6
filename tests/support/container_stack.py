"""The whole of docker/compose.yaml, from a copy of this repository's files, by docker/first-start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.support.container_engine import PODMAN, PODMAN_SETTINGS, Engine
from tests.support.polling import wait_until
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
PROJECT = "mamia-test"
SERVICES = ("proxy", "web1", "web2", "worker", "listener", "directory", "valkey")
BASE_IMAGES = ROOT / "tests" / "containers" / "make-stand-ins"
OVERRIDE = """services:
  proxy:
    ulimits: {{ nofile: 20000, nproc: 32768 }}
  worker:
    extra_hosts: ["{host}:{address}"]
"""
TARGET = "# [workstation.targets.domaine]"


@dataclass
class ContainerStack:
    """Its files are in `folder`; `domain_host` and `domain_address` are those of a domain controller."""

    folder: Path
    domain_host: str
    domain_address: str
    engine: Engine = PODMAN
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)
    more_files: Sequence[Path] = ()
    """More files of compose, which come after the others."""

    def __post_init__(self) -> None:
        self.site = self.folder / "site"
        self.site.mkdir()
        listed = subprocess.run(
            ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True, text=True,
        ).stdout.split("\0")  # fmt: skip
        for name in filter(None, listed):
            if (ROOT / name).is_file():
                (self.site / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.site / name)
        self.docker = self.site / "docker"
        self.printed = ""
        self.override = self.folder / "override.yaml"
        self.override.write_text(OVERRIDE.format(host=self.domain_host, address=self.domain_address))
        (self.folder / "containers.conf").write_text(PODMAN_SETTINGS)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands of the documentation are told."""
        return {
            "COMPOSE": " ".join(self._compose),
            "PROJECT": PROJECT,
            "HTTP_PORT": str(self.plain_port),
            "HTTPS_PORT": str(self.port),
        }

    @property
    def _compose(self) -> list[str]:
        files = (self.docker / "compose.yaml", self.override, *self.more_files)
        return [*self.engine.compose, "-p", PROJECT, *(word for file in files for word in ("-f", str(file)))]

    def run(self, *command: str | Path, fails: bool = False) -> str:
        """Run a command where the engine is, and return what it printed to both streams."""
        done = self._run(command)
        assert (done.returncode != 0) is fails, done.stdout[-4000:]
        return done.stdout

    def _run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        own = {"CONTAINERS_CONF": str(self.folder / "containers.conf"), **os.environ, "PATH": path}
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        return subprocess.run(
            [*self.engine.enter, "env", *variables, *command], env=own,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.site, check=False,
        )  # fmt: skip

    def first_start(self, *options: str) -> str:
        """Run docker/first-start, and return what it printed; `printed` keeps that of the last run."""
        self.printed = self.run(self.docker / "first-start", *options)
        return self.printed

    def compose(self, *arguments: str) -> str:
        return self.run(*self._compose, *arguments)

    def control(self, *arguments: str, fails: bool = False) -> str:
        """Run a command of the engine."""
        return self.run(self.engine.program, *arguments, fails=fails)

    def container(self, service: str) -> str:
        return self.engine.separator.join((PROJECT, service, "1"))

    def inspect(self, service: str) -> dict[str, Any]:
        [found] = json.loads(self.control("inspect", self.container(service)))
        assert isinstance(found, dict)
        return found

    def address(self, service: str) -> str:
        """Return the address of IPv4 that a service has in the network of the proxy."""
        return self.address_of(self.container(service))

    def address_of(self, container: str) -> str:
        form = f'{{{{(index .NetworkSettings.Networks "{PROJECT}_front").IPAddress}}}}'
        return self.control("inspect", "--format", form, container).strip()

    def inside(self, service: str, *command: str, fails: bool = False) -> str:
        return self.control("exec", self.container(service), *command, fails=fails)

    def is_healthy(self, service: str) -> bool:
        """Ask now: without systemd podman has no timer that asks."""
        if self.engine.program == "podman":
            return self._run(["podman", "healthcheck", "run", self.container(service)]).returncode == 0
        state = self._run(["docker", "inspect", "--format", "{{.State.Health.Status}}", self.container(service)])
        return state.stdout.strip() == "healthy"

    def wait_until_healthy(self, *services: str) -> None:
        wait_until(lambda: all(map(self.is_healthy, services or SERVICES)))

    def change_image(self) -> None:
        """Make the next build give another image, as an upgrade does, in a moment."""
        with (self.docker / "Dockerfile").open("a") as file:
            file.write("LABEL upgraded=yes\n")

    def add_domain(self, base: str, account: str, password: Path, authority: Path) -> None:
        """Turn the target of mamia.toml on, as docs/containers.md says, for this domain."""
        file = self.docker / "mamia.toml"
        text, _, target = file.read_text().partition(TARGET)
        lines = [line.removeprefix("# ") for line in f"{TARGET}{target}".splitlines()]
        replaced = {
            "dc1.ad.ac-example.fr": self.domain_host,
            "svc-gateway@ad.ac-example.fr": account,
            "OU=People,DC=ad,DC=ac-example,DC=fr": base,
        }
        settings = "\n".join(lines)
        for old, new in replaced.items():
            assert old in settings
            settings = settings.replace(old, new)
        # In place: a file that is mounted stays the one that it was.
        file.write_text(f"{text}{settings}\n")
        (self.docker / "domain").mkdir(exist_ok=True)
        shutil.copy(password, self.docker / "domain" / "password")
        shutil.copy(authority, self.docker / "domain" / "ca.pem")

    def processes(self, service: str) -> list[Path]:
        """The folders in the host's /proc of all processes in a container."""
        listed = self.control("top", self.container(service), "hpid")
        return [Path("/proc") / number for number in listed.split()[1:]]

    @property
    def certificate(self) -> str:
        """The self-signed certificate of the site."""
        return str(self.docker / "secrets" / "tls_certificate")

    def audit(self) -> str:
        return self.inside("web1", "cat", "/var/log/mamia/audit.log")

    def audit_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.audit().splitlines()]

    def secrets(self) -> dict[str, bytes]:
        """Every secret by the name of its file; of a key in PEM one line that no other file has."""
        places = [*(self.docker / "secrets").iterdir(), *(self.docker / "domain").glob("password")]
        return {
            place.name: max(place.read_bytes().splitlines(), key=len)
            for place in places
            if place.name != "tls_certificate"
        }

    def remove(self) -> None:
        """Remove containers, volumes and networks of the project, whatever is left of them."""
        here = f"label=com.docker.compose.project={PROJECT}"
        # A container of podman ends after those that depend on it.
        all_at_once = ["--depend", "--ignore", "-t", "1"] if self.engine.program == "podman" else []
        kinds = (
            (["ps", "-aq"], ["rm", "-f", "-v", *all_at_once]),
            (["volume", "ls", "-q"], ["volume", "rm", "-f"]),
            (["network", "ls", "-q"], ["network", "rm"]),
        )
        for listing, removal in kinds:
            # podman 4.3 refuses while a container is just ending.
            wait_until(partial(self._is_removed, [*listing, "--filter", here], removal))

    def _is_removed(self, listing: Sequence[str], removal: Sequence[str]) -> bool:
        found = self.control(*listing).split()
        return not found or self._run([self.engine.program, *removal, *found]).returncode == 0
