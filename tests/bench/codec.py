"""Processor time of the LDAP operations of a change: with ldap3's codec, with the directory's own, with libldap.

In turn, in one process, on one slapd. A change searches the entry, binds as the person, and sends one Modify with an
assertion, the password policy and the post-read control.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ldap
from ldap.controls import RequestControl
from ldap3 import Connection

from gateway.account.model import Secret
from gateway.directory import ppolicy
from gateway.directory.assertion import assertion
from gateway.directory.ber_connection import BerConnection
from gateway.directory.password_write import modification
from gateway.directory.server_time import post_read, read_back
from gateway.directory.user_bind import bind_as
from gateway.ldap import bind, entry_of, new_connection, open_connection, search
from tests.bench.figures import record
from tests.bench.scene import hash_quickly
from tests.support.slapd_server import PASSWORD, PEOPLE, SUFFIX, SlapdServer

ROUNDS, TIMES = 9, 100
GATEWAY = f"cn=gateway,ou=services,{SUFFIX}"
STAMP = "mamiaPasswordStamp"
FOUND_BY = "(&(objectClass=mamiaPerson)(uid=fdurand4))"
UNCHANGED = "(&(!(pwdReset=TRUE))(!(|(pwdAccountLockedTime<=00001231235959Z)(pwdAccountLockedTime=19700101000000Z))))"
ATTRIBUTES = ["uid", "sn", "patronymicName", "givenName", "mail", "pwdReset", "pwdChangedTime", STAMP, "entryUUID"]
SHOWN = ["pwdChangedTime", STAMP]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        directory = SlapdServer(Path(name) / "slapd")
        try:
            hash_quickly(directory)
            directory.add_person("fdurand4")
            runs = {
                "ldap3's codec": by_connection(directory, Connection),
                "own codec": by_connection(directory, BerConnection),
                "libldap": by_libldap(directory),
            }
            times: dict[str, list[float]] = {name: [] for name in runs}
            for number in range(-1, ROUNDS):
                order = list(runs) if number % 2 else list(runs)[::-1]
                for name in order:
                    started = time.process_time()
                    for _ in range(TIMES):
                        runs[name]()
                    if number >= 0:
                        times[name].append(1000 * (time.process_time() - started) / TIMES)
            for name, values in times.items():
                record(f"LDAP operations of a change, {name}: processor time", values, "ms")
        finally:
            directory.slapd.stop()


def by_connection(directory: SlapdServer, kind: type[Connection]) -> Callable[[], None]:
    service = new_connection(directory.url, user=GATEWAY, password=directory.slapd.password("gateway"), kind=kind)
    person = new_connection(directory.url, kind=kind)
    for connection in (service, person):
        open_connection(connection)
    bind(service)
    dn = directory.dn("fdurand4")

    def run() -> None:
        [entry] = search(service, PEOPLE, FOUND_BY, ATTRIBUTES, 10)
        assert ppolicy.policy_error(bind_as(person, entry.dn, Secret(PASSWORD))) is None
        mark = entry.first(STAMP)[-6:] + "x"
        write = modification(
            dn, {STAMP: [("MODIFY_REPLACE", [mark.encode()])]}, assertion(UNCHANGED), post_read(SHOWN)
        )
        assert read_back(dn, write(service)).first(STAMP) == mark

    return run


def by_libldap(directory: SlapdServer) -> Callable[[], None]:
    """The values of controls are written by our codec, so that libldap is not measured with python-ldap's pyasn1."""
    service, person = ldap.initialize(directory.url), ldap.initialize(directory.url)
    service.simple_bind_s(GATEWAY, directory.slapd.password("gateway"))
    dn = directory.dn("fdurand4")
    policy = RequestControl(ppolicy.CONTROL_OID, False, None)

    def control(one: tuple[str, bool, bytes | None]) -> RequestControl:
        return RequestControl(*one)

    def run() -> None:
        [(found, held)] = service.search_ext_s(PEOPLE, ldap.SCOPE_SUBTREE, FOUND_BY, ATTRIBUTES, sizelimit=10)
        entry = entry_of({"dn": found, "raw_attributes": held})
        person.result4(person.simple_bind(dn, PASSWORD, serverctrls=[policy]), resp_ctrl_classes={})
        mark = entry.first(STAMP)[-6:] + "x"
        changes = [(ldap.MOD_REPLACE, STAMP, [mark.encode()])]
        controls = [policy, control(assertion(UNCHANGED)), control(post_read(SHOWN))]
        service.result4(service.modify_ext(dn, changes, serverctrls=controls), resp_ctrl_classes={})

    return run


if __name__ == "__main__":
    main()
