"""Nodes are replaced one by one while people use the services: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.load_generator import Balancer, Failure, Person
from tests.support.nginx_proxy import Proxy
from tests.support.polling import wait_until
from tests.support.two_nodes import Node

pytestmark = pytest.mark.install
PEOPLE_AT_ONCE = 6
CHANGED = {"changed", "reset", "initial_restored"}
"""Outcomes of the audit with which a person has a new password."""


@pytest.fixture
def people(directory, kdc):
    """With a workstation; nobody sends anything yet."""
    found = []
    for number in range(PEOPLE_AT_ONCE):
        login, numen = f"agent{number}", f"12E000000{number}ABC"
        directory.add_person(login, surname=f"Nom{number}", numen=numen, departmentNumber="rectorat")
        if login not in kdc.admin("listprincs"):
            kdc.add_person(login, "Ancien-Pw-2024!")
        found.append(Person(login, f"Nom{number}", numen, Balancer([])))
    return found


@pytest.fixture
def proxied(tmp_path):
    """Starts nginx before two nodes."""
    proxies = []

    def start(nodes):
        proxy = Proxy(tmp_path, [node.service for node in nodes])
        proxy.start()
        proxies.append(proxy)
        wait_until(proxy.takes_connections)
        return proxy

    yield start
    for proxy in proxies:
        proxy.stop()


@contextmanager
def load(people: list[Person], proxy: Proxy) -> Iterator[Balancer]:
    """All of them find, change and reset, over and over, until the block ends."""
    balancer, over = Balancer([proxy], verify=proxy.authority), threading.Event()
    for person in people:
        person.balancer = balancer

    def live(person: Person) -> None:
        try:
            person.live(over)
        except Exception as error:
            balancer.failures.append(Failure(0, 0, proxy, f"{person.login} gave up: {error!r}"))

    threads = [threading.Thread(target=live, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield balancer
    finally:
        over.set()
        for thread in threads:
            thread.join()


def go_on(people: list[Person], balancer: Balancer, changes: int = 2) -> None:
    """Until each of them has changed the password some more times."""
    wanted = {person.login: person.changes + changes for person in people}
    wait_until(lambda: balancer.failures or all(one.changes >= wanted[one.login] for one in people), seconds=120)


def replace(node: Node, proxy: Proxy, people: list[Person], balancer: Balancer) -> None:
    """As docs/upgrade.md says: out of the proxy, stop, start, back."""
    proxy.take_out(node.service)
    node.web.stop()
    go_on(people, balancer)
    node.upgrade()
    node.web.start()
    proxy.bring_back(node.service)
    go_on(people, balancer)


def changes_in(node: Node) -> int:
    lines = node.audit.read_text().splitlines()
    return sum(json.loads(line)["outcome"] in CHANGED for line in lines)


def answered(node: Node) -> int:
    """How many forms and pages it has answered."""
    assert node.web.log
    return node.web.log.read_text().count("access_log")


def wait_until_used(node: Node) -> None:
    """Until the proxy sends requests to it: for some seconds it leaves a node alone that refused a connection."""
    before = answered(node)
    wait_until(lambda: answered(node) > before + 20)


def read_settings_again(node: Node) -> None:
    before = node.web.children
    node.web.send(signal.SIGHUP)
    wait_until(lambda: not before & node.web.children)


def assert_nothing_lost(people, nodes, balancer, directory, kdc, record_property):
    assert [failure.what for failure in balancer.failures] == []
    wait_until(lambda: not any("mamiaPendingSecret" in directory.read(person.login) for person in people))
    for person in people:
        assert directory.binds(person.login, person.password)
        assert kdc.kinit(person.login, person.password)
    assert sum(changes_in(node) for node in nodes) == sum(person.changes for person in people)
    record_property("requests", balancer.sent)
    record_property("changes", sum(person.changes for person in people))


class TestUpgrade:
    def test_when_both_nodes_and_the_worker_are_replaced_under_load_then_nothing_is_lost(
        self, make_node, proxied, people, directory, kdc, record_property
    ):
        first, second = nodes = [make_node(is_former=True) for _ in range(2)]
        for node in nodes:
            node.web.start()
        first.worker.start()
        proxy = proxied(nodes)

        with load(people, proxy) as balancer:
            go_on(people, balancer, 10)
            replace(first, proxy, people, balancer)
            go_on(people, balancer, 20)
            first.worker.stop()
            go_on(people, balancer, 10)
            first.worker.start()
            go_on(people, balancer, 10)
            replace(second, proxy, people, balancer)
            go_on(people, balancer, 10)

        assert_nothing_lost(people, nodes, balancer, directory, kdc, record_property)


class TestSameVersion:
    def test_when_nodes_restart_and_read_their_settings_again_under_load_then_nothing_is_lost(
        self, make_node, proxied, people, directory, kdc, record_property
    ):
        """nginx is told nothing: it turns to the other node when this one refuses connections."""
        nodes = [make_node(is_former=False) for _ in range(2)]
        for node in nodes:
            node.web.start()
        nodes[0].worker.start()
        proxy = proxied(nodes)

        with load(people, proxy) as balancer:
            go_on(people, balancer)
            for node in nodes * 2:
                node.web.stop()
                go_on(people, balancer)
                node.web.start()
                wait_until_used(node)
                read_settings_again(node)
                go_on(people, balancer)

        assert_nothing_lost(people, nodes, balancer, directory, kdc, record_property)
