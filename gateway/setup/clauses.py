"""The text of access rules (slapd.access(5)): what they are about, and who may do what."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.needs import Access
from gateway.setup.layout import Layout

BREAK, NONE = "by * break", "by * none"
QUOTED = re.compile(r'"([^"]*)"')
"""A text in quotes. slapd takes a backslash in it as it is, and knows no way to write a quote in it."""
_LETTERS = (
    (Access.WRITE, "w"), (Access.DELETE, "z"), (Access.VALUES, "r"), (Access.SEARCH, "s"), (Access.COMPARE, "c")
)  # fmt: skip


def rule(what: str, who: Iterable[str]) -> str:
    """Return a value of olcAccess, without a number."""
    return f"to {what} {' '.join(who)}"


def quoted(text: str) -> str:
    r"""Return a DN, a filter or a regular expression in quotes; a quote in it is \22, which all three know.

    >>> print(quoted('(cn="a")'))
    "(cn=\22a\22)"
    """
    return '"' + re.sub(r'\\?"', r"\\22", text) + '"'


def by(dn: str, access: str, condition: str = "") -> str:
    """Return the clause for one account, under a condition such as `set="…"`."""
    return f"by dn.exact={quoted(dn)}{f' {condition}' if condition else ''} {access}"


def level(access: Access) -> str:
    """Return the access level or, where none fits, the privileges.

    >>> level(Access.READ), level(Access.READ | Access.WRITE), level(Access.SEARCH | Access.COMPARE)
    ('read', 'write', '=sc')
    >>> level(Access.READ | Access.DELETE)
    '=zrsc'
    """
    if Access.READ in access and Access.DELETE not in access:
        return "write" if Access.WRITE in access else "read"
    return "=" + "".join(letter for one, letter in _LETTERS if one in access)


def names(attributes: Iterable[str]) -> str:
    """Return attributes for `attrs=`, each once."""
    return ",".join(dict.fromkeys(attributes))


def readers(layout: Layout) -> list[str]:
    """Return the clauses of those who read everything that the rules close."""
    return [by(dn, "read") for dn in layout.readers]
