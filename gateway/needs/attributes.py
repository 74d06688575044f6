"""Names of attributes that are the same in every directory: of slapd's ppolicy, of our schema, of Samba's.

The names of people's attributes are settings (`[people]`).
"""

from __future__ import annotations

import re

PASSWORD = "userPassword"  # noqa: S105 - an attribute's name
CLASS = "objectClass"
IDENTITY = "entryUUID"
VERSION = "entryCSN"
MODIFIED_AT = "modifyTimestamp"
ENTRY = "entry"
"""slapd's pseudo-attribute for the entry itself (slapd.access(5))."""
CONTEXT_CSN = "contextCSN"

CHANGED_AT = "pwdChangedTime"
LOCKED_AT = "pwdAccountLockedTime"
STARTS_AT = "pwdStartTime"
ENDS_AT = "pwdEndTime"
LOCKED_UNTIL = "pwdAccountTmpLockoutEnd"
LAST_SUCCESS = "pwdLastSuccess"
MUST_CHANGE = "pwdReset"
POLICY = "pwdPolicySubentry"
HISTORY = "pwdHistory"

SECRET = "mamiaPendingSecret"  # noqa: S105 - an attribute's name
STATE = "mamiaSyncState"
LEASE = "mamiaSyncLease"
STAMP = "mamiaPasswordStamp"
TOKEN = "mamiaWorkerToken"  # noqa: S105 - an attribute's name

RECOVERABLE = "mamiaRecoverable"
"""Our auxiliary class for the attributes below (schema/mamia-recovery.ldif)."""
RESET_CODE = "mamiaResetCode"
RESET_CODE_UNTIL = "mamiaResetCodeUntil"
RECOVERY = "mamiaRecovery"
CHARTER = "mamiaCharter"
REMINDED = "mamiaReminded"

NT_HASH = "sambaNTPassword"
NT_CHANGED_AT = "sambaPwdLastSet"
POSIX_CHANGED_AT = "shadowLastChange"

MEMBERS = ("member", "uniqueMember", "memberUid")
"""How groups list their members (RFC 4519, RFC 2307)."""

_ASSERTED = re.compile(r"\(\s*([A-Za-z][\w-]*)(?:;[\w;-]*)?\s*(?::[^=()]*)?[~<>]?=")


def attributes_in(filter_: str) -> tuple[str, ...]:
    """Return the attributes that an LDAP filter (RFC 4515) names, each once and in order.

    >>> attributes_in("(&(objectClass=mamiaPerson)(|(ou:dn:=x)(departmentNumber>=5)))")
    ('objectClass', 'ou', 'departmentNumber')
    """
    return tuple(dict.fromkeys(_ASSERTED.findall(filter_)))
