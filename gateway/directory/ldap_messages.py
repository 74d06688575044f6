"""The requests and answers of RFC 4511 that the service sends and reads all the time, with their controls.

Answers look as ldap3 returns them. A rare request or answer raises Unusual, so that ldap3 writes or reads it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from ldap3.core.results import RESULT_CODES
from ldap3.operation.search import compile_filter, parse_filter
from ldap3.protocol.oid import Oids
from ldap3.utils.asn1 import encode  # type: ignore[attr-defined]

from gateway.directory import ber
from gateway.directory.ber import Malformed, element, expect, integer, number_in, octets
from gateway.ldap import PAGED_RESULTS, Control
from gateway.needs.server import PASSWORD_POLICY, POST_READ

MIN_MESSAGE_BYTES, MAX_MESSAGE_BYTES = 6, 1 << 26
"""The largest message is an entry with the members of a group: 64 MiB are more than half a million."""
BIND, SEARCH, MODIFY, COMPARE = 0x60, 0x63, 0x66, 0x6E
"""Tags of requests. The answer that ends one has the next number, or the one after that (search)."""
ENTRY, BOUND, SEARCHED, MODIFIED, COMPARED = 0x64, 0x61, 0x65, 0x67, 0x6F
ENDS = {BOUND: "bindResponse", SEARCHED: "searchResDone", MODIFIED: "modifyResponse", COMPARED: "compareResponse"}
"""ldap3's names of the answers that end an operation."""
SCOPES = {"BASE": 0, "LEVEL": 1, "SUBTREE": 2}
OPERATIONS = {"MODIFY_ADD": 0, "MODIFY_DELETE": 1, "MODIFY_REPLACE": 2}
FOLLOW_ALIASES, VERSION, MAX_DEPTH = 3, 3, 20
_SETS = {"(&": 0xA0, "(|": 0xA1, "(!": 0xA2}
_MATCHES = {"=": 0xA3, ">=": 0xA5, "<=": 0xA6}
_PRESENT = 0x87
_ITEM = re.compile(r"\(([A-Za-z0-9.;-]+)([<>]?=)(\*|(?:[^()*\\\0]|\\[0-9A-Fa-f]{2})*)\)")
_ESCAPED = re.compile(rb"\\(..)")


class Unusual(Exception):
    """A request or an answer that this module does not know."""


def message(number: int, operation: bytes, controls: Sequence[Control]) -> bytes:
    """Return the message of a request. Raises Unusual."""
    wrapped = element(ber.CONSTRUCTED, *map(_control, controls)) if controls else b""
    return element(ber.SEQUENCE, integer(number), operation, wrapped)


def bind_request(dn: str, password: bytes) -> bytes:
    """Return a simple bind (RFC 4511, 4.2). Raises Unusual without a password: slapd might accept that bind."""
    if not (dn and password):
        raise Unusual
    return element(BIND, integer(VERSION), octets(dn), element(ber.CONTEXT, password))


def search_request(
    base: str, filter_: str, scope: str, attributes: Sequence[str], size_limit: int, time_limit: int
) -> bytes:
    """Return a search (RFC 4511, 4.5.1). Raises Unusual, LDAPInvalidFilterError."""
    how = (integer(SCOPES[scope], ber.ENUMERATED), integer(FOLLOW_ALIASES, ber.ENUMERATED))
    limits = (integer(size_limit), integer(time_limit), element(ber.BOOLEAN, b"\0"))
    return element(SEARCH, octets(base), *how, *limits, encoded_filter(filter_), selection(tuple(attributes)))


def modify_request(dn: str, changes: Mapping[str, Sequence[tuple[str, Sequence[str | bytes]]]]) -> bytes:
    """Return a Modify (RFC 4511, 4.6)."""
    parts = []
    for name, each in changes.items():
        for operation, values in each:
            if isinstance(values, str):
                raise Unusual
            attribute = element(ber.SEQUENCE, octets(name), element(ber.SET, *map(octets, values)))
            parts.append(element(ber.SEQUENCE, integer(OPERATIONS[operation], ber.ENUMERATED), attribute))
    return element(MODIFY, octets(dn), element(ber.SEQUENCE, *parts))


def compare_request(dn: str, attribute: str, value: str | bytes) -> bytes:
    """Return a Compare (RFC 4511, 4.10)."""
    return element(COMPARE, octets(dn), element(ber.SEQUENCE, octets(attribute), octets(value)))


@lru_cache(maxsize=256)
def selection(attributes: tuple[str, ...]) -> bytes:
    """Return an AttributeSelection (RFC 4511, 4.5.1.8); "1.1" if it would be empty."""
    return element(ber.SEQUENCE, *map(octets, attributes or ("1.1",)))


def page(size: int, cookie: bytes | None) -> Control:
    """Return the control for one page of a search (RFC 2696)."""
    return PAGED_RESULTS, False, element(ber.SEQUENCE, integer(size), octets(cookie or b""))


def encoded_filter(text: str) -> bytes:
    """Return a filter (RFC 4515) as it is sent. Raises LDAPInvalidFilterError."""
    try:
        encoded, end = _filter(text, 0, 0)
        if end == len(text):
            return encoded
    except Unusual:
        pass
    return bytes(encode(compile_filter(parse_filter(text, None, True, True, None, False).elements[0])))


def _filter(text: str, at: int, depth: int) -> tuple[bytes, int]:
    """Return the encoded filter at `at`, and where it ends."""
    tag = _SETS.get(text[at : at + 2])
    if not tag:
        return _item(text, at)
    parts, at = [], at + 2
    while text.startswith("(", at) and depth < MAX_DEPTH:
        part, at = _filter(text, at, depth + 1)
        parts.append(part)
    if not text.startswith(")", at) or not parts or (tag == _SETS["(!"] and len(parts) > 1):
        raise Unusual
    return element(tag, *parts), at + 1


def _item(text: str, at: int) -> tuple[bytes, int]:
    found = _ITEM.match(text, at)
    if not found or (found[2] != "=" and found[3] == "*"):
        raise Unusual
    if found[3] == "*":
        return element(_PRESENT, found[1].encode()), found.end()
    value = found[3].strip().encode()
    if b"\\" in value:
        value = _ESCAPED.sub(lambda pair: bytes.fromhex(pair[1].decode()), value)
    return element(_MATCHES[found[2]], octets(found[1]), octets(value)), found.end()


def _control(control: Control) -> bytes:
    if not isinstance(control, tuple):
        raise Unusual
    oid, is_critical, value = control
    critical = element(ber.BOOLEAN, b"\xff") if is_critical else b""
    return element(ber.SEQUENCE, octets(oid), critical, b"" if value is None else octets(value))


def message_size(data: bytearray) -> int:
    """Return the size of the message that `data` begins with; 0 until that can be read. Raises Malformed."""
    return 0 if len(data) < MIN_MESSAGE_BYTES else expect(ber.SEQUENCE, data, 0, MAX_MESSAGE_BYTES)[1]


def read_envelope(data: bytes) -> tuple[int, int, int, int]:
    """Return message id and tag of an answer, and where its value starts and ends. Raises Malformed."""
    at, end = expect(ber.SEQUENCE, data, 0, len(data))
    start, stop = expect(ber.INTEGER, data, at, end)
    return number_in(data, start, stop), *ber.header(data, stop, end)


def read_answer(data: bytes, tag: int, start: int, stop: int) -> dict[str, Any]:
    """Return what ldap3 makes of an answer, from what `read_envelope` returned. Raises Malformed, Unusual."""
    try:
        answer = _entry(data, start, stop) if tag == ENTRY else _result(data, tag, start, stop)
        if stop < len(data):
            at, end = expect(ber.CONSTRUCTED, data, stop, len(data))
            answer["controls"] = dict(_control_in(data, *found) for found in ber.elements(data, at, end))
            if end < len(data):
                raise Malformed("more after the controls")
    except UnicodeDecodeError:
        raise Unusual from None
    return answer


def _entry(data: bytes, at: int, end: int) -> dict[str, Any]:
    start, stop = expect(ber.OCTETS, data, at, end)
    raw_dn, attributes = data[start:stop], _attributes(data, *expect(ber.SEQUENCE, data, stop, end))
    return {"raw_dn": raw_dn, "dn": raw_dn.decode(), "raw_attributes": attributes, "type": "searchResEntry"}


def _attributes(data: bytes, at: int, end: int) -> dict[str, list[bytes]]:
    held: dict[str, list[bytes]] = {}
    while at < end:
        start, at = expect(ber.SEQUENCE, data, at, end)
        start, stop = expect(ber.OCTETS, data, start, at)
        value_at, values_end = expect(ber.SET, data, stop, at)
        values = held.setdefault(data[start:stop].decode(), [])
        while value_at < values_end:
            start, value_at = expect(ber.OCTETS, data, value_at, values_end)
            values.append(data[start:value_at])
    return held


def _result(data: bytes, tag: int, at: int, end: int) -> dict[str, Any]:
    """Return an LDAPResult (RFC 4511, 4.1.9). Referrals and SASL credentials, which may follow, are unusual."""
    if tag not in ENDS:
        raise Unusual
    start, at = expect(ber.ENUMERATED, data, at, end)
    code = number_in(data, start, at)
    result: dict[str, Any] = {"result": code, "description": RESULT_CODES.get(code, str(code)), "type": ENDS[tag]}
    for name in ("dn", "message"):
        start, at = expect(ber.OCTETS, data, at, end)
        result[name] = data[start:at].decode()
    if at < end:
        raise Unusual
    return result | {"referrals": None, **({"saslCreds": None} if tag == BOUND else {})}


def _control_in(data: bytes, tag: int, at: int, end: int) -> tuple[str, dict[str, Any]]:
    """Return the OID of one control of an answer and what ldap3 makes of it."""
    start, at = expect(ber.OCTETS, data, at, end)
    oid = data[start:at].decode()
    if at == end or data[at] != ber.OCTETS or tag != ber.SEQUENCE:
        raise Unusual
    value = _control_value(oid, data, *expect(ber.OCTETS, data, at, end))
    return oid, {"description": Oids.get(oid, ""), "criticality": False, "value": value}


def _control_value(oid: str, data: bytes, at: int, end: int) -> Any:
    if oid == PASSWORD_POLICY:
        return data[at:end]
    if oid == POST_READ:
        shown = _entry(data, *expect(ENTRY, data, at, end))["raw_attributes"]
        return {"result": {name: [value.decode() for value in values] for name, values in shown.items()}}
    if oid != PAGED_RESULTS:
        raise Unusual
    start, stop = expect(ber.SEQUENCE, data, at, end)
    start, at = expect(ber.INTEGER, data, start, stop)
    size = number_in(data, start, at)
    start, at = expect(ber.OCTETS, data, at, stop)
    return {"size": size, "cookie": data[start:at]}
