"""Mistakes with the names of the site, the proxies that are trusted, and the ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.checks.finding import Level
from gateway.checks.host_names import check_host_names
from gateway.checks.listening import check_listening
from tests.support.http_server import QuietHandler, serving
from tests.support.planted_machine import FOREIGN_USER, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.planted_site import HOSTS, PROXIES, SITE, PlantedSite, another_program
from tests.support.ports import free_port


def hosts(place):
    return check_host_names(place.settings)


def listening(place):
    return check_listening(place.settings)


def host_mistake(name, typed, meant):
    return Mistake(
        name=f"host {name}",
        plant=lambda place: place.web(allowed_hosts=[typed]),
        subject=HOSTS,
        message=[typed, "people get 400"],
        hint=[f'"{meant}" in the place of "{typed}"'],
        fix=lambda place: place.web(allowed_hosts=[meant]),
        check=hosts,
    )


MISTAKES = (
    host_mistake("as a URL", f"https://{SITE}", SITE),
    host_mistake("as a URL with a path", f"https://{SITE}/accueil", SITE),
    host_mistake("with a path", f"{SITE}/compte", SITE),
    host_mistake("as a pattern", "*.academie.test", ".academie.test"),
    Mistake(
        name="only this machine, behind a proxy",
        plant=lambda place: place.web(allowed_hosts=["localhost", "127.0.0.1"]),
        subject=HOSTS,
        message=["everybody gets 400"],
        hint=["the name of your site"],
        fix=lambda place: place.web(allowed_hosts=[SITE]),
        check=hosts,
    ),
    Mistake(
        name="no trusted proxy",
        plant=lambda place: place.web(trusted_proxies=0),
        subject=PROXIES,
        message=["count as one address"],
        hint=["trusted_proxies = 1"],
        fix=lambda place: place.web(trusted_proxies=1),
        check=hosts,
    ),
    Mistake(
        name="proxy from a network that is not named",
        plant=lambda place: place.web(proxy_networks=["10.0.0.0/8"]),
        subject="web.proxy_networks",
        message=["its headers are ignored"],
        hint=["127.0.0.0/8"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8", "::1/128"]),
        check=hosts,
    ),
    Mistake(
        name="no proxy network",
        plant=lambda place: place.web(proxy_networks=[]),
        subject="web.proxy_networks",
        message=["it is empty"],
        hint=["127.0.0.0/8"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8"]),
        check=hosts,
    ),
    Mistake(
        name="everybody is a proxy",
        plant=lambda place: place.web(proxy_networks=["0.0.0.0/0"]),
        subject="web.proxy_networks",
        message=["lets every machine say"],
        hint=["the addresses of your proxies only"],
        fix=lambda place: place.web(proxy_networks=["127.0.0.0/8"]),
        check=hosts,
    ),
    Mistake(
        name="cookies without Secure",
        plant=lambda place: place.web(secure_cookies=False),
        subject="web.secure_cookies",
        message=["in plain text"],
        hint=["secure_cookies = true"],
        fix=lambda place: place.web(secure_cookies=True),
        check=hosts,
    ),
    Mistake(
        name="metrics for everybody",
        plant=lambda place: place.set("metrics", allowed_networks=["0.0.0.0/0"]),
        level=Level.WARN,
        subject="metrics.allowed_networks",
        message=["may read /metrics"],
        hint=["the address of your Prometheus"],
        fix=lambda place: place.set("metrics", allowed_networks=["10.1.2.3/32"]),
        check=hosts,
    ),
    Mistake(
        name="port taken",
        plant=another_program,
        subject="web.port",
        message=["another program has"],
        hint=["ss -tlnp", "web.port"],
        fix=lambda place: place.stop_program(),
        check=listening,
    ),
    Mistake(
        name="port of root",
        plant=lambda place: (
            place.give_processes_users(),
            place.web(port=443),
            place.environment.setattr("gateway.checks.listening.FIRST_OPEN_PORT", Path("/nowhere")),
        ),
        subject="web.port",
        message=[f"{FOREIGN_USER} may not listen"],
        hint=["8080"],
        fix=lambda place: place.web(port=place.port),
        check=listening,
    ),
    Mistake(
        name="address of another machine",
        plant=lambda place: place.web(listen_address="192.0.2.77", is_in_container_network=True),
        subject="web.port",
        message=["192.0.2.77 is no address of this machine"],
        hint=["web.listen_address"],
        fix=lambda place: place.web(listen_address="127.0.0.1"),
        check=listening,
    ),
    Mistake(
        name="health port taken",
        plant=lambda place: place.web(health_port=another_program(place), port=place.port),
        subject="web.health_port",
        message=["another program has"],
        hint=["choose another web.health_port"],
        fix=lambda place: place.web(health_port=free_port()),
        check=listening,
    ),
    Mistake(
        name="socket's folder missing",
        plant=lambda place: place.web(socket=place.folder / "run" / "web.sock"),
        subject="web.socket",
        message=["is missing"],
        hint=["mamia.tmpfiles", "install -d"],
        fix=lambda place: place.made("run", mode=0o710),
        check=listening,
    ),
    Mistake(
        name="socket's folder of root",
        plant=lambda place: (
            place.give_processes_users(),
            place.made("run", mode=0o710),
            place.web(socket=place.folder / "run" / "web.sock"),
        ),
        subject="web.socket",
        message=[f"{FOREIGN_USER} can't write"],
        hint=[f"chown {FOREIGN_USER}"],
        fix=lambda place: place.shell(problems(listening(place))[0].hint),
        check=listening,
    ),
    Mistake(
        name="socket is a file",
        plant=lambda place: (place.made("run", mode=0o710), place.web(socket=place.file("run/web.sock"))),
        subject="web.socket",
        message=["is no socket"],
        hint=["rm "],
        fix=lambda place: place.shell(problems(listening(place))[0].hint),
        check=listening,
    ),
    Mistake(
        name="socket open to all",
        plant=lambda place: (place.made("run", mode=0o755), place.web(socket=place.folder / "run" / "web.sock")),
        level=Level.WARN,
        subject="web.socket",
        message=["every user of this machine may enter"],
        hint=["chmod 710"],
        fix=lambda place: (place.folder / "run").chmod(0o710),
        check=listening,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    site = PlantedSite(folder)
    site._good["captcha"] = {"required": ["reset", "change"]}
    site.restore()
    return site


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_the_service_itself_has_the_port_then_that_is_no_mistake(place):
    class Alive(QuietHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "alive"}')

    try:
        with serving(Alive) as address:
            place.web(port=int(address.rpartition(":")[2]))

            [found] = listening(place)

        assert found.level is Level.OK
        assert "the service answers" in found.message
    finally:
        place.restore()
