"""Which accounts of a Windows domain are privileged: the domain's administrators and those who can become one.

The groups are the protected ones of [MS-ADTS] 3.1.1.6.1.2 and those that came later, by their well-known SIDs
([MS-DTYP] 2.4.2.4): names are translated and can be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ldap3.protocol.formatters.formatters import format_sid

ATTRIBUTES = ("adminCount", "objectSid", "tokenGroups")
"""What `protection_of` needs. The server computes tokenGroups, nested and primary groups included, for a search of
the entry itself alone ([MS-ADTS] 3.1.1.4.5.19)."""
_PROTECTED_IN_BUILTIN = frozenset({544, 548, 549, 550, 551, 552})
"""Administrators, Account, Server, Print and Backup Operators, Replicator (S-1-5-32-…)."""
_PROTECTED_IN_DOMAIN = frozenset({500, 502, 512, 516, 518, 519, 520, 521, 526, 527})
"""Administrator, krbtgt, Domain Admins, Domain Controllers, Schema Admins, Enterprise Admins, Group Policy Creator
Owners, Read-only Domain Controllers, Key Admins, Enterprise Key Admins (S-1-5-21-…-…-…-…)."""


def protection_of(account: Mapping[str, Sequence[bytes]], own_sids: Iterable[bytes]) -> str:
    """Return why nobody may set this account's password through us; empty for an ordinary account.

    `account`: ATTRIBUTES as the server sent them. `own_sids`: of the account that we are bound as.
    """
    if any(value.strip() not in (b"", b"0") for value in account.get("adminCount", ())):
        return "adminCount is set"
    sids = [*account["objectSid"], *account["tokenGroups"]]
    for sid in map(_as_text, sids):
        if _is_protected(sid):
            return f"it is, or is a member of, {sid}"
    return "it is the account of this service" if account["objectSid"][0] in own_sids else ""


def can_be_judged(account: Mapping[str, Sequence[bytes]]) -> bool:
    """Return whether the server let us read what decides: every account has a SID and a group."""
    return bool(account.get("objectSid")) and bool(account.get("tokenGroups"))


def _is_protected(sid: str) -> bool:
    *authority, rid = sid.split("-")
    if authority == ["S", "1", "5", "32"]:
        return int(rid) in _PROTECTED_IN_BUILTIN
    return authority[:4] == ["S", "1", "5", "21"] and int(rid) in _PROTECTED_IN_DOMAIN


def _as_text(sid: bytes) -> str:
    """S-1-… ([MS-DTYP] 2.4.2.1)."""
    return str(format_sid(sid))
