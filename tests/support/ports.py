"""Ports and addresses on loopback that nobody else takes between their choice and their use."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FIRST_PORT = 10_000
_reservations: list[socket.socket] = []
"""Held until this process ends."""


def free_port() -> int:
    """A port on which nobody serves, reserved for this process.

    It lies below those that the kernel gives to outgoing connections, and every other process of the tests that asks
    for one gets another.
    """
    end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    # Where outgoing connections may have nearly all ports, none is safe from them.
    end = max(end, FIRST_PORT + 10_000)
    while True:
        port = random.randrange(FIRST_PORT, end)
        if _reserve(f"port {port}") and _is_free(port):
            return port


def free_address() -> str:
    """A loopback address for servers whose ports are given, reserved for this process."""
    while True:
        address = f"127.{random.randrange(2, 250)}.{random.randrange(1, 250)}.{random.randrange(2, 250)}"
        if _reserve(address):
            return address


def _reserve(what: str) -> bool:
    """False where a process of the tests has it. An abstract socket's name is free again when its process ends."""
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0mamia tests: {what}")
    except OSError:
        reservation.close()
        return False
    _reservations.append(reservation)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections that were closed lately do not hold it; a server does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
