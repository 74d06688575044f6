"""Two real slapd in mirror mode, each the other's copy, as `ldif/91-mirror.ldif` makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ldap

from tests.support.slapd_server import QUICK_HASH, SUFFIX, SlapdServer

SAME_SECONDS = 120
TOUCH = f"dn: {SUFFIX}\nchangetype: modify\nreplace: description\ndescription: two servers\n"
DATABASE = "olcDatabase={1}mdb,cn=config"
SHARED_ACCOUNTS = ("gateway", "sync", "helpdesk", "reminders", "decoy")


class MirrorPair:
    def __init__(self, folder: Path) -> None:
        self.first = SlapdServer(folder / "first", hash_cost=QUICK_HASH)
        self.second = SlapdServer(folder / "second", is_empty=True, hash_cost=QUICK_HASH)
        for account in SHARED_ACCOUNTS:
            self.second.slapd.password_file(account).write_text(self.first.slapd.password(account))
        self.first.slapd.mirror(self.second.slapd, 1)
        self.second.slapd.mirror(self.first.slapd, 2)
        self.wait_until_same()
        # Until the first one has found the second, which was not there when it began.
        self.second.load(TOUCH)
        self.wait_until_same()

    @property
    def urls(self) -> list[str]:
        return [self.first.url, self.second.url]

    def wait_until_same(self) -> None:
        """Until each holds the other's every change."""
        deadline = time.monotonic() + SAME_SECONDS
        while not (numbers := _change_numbers(self.first)) or numbers != _change_numbers(self.second):
            assert time.monotonic() < deadline, f"{numbers} and {_change_numbers(self.second)}"
            time.sleep(0.05)

    @contextmanager
    def cut_off(self, server: SlapdServer) -> Iterator[None]:
        """`server` answers, and receives none of the other's changes, until the block ends."""
        with server.as_admin("cn=config") as line:
            [(dn, found)] = line.search_s(DATABASE, ldap.SCOPE_BASE, attrlist=["olcSyncrepl"])
            line.modify_s(dn, [(ldap.MOD_DELETE, "olcMultiProvider", None), (ldap.MOD_DELETE, "olcSyncrepl", None)])
        try:
            yield
        finally:
            with server.as_admin("cn=config") as line:
                line.modify_s(
                    dn,
                    [
                        (ldap.MOD_ADD, "olcSyncrepl", found["olcSyncrepl"]),
                        (ldap.MOD_ADD, "olcMultiProvider", [b"TRUE"]),
                    ],
                )

    def stop(self) -> None:
        self.first.slapd.stop()
        self.second.slapd.stop()


def _change_numbers(server: SlapdServer) -> list[bytes]:
    with server.as_admin() as line:
        try:
            [(_, top)] = line.search_s(SUFFIX, ldap.SCOPE_BASE, attrlist=["contextCSN"])
        except ldap.NO_SUCH_OBJECT:
            return []
    return sorted(top.get("contextCSN", []))
