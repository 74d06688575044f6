"""What differs from engine to engine when docker/compose.yaml runs."""

from __future__ import annotations

from dataclasses import dataclass

PODMAN_SETTINGS = """[containers]
default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
"""
"""containers.conf, where neither systemd nor every right of root is there, as in a container."""


@dataclass(frozen=True)
class Engine:
    """One engine, and where it is."""

    program: str
    compose: tuple[str, ...]
    separator: str
    """What its compose command writes between the parts of a container's name."""
    enter: tuple[str, ...] = ()
    """Words before a command that run it where the engine is."""
    host: str = "127.0.0.1"
    """Where it publishes ports."""


PODMAN = Engine("podman", ("podman-compose",), "_")
"""This machine's own."""
