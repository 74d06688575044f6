"""Where a directory keeps what the access rules name: accounts, policies, groups, other readers and writers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from gateway.ldap import is_below, normal_dn

DEFAULT_MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Layout:
    """What the rules need to know besides the settings."""

    suffix: str
    """Suffix of the database that has the people."""
    database_dn: str = "olcDatabase={1}mdb,cn=config"
    policies: tuple[str, ...] = ()
    """DNs of the subtrees with password policies."""
    peoples_policies: tuple[str, ...] = ()
    """DNs of the policies that people's entries name (pwdPolicySubentry), besides reset.initial_policy."""
    readers: tuple[str, ...] = ()
    """DNs that may read everything that the rules close, such as the accounts of replicas."""
    writers: tuple[str, ...] = ()
    """DNs of other programs that write attributes of people, and so need the right to `entry` (password oracle)."""
    writer_clauses: tuple[str, ...] = ()
    """Whom else the directory's own rules let write on people, as they say it: `group.exact="…"`, `dn.regex="…"`."""
    other_accounts: tuple[str, ...] = ()
    """DNs of more service accounts whose passwords only the administrator may set."""
    member_attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """DN of a group of protected people → the attribute of its members, if that is not `member`."""

    def member_attribute(self, group: str) -> str:
        """Return the attribute that lists the members of `group`."""
        return self.member_attributes.get(group, DEFAULT_MEMBER)


def parent_of(dn: str) -> str:
    """Return the DN above `dn`; "" for a DN of one part.

    >>> parent_of("cn=gateway,ou=services,dc=ac-example,dc=fr")
    'ou=services,dc=ac-example,dc=fr'
    """
    return _split(dn)[1]


def naming_of(dn: str) -> str:
    """Return the attribute by which an entry is named, in lower case."""
    return dn.partition("=")[0].strip().lower()


def any_of(dns: Sequence[str]) -> str:
    """Return a regular expression for exactly these DNs, as slapd.access(5) has them (POSIX, extended).

    >>> any_of(["cn=a,ou=s", "cn=b,ou=s"])
    '^(cn=a|cn=b),ou=s$'
    """
    seen = [normal_dn(dn) for dn in dns]
    parents = {parent_of(dn) for dn in seen}
    if len(parents) == 1 and (parent := parents.pop()):
        names = "|".join(escaped(_split(dn)[0]) for dn in seen)
        return f"^({names}),{escaped(parent)}$"
    return f"^({'|'.join(map(escaped, seen))})$"


def outermost(dns: Sequence[str]) -> Iterator[str]:
    """Yield the DNs that are not below another one of them, each once."""
    seen = {normal_dn(dn): dn for dn in reversed(dns)}
    for dn in dict.fromkeys(map(normal_dn, dns)):
        if not any(dn != other and is_below(dn, other) for other in seen):
            yield seen[dn]


def _split(dn: str) -> tuple[str, str]:
    found = re.match(r"((?:[^,\\]|\\.)*),(.*)", dn, re.DOTALL)
    return (found[1].strip(), found[2].strip()) if found else (dn, "")


def escaped(dn: str) -> str:
    """Return a DN as slapd's regular expressions see it, with a backslash before what POSIX gives a meaning."""
    return re.sub(r"([.*+?^$()\[\]{}|\\])", r"\\\1", normal_dn(dn))
