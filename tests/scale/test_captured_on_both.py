"""A pair of slapd in mirror mode, both reporting: each change is captured once, where it was made."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import ldap
import pytest

from gateway.protection.seal import make_key_pair
from gateway.workstation.state import DeliveryStatus
from tests.support.capture_process import CaptureProcess, write_capture_settings
from tests.support.ldap_clients import Person, ldappasswd
from tests.support.mirror import MirrorPair
from tests.support.polling import wait_until
from tests.support.workstation_settings import ABSENT_DOMAIN

pytestmark = pytest.mark.xdist_group("mirror")
NEW, NEWER = "Neuf-Passe-2026!", "Plus-Neuf-2027!"
QUIET_SECONDS = 2
"""In which a copy would arrive. Nothing tells that slapd tried one and failed."""


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="cap-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def announcing_pair(folder):
    """Both running, each with its listener."""
    pair = MirrorPair(folder)
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    listeners = []
    for name, server in (("1", pair.first), ("2", pair.second)):
        place = folder / name
        place.mkdir()
        for key in ("worker.key", "worker.pub"):
            (place / key).symlink_to(folder / key)
        if name == "2":
            pair.wait_until_same()
            server.slapd.password_file("capture").write_text(pair.first.slapd.password("capture"))
        server.slapd.report_writes_to(place / "s")
        listener = CaptureProcess(place, write_capture_settings(place, server, ABSENT_DOMAIN))
        listener.start()
        listeners.append(listener)
    yield pair, listeners
    pair.stop()
    for listener in listeners:
        listener.stop()


class TestChange:
    def test_when_it_is_copied_to_the_other_server_then_it_is_captured_once_where_it_was_made(
        self, announcing_pair, folder
    ):
        pair, (here, there) = announcing_pair
        person = Person(pair.first, folder, "fdurand4")
        pair.wait_until_same()

        assert ldappasswd(pair.first, "-s", NEW, person.dn).returncode == 0
        wait_until(lambda: person.waiting == NEW)
        pair.wait_until_same()
        assert ldappasswd(pair.second, "-s", NEWER, person.dn).returncode == 0
        wait_until(lambda: person.waiting == NEWER)
        for _ in range(2):
            # What a listener writes is copied, and the copy is announced again.
            pair.wait_until_same()
            here.wait_until_idle()
            there.wait_until_idle()

        assert person.waiting == NEWER
        assert person.states["domain"].status is DeliveryStatus.PENDING
        assert [event["outcome"] for event in here.audit] == ["captured"]
        assert [event["outcome"] for event in there.audit] == ["captured"]
        with pair.second.as_admin() as line:
            [(_, entry)] = line.search_s(person.dn, ldap.SCOPE_BASE, attrlist=["mamiaPendingSecret"])
        assert entry["mamiaPendingSecret"]


class TestCopying:
    def test_when_nobody_listens_beside_one_server_then_it_stops_there_until_somebody_does(
        self, announcing_pair, folder
    ):
        """slapd asks for what it copies too; docs/capture.md warns of it."""
        pair, (_, there) = announcing_pair
        person = Person(pair.first, folder, "ymartin2")
        pair.wait_until_same()
        there.stop()

        assert ldappasswd(pair.first, "-s", NEW, person.dn).returncode == 0
        time.sleep(QUIET_SECONDS)

        assert pair.first.binds(person.login, NEW)
        assert not pair.second.read(person.login).get("mamiaSyncState")
        there.start()
        pair.wait_until_same()
        assert pair.second.binds(person.login, NEW)
