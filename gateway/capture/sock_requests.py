"""What slapd's sock overlay announces of a write before it does it (slapd-sock(5)).

The overlay stands twice in the way of a write: above ppolicy, where a password is still as the client sent it, and
below, where the policy has let it pass and it is as it will be stored. A Password Modify operation (RFC 3062) is
announced automatically first; the Modify that slapd makes of it comes hashed already.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ldap3.core.exceptions import LDAPInvalidDnError
from ldap3.protocol.rfc3062 import PasswdModifyRequestValue
from ldap3.utils.dn import parse_dn
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error

from gateway.account.model import Secret

PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1"  # noqa: S105 - the operation's OID
QUESTION = b"STATUS\n"
"""`mamia check` asks the listener; slapd never does. The answer is one object of JSON."""
MARK = re.compile(rb"\nmamiaSyncState: (check;[0-9a-f]{32})\n")
"""`mamia check` takes such a value away from an entry that lacks it, to see whether slapd announces that."""
_CHANGES = ("add", "delete", "replace")
_ENTRY_LINE = b"\ndn:"
"""Ends the head of an announcement; what follows is the client's."""
_PASSWORD_CHANGE = re.compile(rb"\n(?:add|delete|replace|increment): userpassword\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OperationId:
    """One operation of one client, until that client's next one of the same number."""

    client: str
    connection: str
    message: str


@dataclass(frozen=True, slots=True)
class PasswordModifyRequest:
    """A Password Modify operation: the new password, or None where slapd is to make one."""

    operation: OperationId
    password: Secret | None


@dataclass(frozen=True, slots=True)
class ModifyRequest:
    """A Modify that gives an entry a password."""

    operation: OperationId
    entry: str
    """Its DN."""
    author_dn: str
    """The DN of whoever writes, normalised."""
    value: Secret
    """As the operation has it: in plain text or hashed."""
    passed_policy: bool
    """The policy let it pass, and the value is what will be stored."""


def read_request(text: bytes) -> PasswordModifyRequest | ModifyRequest | None:
    """None for what gives nobody a password, and for what slapd copies from another server."""
    kind, _, rest = text.partition(b"\n")
    lines = [_split(line) for line in re.sub(rb"\n ", b"", rest).split(b"\n") if b":" in line]
    head = dict(reversed([(name, value) for name, value in lines]))
    if not head.get("peername"):
        # Nobody is at the other end: slapd does it automatically, as replication (the provider announced it before).
        return None
    operation = OperationId(*(head.get(name, b"").decode() for name in ("peername", "connid", "msgid")))
    if kind == b"EXTENDED" and head.get("oid") == PASSWORD_MODIFY.encode():
        return _password_modify_request(operation, head.get("value", b""))
    return _modify_request(operation, head, lines) if kind == b"MODIFY" else None


def password_author(text: bytes) -> str | None:
    """The normalised DN of whoever sends a Modify that touches userPassword; None for any other operation."""
    if not text.startswith(b"MODIFY\n") or not _PASSWORD_CHANGE.search(text):
        return None
    head = dict(_split(line) for line in text.partition(_ENTRY_LINE)[0].split(b"\n") if b":" in line)
    return normalised(head.get("binddn", b"").decode())


def normalised(dn: str) -> str:
    """For comparing DNs: as it is written, without regard to case and to blanks between its parts."""
    try:
        return ",".join(f"{name}={value}" for name, value, _ in parse_dn(dn, strip=True)).lower()
    except LDAPInvalidDnError:
        return dn.lower()


def _split(line: bytes) -> tuple[str, bytes]:
    """`name: text` or `name:: base64`, as in LDIF (RFC 2849)."""
    name, _, value = line.partition(b":")
    if value.startswith(b":"):
        return name.decode("ascii", "replace"), base64.b64decode(value[1:].strip())
    return name.decode("ascii", "replace"), value.removeprefix(b" ")


def _password_modify_request(operation: OperationId, value: bytes) -> PasswordModifyRequest:
    try:
        wish, _ = decoder.decode(base64.b64decode(value), asn1Spec=PasswdModifyRequestValue())
    except (PyAsn1Error, binascii.Error):
        return PasswordModifyRequest(operation, None)
    return PasswordModifyRequest(operation, _secret(bytes(wish["newPasswd"])) if wish["newPasswd"].isValue else None)


def _modify_request(
    operation: OperationId, head: dict[str, bytes], lines: list[tuple[str, bytes]]
) -> ModifyRequest | None:
    values, changed = [], set()
    for change, attribute, value in _modifications(lines):
        changed.add(attribute)
        if attribute == "userpassword" and change != "delete" and value is not None:
            values.append(value)
    if not values:
        return None
    return ModifyRequest(
        operation=operation,
        entry=head.get("dn", b"").decode(),
        author_dn=normalised(head.get("binddn", b"").decode()),
        value=_secret(values[-1]),
        # ppolicy stamps what it lets pass.
        passed_policy="pwdchangedtime" in changed,
    )


def _modifications(lines: list[tuple[str, bytes]]) -> Iterator[tuple[str, str, bytes | None]]:
    """Change, attribute and value, one for each value; a change that names none has None."""
    change = attribute = ""
    for name, value in lines:
        if name in _CHANGES:
            change, attribute = name, value.decode("ascii", "replace").lower()
            yield change, attribute, None
        elif name.lower() == attribute:
            yield change, attribute, value


def _secret(value: bytes) -> Secret:
    """Bytes that are no UTF-8 come out as they went in: `Secret.reveal().encode(errors="surrogateescape")`."""
    return Secret(value.decode("utf-8", "surrogateescape"))
