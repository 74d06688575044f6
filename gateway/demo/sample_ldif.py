"""Writes a sample member as an LDIF entry (RFC 2849) for `slapadd` and `ldapadd`. Lines are never folded.

The line `version: 1` is missing, so that the text can follow the base tree in one file.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

from gateway.demo.sample_model import Member

# RFC 2849, notes 4 and 8 to 10: SAFE-STRING, and base64 for a space at the end.
_CLEAR = re.compile(r"(?![ :<])[\x01-\x09\x0b\x0c\x0e-\x7f]*(?<! )")


def entry(member: Member, suffix: str) -> bytes:
    """Return the entry under ou=people of `suffix`, with the blank line at its end.

    The DN needs no escaping (RFC 4514): a login has letters and digits only, and `suffix` is a DN already.
    """
    full_name = f"{member.given_name} {member.surname}"
    values = [
        ("dn", f"uid={member.login},ou=people,{suffix}"),
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "mamiaPerson"),
        ("uid", member.login),
        ("cn", full_name),
        ("sn", member.surname),
        ("givenName", member.given_name),
        ("displayName", full_name),
        ("patronymicName", member.birth_name),
        ("mail", member.mail),
        ("birthDate", member.birth_date),
        ("numen", member.numen),
        ("temporaryAgentNumber", member.temporary_number),
        ("employeeType", member.employee_type),
        ("departmentNumber", member.department),
        ("userPassword", salted_sha1(member.password, member.salt)),
        ("pwdReset", "TRUE" if member.initial_password else ""),
    ]
    return "".join([line(name, value) for name, value in values if value] + ["\n"]).encode()


def line(name: str, value: str) -> str:
    """Return `name: value`, or `name:: ` and base64 if RFC 2849 does not allow the value in plain text."""
    if _CLEAR.fullmatch(value):
        return f"{name}: {value}\n"
    return f"{name}:: {b64encode(value.encode()).decode()}\n"


def salted_sha1(password: str, salt: bytes) -> str:
    """Return a {SSHA} hash, which slapd supports without a module.

    It is for samples only. slapd hashes real passwords with Argon2, which takes about 10 ms each, so hours for a
    million people.
    """
    digest = hashlib.sha1(password.encode() + salt, usedforsecurity=False).digest()
    return "{SSHA}" + b64encode(digest + salt).decode()
