"""The privileged accounts of a Windows domain: its administrators and the accounts that can become one.

The groups are the protected ones of [MS-ADTS] 3.1.1.6.1.2 and those of later versions. They are known by their
well-known SIDs ([MS-DTYP] 2.4.2.4), because names are translated and can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ldap3.protocol.formatters.formatters import format_sid

ATTRIBUTES = ("adminCount", "objectSid", "tokenGroups")
"""The attributes that `protection_of` needs. The server computes tokenGroups, with nested and primary groups, only
for a search with the entry as base ([MS-ADTS] 3.1.1.4.5.19)."""
_PROTECTED_IN_BUILTIN = frozenset({544, 548, 549, 550, 551, 552})
"""Administrators, Account, Server, Print and Backup Operators, Replicator (S-1-5-32-…)."""
_PROTECTED_IN_DOMAIN = frozenset({500, 502, 512, 516, 518, 519, 520, 521, 526, 527})
"""Administrator, krbtgt, Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins, Group Policy Creator
Owners, Read-only Domain Controllers, Key Admins, Enterprise Key Admins (S-1-5-21-…-…-…-…)."""


def protection_of(account: Mapping[str, Sequence[bytes]], own_sids: Iterable[bytes]) -> str:
    """Return why we must not set this account's password; empty for an ordinary account.

    `account` holds ATTRIBUTES as the server sent them. `own_sids` are the SIDs of our account and its groups.
    """
    if any(value.strip() not in (b"", b"0") for value in account.get("adminCount", ())):
        return "adminCount is set"
    sids = [*account["objectSid"], *account["tokenGroups"]]
    for sid in map(_as_text, sids):
        if _is_protected(sid):
            return f"it is, or is a member of, {sid}"
    return "it is the account of this service" if account["objectSid"][0] in own_sids else ""


def can_be_judged(account: Mapping[str, Sequence[bytes]]) -> bool:
    """Return whether we could read the attributes that decide: every account has a SID and a group."""
    return bool(account.get("objectSid")) and bool(account.get("tokenGroups"))


def _is_protected(sid: str) -> bool:
    *authority, rid = sid.split("-")
    if authority == ["S", "1", "5", "32"]:
        return int(rid) in _PROTECTED_IN_BUILTIN
    return authority[:4] == ["S", "1", "5", "21"] and int(rid) in _PROTECTED_IN_DOMAIN


def _as_text(sid: bytes) -> str:
    """Return the SID in its text form, S-1-… ([MS-DTYP] 2.4.2.1)."""
    return str(format_sid(sid))
