"""What pages cost, in turn: the form of a change (also the peer's), the home page, a lookup, the page of a result.

The page of a result follows a change by a redirect; the peer's answer to the form has it already.

    PEER=folder ROUNDS=5 PAGE_SECONDS=3 python -m tests.bench.pages
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from ldap3 import SAFE_SYNC, Connection, Server

from tests.bench.crowd import birth_date, login
from tests.bench.figures import record, record_rounds
from tests.bench.load import Request, ask
from tests.bench.peer import RELEASE, Peer, form_page
from tests.bench.rounds import PEER, ROUNDS, THIS, Contender, Load, Round, in_turn
from tests.bench.scene import Scene, scene
from tests.bench.served import Service, served
from tests.bench.services import AT_ONCE, with_slapd
from tests.support.browser import CHANGE
from tests.support.slapd_server import PEOPLE, SUFFIX, SlapdServer

SECONDS = int(os.environ.get("PAGE_SECONDS", "3"))
WARM_UP_SECONDS = 1
FORM, HOME, LOOKUP, RESULT = "form page", "home page", "lookup", "page of a result"
AIMS = {FORM: 0.5, HOME: 0.3, LOOKUP: 2.5, RESULT: None}
"""Milliseconds of the web tier's processor time."""
SEARCHES = 1000


def main() -> None:
    with scene(60_000, is_quick=True) as ground, ExitStack() as stack:
        service = stack.enter_context(served(ground.subfolder("this"), ground.directory, ground.redis))
        pages = {
            FORM: Request(CHANGE, says='name="new_password"'),
            HOME: Request("/"),
            LOOKUP: service.lookup(),
            RESULT: replace(page_after(service, service.change(), ground.crowd.take(1)), says='id="resultat"'),
        }
        someone = SEARCHES // 2
        if not says(service, page_after(service, service.lookup(), someone), login(someone)):
            raise SystemExit("the lookup finds nobody")
        contenders = [
            Contender(what, service.processes, partial(load, ground, service.port, page))
            for what, page in pages.items()
        ]
        if RELEASE:
            peer = Peer(RELEASE, ground.folder / "peer", ground.directory)
            stack.callback(peer.stop)
            peer.start()
            theirs = partial(load, ground, peer.port, form_page())
            contenders.insert(1, Contender(PEER, with_slapd(ground, peer), theirs))
        tell(in_turn(contenders, SECONDS, WARM_UP_SECONDS))
        one_after_the_other(ground, service)


def load(ground: Scene, port: int, page: Request, seconds: int) -> Load:
    return ask(ground.folder, port, page, seconds=seconds, at_once=AT_ONCE).load


def page_after(service: Service, form: Request, number: int) -> Request:
    """The page to which the browser of that person is sent after a form."""
    line = http.client.HTTPConnection("127.0.0.1", service.port)
    line.request("POST", form.page, form.body(number), form.headers)
    answer = line.getresponse()
    location = answer.getheader("Location", "")
    cookies = [form.cookie, *(value.split(";")[0] for value in answer.headers.get_all("Set-Cookie", []))]
    if not form.succeeded(answer.status, location, answer.read().decode()):
        raise SystemExit(f"{form.page} answers {answer.status}")
    line.close()
    return Request(location, cookie="; ".join(cookies))


def says(service: Service, page: Request, what: str) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", service.port)
    line.request("GET", page.page, headers=page.headers)
    text = line.getresponse().read().decode()
    line.close()
    return what in text


def tell(measured: dict[str, list[Round]]) -> None:
    record_rounds(FORM, THIS, measured[FORM])
    record_rounds(FORM, PEER, measured.get(PEER, []))
    for what in (HOME, LOOKUP, RESULT):
        record_rounds(what, THIS, measured[what])
    for what, most in AIMS.items():
        cpu = [round_.cpu["web"] for round_ in measured[what]]
        record(f"{what}: processor time of the web tier", cpu, "ms", at_most=most)


def one_after_the_other(ground: Scene, service: Service) -> None:
    """Lookups of one person after the other, against the bare search on a connection that is kept."""
    ratios = []
    for _ in range(ROUNDS):
        answered = ask(ground.folder, service.port, service.lookup(), seconds=SECONDS, at_once=1)
        ratios.append(answered.load.p50 / bare_search(ground.directory))
    record("lookup, p50 of HTTP / bare ldap3 search", ratios, at_most=3)


def bare_search(directory: SlapdServer) -> float:
    """Median milliseconds of what a lookup asks."""
    line = Connection(
        Server(directory.url), f"cn=gateway,ou=services,{SUFFIX}",
        directory.slapd.password("gateway"), client_strategy=SAFE_SYNC, check_names=False,
    )  # fmt: skip
    line.bind()
    times = []
    for number in range(SEARCHES):
        name, born = f"Nom{number:06}", f"{birth_date(number):%Y%m%d}"
        filter_ = (
            f"(&(objectClass=mamiaPerson)(birthDate={born})(|(sn={name})(patronymicName={name}))(givenName=Prenom))"
        )
        began = time.perf_counter()
        found = line.search(
            PEOPLE, filter_, attributes=["uid", "sn", "patronymicName", "givenName", "mail", "pwdReset"]
        )
        times.append(1000 * (time.perf_counter() - began))
        assert [entry["dn"] for entry in found[2]] == [directory.dn(login(number))]
    line.unbind()
    return statistics.median(times)


if __name__ == "__main__":
    main()
