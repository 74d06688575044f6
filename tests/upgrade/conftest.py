"""Nodes of two versions on one directory, one Redis and one realm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.protection.seal import make_key_pair
from tests.support.kdc_server import KdcServer
from tests.support.redis_server import RedisServer
from tests.support.slapd_server import SlapdServer
from tests.support.two_nodes import Node, Site


@pytest.fixture
def make_node(
    directory: SlapdServer, redis: RedisServer, kdc: KdcServer, tmp_path: Path
) -> Iterator[Callable[..., Node]]:
    """Makes nodes: `make_node(is_former=True)`."""
    make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
    nodes: list[Node] = []

    def make(*, is_former: bool, limits: str = "") -> Node:
        site = Site(tmp_path, directory, redis.url, kdc)
        if limits:
            site.limits = limits
        node = site.former_node()
        nodes.append(node)
        if not is_former:
            node.upgrade()
        return node

    yield make
    for node in nodes:
        node.stop()
