"""What began at a node of the former version goes on at one of this version, and the other way round."""

from __future__ import annotations

import pytest
import requests

from tests.support.browser import CHANGE, RESET, Page
from tests.support.nginx_proxy import Proxy
from tests.support.polling import wait_until
from tests.support.slapd_server import NUMEN, PASSWORD

pytestmark = pytest.mark.install
NEW, OTHER = "Nouveau-2025", "Encore-Autre-2026"
MAX_TRIES = 3
PROOF = {"login": "fdurand4", "proof": NUMEN, "birth_date": "27/03/1985"}
BOTH_WAYS = pytest.mark.parametrize(
    "from_former", [True, False], ids=["from the former version", "to the former version"]
)


class Crossing:
    """A browser at the site; nginx leads it to one node at a time."""

    def __init__(self, proxy, here, there):
        self.proxy, self.here, self.there = proxy, here, there
        self.session = requests.Session()
        self.session.trust_env, self.session.verify = False, proxy.authority
        self.session.headers["Connection"] = "close"
        proxy.take_out(there.service)

    def open(self, path):
        return Page(self.session.get(self.proxy.address + path, timeout=60))

    def send(self, path, page, **typed):
        return Page(self.session.post(self.proxy.address + path, data={**page.fields, **typed}, timeout=60))

    def change(self, current, new):
        typed = {"login": "fdurand4", "current_password": current, "new_password": new, "confirmation": new}
        return self.send(CHANGE, self.open(CHANGE), **typed)

    def cross(self):
        self.proxy.bring_back(self.there.service)
        self.proxy.take_out(self.here.service)


@pytest.fixture
def start(make_node, directory, kdc, tmp_path):
    """Starts a node of each version, and a browser at the first one: `start(from_former=True)`."""
    proxies = []
    directory.add_person("fdurand4", departmentNumber="rectorat")
    if "fdurand4" not in kdc.admin("listprincs"):
        kdc.add_person("fdurand4", "Ancien-Pw-2024!")

    def starter(*, from_former, limits=""):
        here, there = (make_node(is_former=is_former, limits=limits) for is_former in (from_former, not from_former))
        for node in (here, there):
            node.web.start()
        proxy = Proxy(tmp_path, [here.service, there.service])
        proxy.start()
        proxies.append(proxy)
        wait_until(proxy.takes_connections)
        return Crossing(proxy, here, there)

    yield starter
    for proxy in proxies:
        proxy.stop()


@BOTH_WAYS
class TestNodes:
    def test_when_a_form_was_opened_at_the_other_version_then_it_is_taken(self, start, directory, from_former):
        site = start(from_former=from_former)
        page = site.open(CHANGE)

        site.cross()
        typed = {"login": "fdurand4", "current_password": PASSWORD, "new_password": NEW, "confirmation": NEW}
        saved = site.send(CHANGE, page, **typed)

        assert "Mot de passe modifié" in saved.main
        assert directory.binds("fdurand4", NEW)

    def test_when_a_reset_was_proved_at_the_other_version_then_the_password_is_set_and_the_ticket_is_used(
        self, start, directory, from_former
    ):
        site = start(from_former=from_former)
        proved = site.send(RESET, site.open(RESET), **PROOF)

        site.cross()
        saved = site.send(RESET, proved, new_password=NEW, confirmation=NEW)
        site.proxy.bring_back(site.here.service)
        site.proxy.take_out(site.there.service)
        again = site.send(RESET, proved, new_password=OTHER, confirmation=OTHER)

        assert "Mot de passe modifié" in saved.main
        assert "a déjà été utilisé" in again.main
        assert directory.binds("fdurand4", NEW)

    def test_when_attempts_are_spread_over_versions_then_they_are_added_up(self, start, directory, from_former):
        site = start(from_former=from_former, limits=f'per_login = "{MAX_TRIES}/hour"')
        for _ in range(MAX_TRIES - 1):
            site.change("wrong", NEW)

        site.cross()
        tried = site.change("wrong", NEW).status, site.change(PASSWORD, NEW).status

        assert tried == (422, 429)
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize("status", ["pending", "confirming", "settling"])
    def test_when_a_change_was_saved_at_the_other_version_then_its_result_page_is_shown(
        self, start, directory, from_former, status
    ):
        """`settling` is what the former version calls `confirming`."""
        site = start(from_former=from_former)
        result = site.change(PASSWORD, NEW)
        [state] = directory.read("fdurand4")["mamiaSyncState"]
        directory.set("fdurand4", "mamiaSyncState", state.replace(";pending;", f";{status};"))

        site.cross()
        shown = site.open(result.path)

        assert shown.status == 200
        assert "Mot de passe modifié" in shown.main

    def test_when_a_password_was_sealed_by_the_other_version_then_the_worker_delivers_it(
        self, start, directory, kdc, from_former
    ):
        site = start(from_former=from_former)
        site.change(PASSWORD, NEW)

        site.there.worker.start()
        wait_until(lambda: "mamiaPendingSecret" not in directory.read("fdurand4"))

        assert kdc.kinit("fdurand4", NEW)
