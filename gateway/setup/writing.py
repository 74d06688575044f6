"""Send one record to a server."""

from __future__ import annotations

from typing import Any

from ldap3 import Connection

from gateway.ldap import Result, add, modify, raw_values
from gateway.ldap.entry import Answer
from gateway.ldap.operations import find_answer
from gateway.setup.records import Record

OPERATIONS = {"add": "MODIFY_ADD", "delete": "MODIFY_DELETE", "replace": "MODIFY_REPLACE"}
PASSWORD = "userPassword"  # noqa: S105 - an attribute's name
FOUND_ANY = "(objectClass=*)"


def write(connection: Connection, record: Record) -> Result:
    """Return the result of the write. Raises LDAPException, OSError if no answer comes."""
    if record.kind == "add":
        return add(connection, record.dn, {name: list(values) for name, values in record.attributes})
    if record.kind == "delete":
        result: Result = connection.delete(record.dn)[1]
        return result
    changes: dict[str, list[tuple[str, list[str]]]] = {}
    for one in record.modifications:
        changes.setdefault(one.attribute, []).append((OPERATIONS[one.operation], list(one.values)))
    return modify(connection, record.dn, changes)


def hash_stored_passwords(connection: Connection, record: Record) -> None:
    """Let slapd hash the password that a record wrote, if it was stored as it came.

    The policy overlay hashes writes; where it does not, the extended operation does (RFC 3062). Raises LDAPException.
    """
    for password in written_passwords(record):
        if password.encode() in stored_passwords(connection, record.dn):
            extended: Any = connection.extend.standard
            extended.modify_password(user=record.dn, new_password=password)


def written_passwords(record: Record) -> list[str]:
    """Return the passwords that a record writes."""
    values = [*record.attributes, *((one.attribute, one.values) for one in record.modifications)]
    return [value for name, held in values if name == PASSWORD for value in held]


def stored_passwords(connection: Connection, dn: str) -> list[bytes]:
    """Return the values of userPassword that this account may read."""
    answer: Answer | None = find_answer(connection, dn, FOUND_ANY, [PASSWORD])
    return raw_values(answer, PASSWORD) if answer else []
