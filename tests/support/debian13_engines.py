"""Debian 13 with its Docker or its podman, in a container of this machine's podman.

Its image is a stand-in of Debian 13 with Debian's packages. Nothing of it is left on this machine when it ends: its
engine's networks, rules of the firewall and images are in the container and in a folder.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.container_engine import PODMAN_SETTINGS, Engine
from tests.support.container_stack import BASE_IMAGES
from tests.support.polling import wait_until

IMAGE, NAME = "localhost/engines:trixie", "mamia-engines"
NETWORKS = ("172.30.43.0/24", "fd2a:6d61:6d69:a43::/64")
ADDRESSES = ("172.30.43.10", "fd2a:6d61:6d69:a43::10")
PACKAGES = (
    "docker.io docker-cli docker-compose docker-buildx podman podman-compose buildah runc netavark aardvark-dns "
    "iptables nftables iproute2 procps"
)
DOCKERFILE = f"""FROM localhost/debian:trixie-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {PACKAGES} \
 && rm -rf /var/lib/apt/lists/*
"""
DOCKER_SETTINGS = {
    "data-root": "/store/docker",
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 20000, "Hard": 20000}},
    # What newer versions do by themselves.
    "experimental": True,
    "ip6tables": True,
}
STORAGE = """[storage]
driver = "overlay"
graphroot = "/store/podman"
runroot = "/run/podman-storage"
"""
STARTS = {
    "docker": "exec dockerd",
    # In the place of the timers of systemd by which podman asks for health.
    "podman": """while :; do
        for one in $(podman ps -q); do podman healthcheck run "$one" >/dev/null 2>&1; done
        sleep 1
    done""",
}
"""Engine → what runs as long as the container does. Never both: each makes rules of the firewall for everything."""
BASES = (
    "docker.io/library/debian:bookworm-slim",
    "docker.io/library/python:3.11-slim-bookworm",
    "docker.io/library/node:22-bookworm-slim",
    "docker.io/nginxinc/nginx-unprivileged:1.28-alpine",
    "docker.io/valkey/valkey:8-alpine",
)
INSIDE = ("podman", "exec", NAME)
DOCKER = Engine("docker", ("docker", "compose"), "-", enter=INSIDE, host=ADDRESSES[0])
PODMAN5 = Engine("podman", ("podman-compose",), "_", enter=INSIDE, host=ADDRESSES[0])


@contextmanager
def debian13(folder: Path, engine: Engine) -> Iterator[None]:
    """Debian 13 with this engine runs within this context, has the stand-ins, and sees `folder` at the same path."""
    for name, text in {"containers.conf": PODMAN_SETTINGS, "storage.conf": STORAGE}.items():
        (folder / name).write_text(text)
    (folder / "daemon.json").write_text(json.dumps(DOCKER_SETTINGS))
    (folder / "store").mkdir()
    subprocess.run([BASE_IMAGES], check=True, env=_environment(folder))
    _podman(folder, "build", "--quiet", "--network", "host", "--tag", IMAGE, "-", text=DOCKERFILE)
    _remove(folder)
    try:
        _run(folder, engine.program)
        _load_bases(folder, engine.program)
        yield
    finally:
        _remove(folder)


def _load_bases(folder: Path, program: str) -> None:
    archive = folder / "bases.tar"
    _podman(folder, "save", "--quiet", "--multi-image-archive", "-o", str(archive), *BASES)
    _podman(folder, "exec", NAME, program, "load", "--quiet", "--input", str(archive))
    archive.unlink()


def _run(folder: Path, program: str) -> None:
    subnets = [word for network in NETWORKS for word in ("--subnet", network)]
    _podman(folder, "network", "create", "--ipv6", *subnets, NAME)
    mounts = {
        folder: folder,
        folder / "store": "/store",
        folder / "containers.conf": "/etc/containers/containers.conf",
        folder / "storage.conf": "/etc/containers/storage.conf",
        folder / "daemon.json": "/etc/docker/daemon.json",
    }
    volumes = [word for source, place in mounts.items() for word in ("--volume", f"{source}:{place}")]
    _podman(
        folder, "run", "--detach", "--privileged", "--name", NAME, *volumes,
        "--env", "PODMAN_IGNORE_CGROUPSV1_WARNING=1",
        "--network", NAME, "--ip", ADDRESSES[0], "--ip6", ADDRESSES[1], IMAGE,
        "tini", "--", "sh", "-c", STARTS[program],
    )  # fmt: skip
    wait_until(lambda: _succeeds(folder, "exec", NAME, program, "info"))


def _remove(folder: Path) -> None:
    _podman(folder, "rm", "--force", "--ignore", "--time", "20", NAME)
    if _succeeds(folder, "network", "exists", NAME):
        _podman(folder, "network", "rm", "--force", NAME)


def _environment(folder: Path) -> dict[str, str]:
    return {"CONTAINERS_CONF": str(folder / "containers.conf"), **os.environ}


def _command(folder: Path, arguments: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["podman", *arguments], input=text, env=_environment(folder), capture_output=True, text=True, check=False
    )


def _podman(folder: Path, *arguments: str, text: str = "") -> str:
    done = _command(folder, arguments, text)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def _succeeds(folder: Path, *arguments: str) -> bool:
    return _command(folder, arguments).returncode == 0
