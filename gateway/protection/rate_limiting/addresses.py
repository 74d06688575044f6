"""Addresses of callers, as limits and lists of networks see them."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from types import MappingProxyType

NEIGHBOURHOOD = 64
"""Bits of an IPv6 address that stand for one customer (RFC 6177)."""
IPV6_NETWORKS = MappingProxyType({48: 8, 56: 2, NEIGHBOURHOOD: 1})
"""From a prefix length, the widest first, to how many times the limit of one address its network has.

Providers give a home a /56 or a /64 and a site a /48 (RFC 6177), so one caller may own 65,536 networks of 64 bits.
Neighbours in IPv4 are different customers, and an address of theirs costs money: IPv4 is counted by address alone.
"""
WORK_NETWORK_BITS = 24
"""Of an IPv4 address."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""Where a translator in front of us writes IPv4 addresses (RFC 6052)."""


def neighbourhood(address: str) -> str:
    """What counts as one address: an IPv4 address, the /64 of an IPv6 one."""
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return _prefix(parsed, NEIGHBOURHOOD)
    return str(parsed or "unknown")


def networks(address: str) -> dict[str, int]:
    """From each network of a caller to how many times the limit of one address it has, the widest first.

    >>> networks("2001:db8:1:203::4")
    {'20010db80001/48': 8, '20010db8000102/56': 2, '20010db800010203/64': 1}
    >>> networks("192.0.2.1")
    {'192.0.2.1': 1}
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return {_prefix(parsed, length): times for length, times in IPV6_NETWORKS.items()}
    return {neighbourhood(address): 1}


def work_network(address: str) -> str:
    """The network to which proof of work is bound: the /64 of an IPv6 address, the /24 of an IPv4 one.

    Narrow enough that work done in one place is worth nothing in another; wide enough for carriers that change the
    last byte between two requests.

    >>> work_network("2001:db8:1:203::4"), work_network("192.0.2.1")
    ('20010db800010203/64', '192.0.2.0/24')
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv4Address):
        return str(IPv4Network((parsed, WORK_NETWORK_BITS), strict=False))
    return neighbourhood(address)


def is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def is_address(text: str) -> bool:
    return _parsed(text) is not None


def _prefix(address: IPv6Address, length: int) -> str:
    """The first `length` bits, a multiple of four, as hexadecimal digits."""
    return f"{int(address) >> (128 - length):0{length // 4}x}/{length}"


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address; an IPv4 address that came in IPv6's form is one."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address):
        return parsed
    if parsed in _NAT64:
        return IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed
