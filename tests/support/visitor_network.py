"""Visitors whose addresses of both families are not this machine's: they are in a network namespace of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

NAMESPACE, NEAR, FAR = "mamia-visitor", "mamia-v0", "mamia-v1"
UNKNOWN = [f"Inconnu{first}{second}" for first in "abcdef" for second in "abcdefgh"]
"""More names than one address may look for in five minutes (rate_limits.per_address)."""


@dataclass(frozen=True)
class Family:
    """Two visitors, and this machine's addresses in their networks."""

    visitors: tuple[str, str]
    hosts: tuple[str, ...]
    prefix: int

    @property
    def option(self) -> str:
        """The option of ip(8)."""
        return "-6" if ":" in self.hosts[0] else "-4"


IPV4 = Family(("198.51.100.2", "198.51.100.3"), ("198.51.100.1",), 24)
IPV6 = Family(("2001:db8:41::2", "2001:db8:42::2"), ("2001:db8:41::1", "2001:db8:42::1"), 64)
"""The networks of two customers (RFC 6177), because rate limits count a whole one together."""


def ip(*arguments: str, check: bool = True) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *arguments], check=check, capture_output=True)


@contextmanager
def visitor_network() -> Iterator[None]:
    """The visitors are there within this context, and reach this machine at `Family.hosts`."""
    ip("netns", "add", NAMESPACE)
    try:
        ip("link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", NAMESPACE)
        for family in (IPV4, IPV6):
            # Without a test for duplicates an address of IPv6 is there at once.
            nodad = ["nodad"] if family is IPV6 else []
            for address in family.hosts:
                ip("address", "add", f"{address}/{family.prefix}", "dev", NEAR, *nodad)
            for address in family.visitors:
                ip("-n", NAMESPACE, "address", "add", f"{address}/{family.prefix}", "dev", FAR, *nodad)
        ip("link", "set", NEAR, "up")
        for link in ("lo", FAR):
            ip("-n", NAMESPACE, "link", "set", link, "up")
        for family in (IPV4, IPV6):
            ip(family.option, "-n", NAMESPACE, "route", "add", "default", "via", family.hosts[0])
        yield
    finally:
        ip("netns", "del", NAMESPACE, check=False)
        ip("link", "del", NEAR, check=False)


def found_by(visitor: str, host: str, port: int, certificate: str, *surnames: str) -> list[int]:
    """Let a visitor look for people of these names, up to a refusal; return the status of each answer."""
    place = f"[{host}]" if ":" in host else host
    program = [sys.executable, "-m", "tests.support.container_visitor", place, str(port), certificate, visitor]
    done = subprocess.run(
        ["ip", "netns", "exec", NAMESPACE, *program, *surnames], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return [int(status) for status in done.stdout.split()]
