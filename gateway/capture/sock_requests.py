"""Parser for the requests that slapd's sock overlay sends before a write (slapd-sock(5)).

The overlay is configured twice: above ppolicy, where a password is still as the client sent it, and below, where the
policy has accepted it and it is as it will be stored. A Password Modify operation (RFC 3062) is reported first; the
Modify that slapd makes of it contains the hashed value already.
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
"""First line of a request by `mamia check` for the listener's status; slapd never sends it. The answer is a JSON
object."""
MARK = re.compile(rb"\nmamiaSyncState: (check;[0-9a-f]{32})\n")
"""A value that `mamia check` deletes from an entry that does not have it, to see whether slapd reports that."""
_CHANGES = ("add", "delete", "replace")
_ENTRY_LINE = b"\ndn:"
"""End of a request's head; the rest comes from the client."""
_PASSWORD_CHANGE = re.compile(rb"\n(?:add|delete|replace|increment): userpassword\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OperationId:
    """Identifies one operation of one client, until that client's next one with the same number."""

    client: str
    connection: str
    message: str


@dataclass(frozen=True, slots=True)
class PasswordModifyRequest:
    """A Password Modify operation: the new password, or None if slapd is to generate one."""

    operation: OperationId
    password: Secret | None


@dataclass(frozen=True, slots=True)
class ModifyRequest:
    """A Modify that sets an entry's password."""

    operation: OperationId
    entry: str
    """DN of the entry."""
    author_dn: str
    """Normalised DN of the client that writes."""
    value: Secret
    """The value in the operation: plain text or hashed."""
    passed_policy: bool
    """Whether the policy has accepted it, so that the value is what will be stored."""


def read_request(text: bytes) -> PasswordModifyRequest | ModifyRequest | None:
    """Parse a request.

    Returns None for operations that set no password, and for those that slapd replicates from another server.
    """
    kind, _, rest = text.partition(b"\n")
    lines = [_split(line) for line in re.sub(rb"\n ", b"", rest).split(b"\n") if b":" in line]
    head = dict(reversed([(name, value) for name, value in lines]))
    if not head.get("peername"):
        # No client: slapd writes it itself, for example as replication (the provider has reported it already).
        return None
    operation = OperationId(*(head.get(name, b"").decode() for name in ("peername", "connid", "msgid")))
    if kind == b"EXTENDED" and head.get("oid") == PASSWORD_MODIFY.encode():
        return _password_modify_request(operation, head.get("value", b""))
    return _modify_request(operation, head, lines) if kind == b"MODIFY" else None


def password_author(text: bytes) -> str | None:
    """Return the normalised DN of the client that sends a Modify of userPassword; None for any other operation."""
    if not text.startswith(b"MODIFY\n") or not _PASSWORD_CHANGE.search(text):
        return None
    head = dict(_split(line) for line in text.partition(_ENTRY_LINE)[0].split(b"\n") if b":" in line)
    return normalised(head.get("binddn", b"").decode())


def normalised(dn: str) -> str:
    """Return a DN in a form for comparisons: as written, without blanks between its parts, in lower case."""
    try:
        return ",".join(f"{name}={value}" for name, value, _ in parse_dn(dn, strip=True)).lower()
    except LDAPInvalidDnError:
        return dn.lower()


def _split(line: bytes) -> tuple[str, bytes]:
    """Split `name: text` or `name:: base64`, as in LDIF (RFC 2849)."""
    name, _, value = line.partition(b":")
    if value.startswith(b":"):
        return name.decode("ascii", "replace"), base64.b64decode(value[1:].strip())
    return name.decode("ascii", "replace"), value.removeprefix(b" ")


def _password_modify_request(operation: OperationId, value: bytes) -> PasswordModifyRequest:
    try:
        decoded, _ = decoder.decode(base64.b64decode(value), asn1Spec=PasswdModifyRequestValue())
    except (PyAsn1Error, binascii.Error):
        return PasswordModifyRequest(operation, None)
    return PasswordModifyRequest(
        operation, _secret(bytes(decoded["newPasswd"])) if decoded["newPasswd"].isValue else None
    )


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
        # ppolicy adds pwdChangedTime to the changes that it accepts.
        passed_policy="pwdchangedtime" in changed,
    )


def _modifications(lines: list[tuple[str, bytes]]) -> Iterator[tuple[str, str, bytes | None]]:
    """Yield change, attribute and value, once per value; the value is None for the line that names the change."""
    change = attribute = ""
    for name, value in lines:
        if name in _CHANGES:
            change, attribute = name, value.decode("ascii", "replace").lower()
            yield change, attribute, None
        elif name.lower() == attribute:
            yield change, attribute, value


def _secret(value: bytes) -> Secret:
    """Return the bytes as text.

    `Secret.reveal().encode(errors="surrogateescape")` gives bytes back that are not UTF-8.
    """
    return Secret(value.decode("utf-8", "surrogateescape"))
