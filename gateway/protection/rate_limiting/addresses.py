"""Clients' addresses, grouped for rate limits and lists of networks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from types import MappingProxyType

NEIGHBOURHOOD = 64
"""Bits of an IPv6 address that identify one customer (RFC 6177)."""
IPV6_NETWORKS = MappingProxyType({48: 8, 56: 2, NEIGHBOURHOOD: 1})
"""Prefix length, the widest first → how many times the limit of one address its network has.

Providers give a home a /56 or a /64 and a site a /48 (RFC 6177), so one client may own 65,536 networks of 64 bits.
Neighbours in IPv4 are different customers, and an IPv4 address costs money, so IPv4 is counted by address only.
"""
WORK_NETWORK_BITS = 24
"""Bits of an IPv4 address to which proof of work is bound."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""Prefix in which a translator in front of us writes IPv4 addresses (RFC 6052)."""


def neighbourhood(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 address.

    Returns "unknown" for other texts.
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return _prefix(parsed, NEIGHBOURHOOD)
    return str(parsed or "unknown")


def networks(address: str) -> dict[str, int]:
    """Return each network of a client → how many times the limit of one address it has, the widest first.

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
    """Return the network to which proof of work is bound: the /64 of an IPv6 address, the /24 of an IPv4 address.

    It is narrow enough that work done in one place has no value in another, and wide enough for carriers that change
    the last byte between two requests.

    >>> work_network("2001:db8:1:203::4"), work_network("192.0.2.1")
    ('20010db800010203/64', '192.0.2.0/24')
    """
    parsed = _parsed(address)
    if isinstance(parsed, IPv4Address):
        return str(IPv4Network((parsed, WORK_NETWORK_BITS), strict=False))
    return neighbourhood(address)


def is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Return whether `address` is in one of the networks; False for a text that is not an address."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def is_address(text: str) -> bool:
    """Return whether `text` is an IPv4 or IPv6 address."""
    return _parsed(text) is not None


def _prefix(address: IPv6Address, length: int) -> str:
    """Return the first `length` bits, a multiple of four, as hexadecimal digits."""
    return f"{int(address) >> (128 - length):0{length // 4}x}/{length}"


@lru_cache(maxsize=1024)
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return None for a text that is not an address. An IPv4 address in IPv6 form counts as IPv4."""
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if not isinstance(parsed, IPv6Address):
        return parsed
    if parsed in _NAT64:
        return IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed
