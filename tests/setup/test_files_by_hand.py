"""Every file of `ldif/` is loaded and taken back by hand in the orders that docs/directory.md allows.

There are more orders than can be tried. Of any two files that the page does not put into an order, each is loaded
before the other in at least one of the orders that are tried; the same for the files of `ldif/undo/`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import ldap
import pytest

from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import NUMEN, PASSWORD
from tests.support.slapd_server import HASH_COST, QUICK_HASH, SUFFIX, LdapConnection
from tests.support.sock_responder import answering
from tests.support.undo_files import texts

LDIF = Path(__file__).parents[2] / "ldif"
NEW_PASSWORD = "Nouveau-2024"
SECRETS = (
    "numen", "birthDate", "pwdHistory", "userPassword",
    "mamiaResetCode", "mamiaRecovery", "mamiaCharter", "mamiaReminded",
)  # fmt: skip
SOCK = "overlays of sock"
"""The step that deletes them, for which there is no file: their numbers are slapd's."""
DATA = "secrets of people"
"""The step that deletes them."""
NOT_LOADED = ("50-base-tree.ldif", "80-sample-staff.ldif", "81-sample-helpdesk.ldif")
"""For an empty directory, and for the demo."""


def table_of_the_page() -> dict[str, tuple[str, ...]]:
    """File → those that must be loaded before it, as docs/directory.md says."""
    page = (LDIF.parent / "docs" / "directory.md").read_text()
    section = page.partition("### By hand\n")[2].partition("1. **Names.**")[0]
    rows = [[re.findall(r"`([^`]+\.ldif)`", cell) for cell in line.split("|")[1:3]] for line in section.splitlines()]
    found = {file: tuple(before) for files, before in filter(None, rows) for file in files}
    names = [path.name for path in sorted(LDIF.glob("*.ldif"))]
    names += [f"schema/{path.name}" for path in sorted((LDIF / "schema").glob("*.ldif"))]
    assert set(found) <= set(names)
    return {name: found.get(name, ()) for name in names if name not in NOT_LOADED}


LOADED_AFTER = table_of_the_page()
UNDONE_AFTER: Mapping[str, tuple[str, ...]] = {
    SOCK: (),
    "94-capture-nt.ldif": (SOCK,),
    "93-capture.ldif": (SOCK,),
    "45-password-oracle.ldif": (SOCK,),
    "35-workstation-nt.ldif": (SOCK,),
    "30-access.ldif": (SOCK,),
    "41-charter.ldif": (SOCK,),
    "42-recoverable.ldif": (SOCK,),
    "44-helpdesk.ldif": (SOCK,),
    "46-monitor.ldif": (SOCK,),
    "47-configuration.ldif": (SOCK,),
    "48-recovery.ldif": (SOCK,),
    "49-reminders.ldif": (SOCK,),
    "71-helpdesk-account.ldif": (SOCK,),
    "72-reminders-account.ldif": (SOCK,),
    "91-mirror.ldif": (SOCK,),
    "90-replicator.ldif": ("91-mirror.ldif",),
    "92-capture-account.ldif": (SOCK,),
    "75-protected-people.ldif": (SOCK,),
    "70-services.ldif": (
        "71-helpdesk-account.ldif", "72-reminders-account.ldif", "90-replicator.ldif", "92-capture-account.ldif",
    ),
    "40-password-policy.ldif": ("70-services.ldif", "91-mirror.ldif"),
    "60-policies.ldif": ("40-password-policy.ldif",),
    "20-indices.ldif": (SOCK,),
    DATA: ("40-password-policy.ldif",),
    "95-closing-charter.ldif": (DATA, "41-charter.ldif"),
    "96-closing-helpdesk.ldif": (DATA, "44-helpdesk.ldif", "71-helpdesk-account.ldif"),
    "97-closing-recovery.ldif": (DATA, "48-recovery.ldif"),
    "98-closing-reminders.ldif": (DATA, "49-reminders.ldif", "72-reminders-account.ldif"),
    "99-closing-rules.ldif": (DATA, "30-access.ldif", "35-workstation-nt.ldif", "70-services.ldif"),
}  # fmt: skip


class ByHand(DebianSlapd):
    """Debian's slapd with the names of our files, and cn=Monitor."""

    suffix = SUFFIX
    people = f"ou=people,{SUFFIX}"

    def configuration(self) -> str:
        return (
            super().configuration().rstrip("\n")
            + "\n\ndn: olcDatabase=monitor,cn=config\n"
            + ("objectClass: olcDatabaseConfig\nolcDatabase: monitor\n")
        )

    def fill(self) -> None:
        super().fill()
        self.add(f"ou=groups,{SUFFIX}", objectClass="organizationalUnit", ou="groups")

    def apply(self, file: Path) -> None:
        """As an administrator does, with passwords, numbers and addresses filled in."""
        text = file.read_text().replace(HASH_COST, QUICK_HASH)
        places = {"CAPTURE_SOCKET": str(self.socket.parent / "s"), "SERVER_ID": "1", "PEER_URL": "ldap://127.0.0.1:9"}
        for place in ("GATEWAY", "SYNC", "DECOY", "CAPTURE", "REPLICATOR", "HELPDESK", "REMINDERS"):
            places[f"{place}_PASSWORD"] = f"{place}-Passe-2024"
        for place, value in places.items():
            text = text.replace(f"@{place}@", value)
        for kind in ("ppolicy", "syncprov"):
            text = text.replace(f"{{0}}{kind}", self._numbered(kind))
        is_configuration = re.search(r"^dn: .*cn=config$", text, re.MULTILINE)
        (self.load_configuration if is_configuration else self.load)(text)

    def delete_sock_overlays(self) -> None:
        found = sorted((dn for dn in self.configuration_dns() if "}sock," in dn), reverse=True)
        with self.as_root() as connection:
            for dn in found:
                connection.delete_s(dn)

    def use(self) -> None:
        """Give fdurand what is secret, and a password that slapd hashes with Argon2."""
        who = self.dn("fdurand")
        text = "add: objectClass\nobjectClass: mamiaPerson\nobjectClass: mamiaRecoverable\n-\n"
        text += f"add: numen\nnumen: {NUMEN}\n-\n"
        text += "".join(f"add: {name}\n{name}: {'A' * 64}\n-\n" for name in SECRETS if name.startswith("mamia"))
        self.load(f"dn: {who}\nchangetype: modify\n{text}add: birthDate\nbirthDate: 19850327\n")
        with self.as_account(who, PASSWORD) as connection:
            connection.modify_s(who, [(ldap.MOD_REPLACE, "userPassword", [NEW_PASSWORD.encode()])])

    def delete_secrets(self) -> None:
        parts = "".join(f"delete: {name}\n-\n" for name in SECRETS if name != "userPassword")
        self.load(f"dn: {self.dn('fdurand')}\nchangetype: modify\n{parts}")

    def seen(self) -> set[str]:
        """Which secrets of fdurand everybody sees."""
        with LdapConnection(self.url) as connection:
            [(_, found)] = connection.search_s(self.dn("fdurand"), ldap.SCOPE_BASE, attrlist=list(SECRETS))
        return {name for name in found if name in SECRETS}

    def _numbered(self, kind: str) -> str:
        found = [dn for dn in self.configuration_dns() if f"}}{kind}," in dn]
        return found[0].partition(",")[0].partition("=")[2] if found else kind


def orders(after: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """Orders that keep `after`, until each two steps that it does not put in order come in both orders."""
    names = list(after)
    found = [_order(after, names.index), _order(after, lambda name: -names.index(name))]
    open_pairs = {
        (a, b) for a in names for b in names if a != b and not _needs(after, a, b) and not _needs(after, b, a)
    }
    while open_pairs := {(a, b) for a, b in open_pairs if not any(o.index(a) < o.index(b) for o in found)}:
        first, second = min(open_pairs)
        found.append(_order(after, partial(_rank, after, first, second)))
    return found


def _rank(after: Mapping[str, tuple[str, ...]], soon: str, late: str, name: str) -> int:
    """0 for what `soon` needs and itself, 2 for `late` and what needs it."""
    if name == soon or _needs(after, soon, name):
        return 0
    return 2 if name == late or _needs(after, name, late) else 1


def _needs(after: Mapping[str, tuple[str, ...]], name: str, other: str) -> bool:
    return other in after[name] or any(_needs(after, one, other) for one in after[name])


def _order(after: Mapping[str, tuple[str, ...]], rank: Callable[[str], int]) -> list[str]:
    done: list[str] = []
    while len(done) < len(after):
        done.append(min((n for n in after if n not in done and set(after[n]) <= set(done)), key=rank))
    return done


@pytest.fixture
def folder() -> Iterator[Path]:
    """pytest's own paths are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="hand-") as name:
        yield Path(name)


LOADS, UNDOS = orders(LOADED_AFTER), orders(UNDONE_AFTER)
PAIRS = [(LOADS[i % len(LOADS)], UNDOS[i % len(UNDOS)]) for i in range(max(len(LOADS), len(UNDOS)))]


@pytest.mark.parametrize(("load", "take_back"), PAIRS, ids=[f"order {number + 1}" for number in range(len(PAIRS))])
def test_a_directory_in_use_loses_everything_and_shows_nothing(folder, load, take_back):
    server = ByHand(folder / "slapd")
    try:
        before = server.read_configuration(server.database)
        with ExitStack() as stack:
            stack.enter_context(answering(folder / "slapd" / "s"))
            for name in load:
                server.apply(LDIF / name)
            server.restart()
            server.use()
            assert server.seen() == set()
            assert take_back[0] == SOCK
            server.delete_sock_overlays()
        for name in take_back[1:]:
            if name == DATA:
                server.delete_secrets()
            else:
                server.apply(LDIF / "undo" / name)
            assert server.seen() == set(), name
            server.restart()
            assert server.binds(server.dn("fdurand"), NEW_PASSWORD), name
        after = server.read_configuration(server.database)
        same = ("olcAccess", "olcLimits", "olcDbIndex", "olcSyncrepl")
        assert {name: after.get(name) for name in same} == {name: before.get(name) for name in same}
        assert server.binds(server.dn("smoreau"), PASSWORD)
        assert not [dn for dn in server.configuration_dns() if dn.startswith("olcOverlay")]
    finally:
        server.stop()


@pytest.mark.parametrize(("name", "text"), list(texts()), ids=[name for name, _ in texts()])
def test_the_files_that_take_back_are_up_to_date(name, text):
    """`make ldif` writes them."""
    assert (LDIF / "undo" / name).read_text() == text
