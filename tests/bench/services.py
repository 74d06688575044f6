"""Changes in turn: this service, the peer as it is shipped and with its rate limit, and the bare directory.

    PEER=folder ROUNDS=5 SECONDS=6 python -m tests.bench.services
All are asked by wrk on one slapd with {SSHA}; every change is another person's. The CAPTCHA is off and the rate
limits are wide: the one is measured apart, the others would refuse.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack

from tests.bench.figures import record, record_rounds
from tests.bench.ldap_client import LdapClient
from tests.bench.load import Request, ask
from tests.bench.peer import RATE_LIMIT, RELEASE, Peer, change
from tests.bench.rounds import BARE, PEER, THIS, Contender, Load, Round, in_turn
from tests.bench.scene import Scene, scene
from tests.bench.served import served

LIMITED = f"{PEER}, rate limit on"
WHO = (THIS, PEER, LIMITED, BARE)
AT_ONCE = 16
SECONDS = int(os.environ.get("SECONDS", "6"))
WARM_UP_SECONDS = 1
PEOPLE = int(os.environ.get("PEOPLE", "150000"))


def main() -> None:
    with scene(PEOPLE, is_quick=True) as ground, ExitStack() as stack:
        service = stack.enter_context(served(ground.subfolder("this"), ground.directory, ground.redis))
        contenders = [Contender(THIS, service.processes, changes(ground, service.port, service.change()))]
        if RELEASE:
            for who, settings in ((PEER, ""), (LIMITED, RATE_LIMIT)):
                peer = Peer(RELEASE, ground.folder / who.replace(" ", "-"), ground.directory, settings)
                stack.callback(peer.stop)
                peer.start()
                asking = changes(ground, peer.port, change(), before=peer.empty_limits)
                contenders.append(Contender(who, with_slapd(ground, peer), asking))
        client = LdapClient(ground.folder, ground.directory, AT_ONCE)
        stack.callback(client.stop)
        client.start()
        bare = {BARE: client.pid, "slapd": ground.directory.slapd.process_id}
        contenders.append(Contender(BARE, bare, lambda seconds: bare_changes(ground, client, seconds)))
        tell(in_turn(contenders, SECONDS, WARM_UP_SECONDS, after=ground.crowd.verify))


def with_slapd(ground: Scene, peer: Peer) -> dict[str, int]:
    return {**peer.processes, "slapd": ground.directory.slapd.process_id}


def changes(
    ground: Scene, port: int, request: Request, before: Callable[[], object] = lambda: None
) -> Callable[[int], Load]:
    def run(seconds: int) -> Load:
        before()
        first = ground.crowd.next
        answered = ask(ground.folder, port, request, seconds=seconds, at_once=AT_ONCE, first=first)
        # The last ones were under way when wrk stopped listening.
        ground.crowd.confirmed(first, answered.next - 2 * AT_ONCE)
        ground.crowd.pass_on(answered.next)
        return answered.load

    return run


def bare_changes(ground: Scene, client: LdapClient, seconds: int) -> Load:
    first = ground.crowd.next
    load = client.change(first, seconds=seconds)
    ground.crowd.confirmed(first, first + load.done)
    # Threads that came too late may have taken a number each.
    ground.crowd.pass_on(first + load.done + load.failed + AT_ONCE)
    return load


def tell(measured: dict[str, list[Round]]) -> None:
    for who in WHO:
        record_rounds(f"change, {{SSHA}}, {AT_ONCE} at once", who, measured.get(who, []))
    this = measured[THIS]
    record("change: processor time of the web tier", [round_.cpu["web"] for round_ in this], "ms", at_most=2.3)
    record("change, p95", [round_.load.p95 for round_ in this], "ms", at_most=50)
    for who, least in ((LIMITED, 1.0), (PEER, None)):
        if who in measured:
            ratios = [own.rate / other.rate for own, other in zip(this, measured[who], strict=True)]
            record(f"changes a second / those of the {who}", ratios, at_least=least)


if __name__ == "__main__":
    main()
