"""Addresses of callers, as limits and lists of networks see them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

NEIGHBOURHOOD = 64
"""Bits of an IPv6 address that stand for one customer (RFC 6177)."""


def neighbourhood(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return f"{int(parsed) >> (128 - NEIGHBOURHOOD):x}/{NEIGHBOURHOOD}"
    return str(parsed or "unknown")


def is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address; an IPv4 address that came in IPv6's form is one."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed
