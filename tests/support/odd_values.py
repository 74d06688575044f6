"""People in whose entries the attributes of this service hold whatever slapd accepts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import ldap
import ldap.modlist
from nacl.secret import Aead

from tests.support.reminding import MAX_AGE, TIME, YEARLY
from tests.support.slapd_server import BIRTH_DATE, NUMEN, PASSWORD, LdapConnection, SlapdServer

LONG = 100_000
TIMES = [
    "000001010000Z", "00000101000000Z", "00000101000000.0Z", "00000101010000+0100", "0000010100Z", "19700101000000Z",
    "202611262019Z", "2026112620Z", "20261126201900.123456789123Z", "20261126201900,5Z", "20261126211900+0100",
    "20261126211900-0130", "99991231235959Z", "00010101000000Z", "00010101000000+1200",
    "20261231235960Z",
]  # fmt: skip
"""Times in each spelling that slapd accepts, in all years."""
TEXTS = [
    b" ", b";", b";;;;", b"x" * LONG, b"\x00", b"a\r\nb", b"\x1b[31m", b"\x7f", b"{{7*7}}%s%(x)s", b"*)(uid=*", b"-",
]  # fmt: skip
"""Texts of ASCII, which is what these attributes hold (IA5String)."""
NINES = b"9" * 5000
"""More digits than Python reads as a number."""
REMINDED = [
    b"expires-7", b"expires-;", b"expires--7;%R;", b"expires-" + NINES + b";%R;", b"expires-7;99991231235959Z;",
    b"expires-7;00000101000000Z;-1", b";%R;", b"initial;%R;x", b"unknown-3;%R;", b"expires-30;%R;" + b"x" * LONG,
]  # fmt: skip
"""Records of reminders. %R is replaced by the time of the person's password."""
CHARTERS = [
    b"2026-09", b"2026-09;", b";20260101000000Z", b"2026-09;99991231235959Z", b"2026-09;-1", b"2026-09 ;",
    b"2026-08;00000101000000Z", b"2026-09;" + b";" * LONG,
]  # fmt: skip
METHODS = [
    b"", b" ", b"\x00", b"\x01", b"\xff\xfe", b"\x02" * 50, b"\x01" + b"\x00" * 40, b"\x01" + b"x" * LONG, b"{}",
    '{"kind":"mail","address":"moi@exemple.org"}'.encode("utf-16"), b"a\r\nb\x1b[31m",
]  # fmt: skip
ADDED = {"id": "aa", "kind": "mail", "added": 1_700_000_000, "address": "moi@exemple.org"}
APP, PASSKEY = {**ADDED, "kind": "totp"}, {**ADDED, "kind": "passkey"}


def _with(fields: Mapping[str, Any], name: str, *values: Any) -> list[dict[str, Any]]:
    """The method of `fields`, once with each value."""
    return [{**fields, name: value} for value in values]


SEALED: list[Any] = [
    [], None, 7, "x", {}, {"kind": "mail"}, *_with(ADDED, "kind", "pigeon", []), *_with(ADDED, "id", "", 5, None),
    *_with(
        ADDED, "added", "x", -1, -10**12, 0, 253_402_300_799, 10**18, 1e300, float("nan"), float("inf"), [], True,
        "1700000000",
    ),
    *_with(ADDED, "used", "x", 10**18, -10**18, float("inf"), 253_402_300_799, [1]),
    *_with(ADDED, "address", 5, [], {}, None, "x" * LONG, "a\r\nBcc: b@c.fr", "\x00", "\ud800"),
    *_with(ADDED, "name", 5, [], None, "x" * LONG, "a\r\nb\x1b[31m", "<b>", "\ud800"),
    *_with({**ADDED, "kind": "mobile"}, "address", "", "x", "1" * LONG, 6, "\x00"),
    *_with(APP, "secret", "", "!!!", "é", 5, [], "x" * LONG, None),
    *_with({**APP, "secret": "JBSWY3DPEHPK3PXP"}, "counter", "x", 1e300, -5, []),
    *_with({**PASSKEY, "key": "AAAA"}, "credential", "", "é", "!", "A", 5, [], "x" * LONG),
    *_with({**PASSKEY, "credential": "AAAA"}, "key", "", "é", "!", "A", 5, [], "x" * LONG),
    *_with({**PASSKEY, "credential": "AAAA", "key": "AAAA"}, "counter", "x", 1e300),
]  # fmt: skip
"""What the sealed JSON may hold if another program, or another version, sealed it with the right key."""
DEEP = "[" * LONG
SHOWN: list[Any] = [
    [],
    {**ADDED, "name": "<b>a\r\nb\x1b[31m" * 1000},
    {**ADDED, "address": "a\r\nBcc: b@c.fr" + "x" * 200},
    {**ADDED, "kind": "mobile", "address": "1" * 254},
    {**ADDED, "added": 0, "used": 0},
]
"""Those of them that are tried at every entry point."""


@dataclass(frozen=True)
class Odd:
    """What the attributes of one person hold."""

    values: Mapping[str, Sequence[bytes]]
    """Attribute → values."""
    sealed: Sequence[Any]
    """What is sealed for the entry besides, as a recovery method."""

    def __str__(self) -> str:
        held = {name: [value[:40] for value in values] for name, values in self.values.items()}
        return f"{held} {str(self.sealed)[:80]}"


def _people() -> Iterator[Odd]:
    """One for each value, so that every value is in some entry, beside others."""
    charters, reminded = [*TEXTS, *CHARTERS], [*TEXTS, *REMINDED]
    for number in range(max(len(charters), len(TIMES), len(reminded), len(METHODS))):
        values = {
            "mamiaCharter": [charters[number % len(charters)]],
            "mamiaResetCode": [TEXTS[number % len(TEXTS)]],
            "mamiaResetCodeUntil": [TIMES[number % len(TIMES)].encode()],
            "mamiaReminded": [reminded[number % len(reminded)]],
            "mamiaRecovery": [METHODS[number % len(METHODS)]],
        }
        yield Odd(values, [SHOWN[number % len(SHOWN)]])
    yield Odd(
        {
            # With an option they are values of the attribute that no write of ours touches (RFC 4512, 2.5.2).
            "mamiaCharter;lang-fr": [b"2026-09;20260101000000Z"],
            "mamiaReminded": [*(value for value in reminded if value.strip()), *(b"%d" % one for one in range(100))],
            "mamiaRecovery": [*METHODS, *(b"\x01%d" % one for one in range(30))],
            "mamiaRecovery;lang-fr": [b"\xff"],
        },
        SHOWN,
    )


ODD = tuple(_people())
DAYS_LEFT = 5
"""Days until their passwords end by cn=yearly, so that they are reminded."""


def add_odd_people(directory: SlapdServer, key: str) -> dict[str, Odd]:
    """Add them, with what is sealed by `key`; login → what is odd."""
    people = {f"odd{number}": odd for number, odd in enumerate(ODD)}
    # One connection for all, which saves most of the time.
    with directory.as_admin() as line:
        for login, odd in people.items():
            _add(directory, line, login, odd, key)
    return people


def _add(directory: SlapdServer, line: LdapConnection, login: str, odd: Odd, key: str) -> None:
    changed_at = (datetime.now(UTC) + timedelta(days=DAYS_LEFT) - MAX_AGE).strftime(TIME).encode()
    person = {
        "objectClass": [b"inetOrgPerson", b"mamiaPerson", b"mamiaRecoverable"],
        "cn": [login.encode()],
        "sn": [login.encode()],
        "givenName": [b"Odile"],
        "mail": [f"{login}@ac-example.fr".encode()],
        "birthDate": [BIRTH_DATE.encode()],
        "numen": [NUMEN.encode()],
        "userPassword": [PASSWORD.encode()],
        "pwdPolicySubentry": [YEARLY.encode()],
        "pwdChangedTime": [changed_at],
        **{name: [value.replace(b"%R", changed_at) for value in values] for name, values in odd.values.items()},
    }
    dn = directory.dn(login)
    line.add_ext_s(dn, ldap.modlist.addModlist(person), serverctrls=[directory.relax])
    uuid = line.read_s(dn, attrlist=["entryUUID"])["entryUUID"][0].decode()
    sealed = [seal_text(key, uuid, json.dumps(content)) for content in odd.sealed]
    line.modify_s(dn, [(ldap.MOD_ADD, "mamiaRecovery", sealed)])


def seal_text(key: str, uuid: str, text: str) -> bytes:
    """Seal any text as the web service seals a method."""
    secret = hashlib.blake2b(key.encode(), digest_size=32, person=b"mamia-recovery").digest()
    return b"\x01" + bytes(Aead(secret).encrypt(text.encode(), uuid.encode()))
