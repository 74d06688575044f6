"""More people at once than the directory can hash for, with Argon2 as it is shipped, in turn with the peer.

    PEER=folder ROUNDS=5 python -m tests.bench.overload
16, 64 and 200 people change their passwords at the same moment; meanwhile `/health/live` is asked. Beside it stands
what the directory alone does: the same search, bind and Modify, by the C client with as many connections as the
machine has processors.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import requests

from tests.bench.burst import burst
from tests.bench.figures import record, record_rounds
from tests.bench.ldap_client import LdapClient
from tests.bench.load import Request
from tests.bench.peer import RATE_LIMIT, RELEASE, Peer, change
from tests.bench.rounds import BARE, PEER, ROUNDS, THIS, Contender, Load, Round, in_turn
from tests.bench.scene import Scene, scene
from tests.bench.served import Service, served
from tests.bench.services import with_slapd

AT_ONCE = tuple(map(int, os.environ.get("AT_ONCE", "16,64,200").split(",")))
CHANGES = {16: 48}
"""In a round; elsewhere each person makes one change."""
WARM_UP = 4
PROBE_SECONDS = 0.05


@dataclass
class Liveness:
    """The slowest answer of `/health/live` in each burst, in milliseconds."""

    service: Service
    slowest: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def watched(self, at_once: int) -> Iterator[None]:
        is_over, slowest = threading.Event(), [0.0]

        def probe() -> None:
            while not is_over.wait(PROBE_SECONDS):
                began = time.perf_counter()
                requests.get(self.service.front_end.health_address, timeout=60).raise_for_status()
                slowest[0] = max(slowest[0], time.perf_counter() - began)

        supervisor = threading.Thread(target=probe)
        supervisor.start()
        try:
            yield
        finally:
            is_over.set()
            supervisor.join()
        self.slowest[at_once].append(1000 * slowest[0])


def main() -> None:
    bursts = sum(WARM_UP + ROUNDS * CHANGES.get(at_once, at_once) for at_once in AT_ONCE)
    with scene(3 * bursts, is_quick=False) as ground, ExitStack() as stack:
        service = stack.enter_context(served(ground.subfolder("this"), ground.directory, ground.redis))
        peer = None
        if RELEASE:
            peer = Peer(RELEASE, ground.folder / "peer", ground.directory, RATE_LIMIT)
            stack.callback(peer.stop)
            peer.start()
        client = LdapClient(ground.folder, ground.directory, os.cpu_count() or 1)
        stack.callback(client.stop)
        client.start()
        for at_once in AT_ONCE:
            measure(ground, service, peer, client, at_once)


def measure(ground: Scene, service: Service, peer: Peer | None, client: LdapClient, at_once: int) -> None:
    live = Liveness(service)

    def ask_this(count: int) -> Load:
        with live.watched(at_once if count > WARM_UP else 0):
            return changed(ground, service.port, service.change(), count, at_once)

    def ask_bare(count: int) -> Load:
        first = ground.crowd.take(count)
        load = client.change(first, at_most=count)
        ground.crowd.confirmed(first, first + load.done)
        return load

    contenders = [Contender(THIS, service.processes, ask_this)]
    if peer:
        port, processes = peer.port, with_slapd(ground, peer)
        contenders.append(Contender(PEER, processes, lambda count: changed(ground, port, change(), count, at_once)))
    bare = {BARE: client.pid, "slapd": ground.directory.slapd.process_id}
    contenders.append(Contender(BARE, bare, ask_bare))
    measured = in_turn(contenders, CHANGES.get(at_once, at_once), WARM_UP, after=ground.crowd.verify, may_fail=True)
    tell(at_once, measured, live.slowest[at_once])


def changed(ground: Scene, port: int, request: Request, count: int, at_once: int) -> Load:
    first = ground.crowd.take(count)
    load = burst(port, request, first, count, min(at_once, count))
    if not load.failed:
        ground.crowd.confirmed(first, first + count)
    return load


def tell(at_once: int, measured: dict[str, list[Round]], slowest: list[float]) -> None:
    what = f"change, Argon2, {at_once} at once"
    for who in (THIS, PEER, BARE):
        record_rounds(what, who, measured.get(who, []))
    this = measured[THIS]
    ratios = [own.rate / bare.rate for own, bare in zip(this, measured[BARE], strict=True)]
    record(f"{what} / the directory alone", ratios, at_least=0.95)
    if PEER in measured:
        ratios = [own.rate / other.rate for own, other in zip(this, measured[PEER], strict=True)]
        record(f"{what} / the peer", ratios, at_least=1)
    record(f"{what}: answers that saved nothing", sum(round_.load.failed for round_ in this), at_most=0)
    record(f"{what}: slowest /health/live", slowest, "ms", at_most=500)


if __name__ == "__main__":
    main()
