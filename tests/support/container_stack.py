"""The whole of docker/compose.yaml under podman, from a copy of this repository's files, by docker/first-start."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.polling import wait_until
from tests.support.ports import free_port

ROOT = Path(__file__).parents[2]
PROJECT = "mamia-test"
SERVICES = ("proxy", "web1", "web2", "worker", "listener", "directory", "valkey")
BASE_IMAGES = ROOT / "tests" / "containers" / "make-stand-ins"
ENGINE = """[containers]
default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
"""
"""What podman needs where neither systemd nor every right of root is there, as in a container."""
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
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)

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
        (self.folder / "containers.conf").write_text(ENGINE)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COMPOSE": " ".join(self._compose),
            "PROJECT": PROJECT,
            "HTTP_PORT": str(self.plain_port),
            "HTTPS_PORT": str(self.port),
        }

    @property
    def _compose(self) -> list[str]:
        return ["podman-compose", "-p", PROJECT, "-f", f"{self.docker}/compose.yaml", "-f", str(self.override)]

    def run(self, *command: str | Path, fails: bool = False) -> str:
        """Run a command, and return what it printed to both streams."""
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.site
        )
        assert (done.returncode != 0) is fails, done.stdout[-4000:]
        return done.stdout

    def first_start(self, *options: str) -> str:
        """Run docker/first-start, and return what it printed; `printed` keeps that of the last run."""
        self.printed = self.run(self.docker / "first-start", *options)
        return self.printed

    def compose(self, *arguments: str) -> str:
        return self.run(*self._compose, *arguments)

    def podman(self, *arguments: str, fails: bool = False) -> str:
        return self.run("podman", *arguments, fails=fails)

    def container(self, service: str) -> str:
        return f"{PROJECT}_{service}_1"

    def inspect(self, service: str) -> dict[str, Any]:
        [found] = json.loads(self.podman("inspect", self.container(service)))
        assert isinstance(found, dict)
        return found

    def inside(self, service: str, *command: str, fails: bool = False) -> str:
        return self.podman("exec", self.container(service), *command, fails=fails)

    def is_healthy(self, service: str) -> bool:
        """Ask now; without systemd podman has no timer that asks."""
        command = ["podman", "healthcheck", "run", self.container(service)]
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0

    def wait_until_healthy(self, *services: str) -> None:
        wait_until(lambda: all(map(self.is_healthy, services or SERVICES)))

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
        listed = self.podman("top", self.container(service), "hpid")
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
        here = f"label=io.podman.compose.project={PROJECT}"
        kinds = (
            (["ps", "-aq"], ["rm", "-f", "--depend", "--ignore", "-t", "1", "-v"]),
            (["volume", "ls", "-q"], ["volume", "rm", "-f"]),
            (["network", "ls", "-q"], ["network", "rm", "-f"]),
        )
        for listing, removal in kinds:
            if found := self.podman(*listing, "--filter", here).split():
                self.podman(*removal, *found)
