"""The directory in which mistakes are planted brings everything back."""

from __future__ import annotations

import ldap
import pytest

from tests.support.planted_directory import (
    DATABASE,
    DECOY,
    DEFAULT_POLICY,
    OVERLAY,
    SERVICES,
    PlantedDirectory,
)
from tests.support.slapd_server import QUICK_HASH, SlapdServer

ALWAYS_NEW = {"entryCSN", "modifyTimestamp", "modifiersName", "createTimestamp", "creatorsName", "entryUUID"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    academy = SlapdServer(tmp_path_factory.mktemp("planted") / "state", hash_cost=QUICK_HASH)
    academy.add_person("fdurand4")
    yield PlantedDirectory(academy, ["back_sock"])
    academy.slapd.stop()


def content(place):
    """Everything but what slapd writes anew at each change."""
    return {
        dn: {name: sorted(values) for name, values in entry.items() if name not in ALWAYS_NEW}
        for dn, entry in place.dump().items()
    }


CHANGES = {
    "overlay gone": lambda place: place.delete(OVERLAY),
    "overlay above": lambda place: place.add(
        f"olcOverlay={{0}}sock,{DATABASE}",
        objectClass=["olcOverlayConfig", "olcOvSocketConfig"],
        olcOverlay="{0}sock",
        olcDbSocketPath="/nowhere",
        olcOvSocketOps="modify",
        olcOvSocketDNpat="nobody",
    ),
    "index gone": lambda place: place.change_values(ldap.MOD_DELETE, DATABASE, olcDbIndex="sn eq"),
    "rule": lambda place: place.put_rule("to * by * read"),
    "policy gone": lambda place: place.delete(DEFAULT_POLICY),
    "entry": lambda place: place.add(f"cn=one,{SERVICES}", objectClass="organizationalRole", cn="one"),
    "password": lambda place: place.change(DECOY, userPassword="{SSHA}invalid"),
    "settings": lambda place: place.set("people", mail_as_login=False),
    "stopped": lambda place: place.server.slapd.stop(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_when_something_was_changed_then_it_is_brought_back(place, change):
    before, settings = content(place), place.settings

    change(place)
    place.restore()

    assert content(place) == before
    assert place.settings.people == settings.people
