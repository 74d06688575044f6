"""An access rule of slapd (slapd.access(5)) in its parts, and which rules are ours."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.ldap import normal_dn, rdns
from gateway.setup.clauses import QUOTED

BY = re.compile(rf"{QUOTED.pattern}|\s+by\s+", re.IGNORECASE)
"""A quoted text, or what divides the clauses of a rule."""
DN_SCOPE = re.compile(rf"\bdn(?:\.\w+)?={QUOTED.pattern}", re.IGNORECASE)
DN = re.compile(rf"\bdn(?:\.\w+)?=(?:{QUOTED.pattern}|([^\"\s]\S*))", re.IGNORECASE)
DN_REGEX = re.compile(rf"\bdn\.regex={QUOTED.pattern}", re.IGNORECASE)
ATTRS = re.compile(r"\battrs?=(\S+)", re.IGNORECASE)
END = "* break"
SELF_READS, NOBODY = "self read", "* none"
OF_ACCOUNTS = re.compile(r"\bdn\.(exact|base|regex)=", re.IGNORECASE)
"""In a rule on the entries of accounts, and not on people."""
CLOSED_ANYWAY = frozenset(("userpassword", "entry"))
"""Attributes that the directory's own rules close."""
MAMIA = "mamia"
"""All attributes of our schema that only we have begin so."""
FORMER_CLOSING = (
    frozenset(("pwdreset",)),
    frozenset(("sambantpassword",)),
    frozenset(("sambantpassword", "sambalmpassword", "sambapasswordhistory")),
)
"""Attributes of rules of earlier files of ldif/ that name none of our accounts: they close them everywhere."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One access rule: to what, and who may do what with it, in order."""

    what: str
    clauses: tuple[str, ...]
    """Each without "by"."""

    @property
    def text(self) -> str:
        """Return the value of olcAccess, without number."""
        return " ".join((f"to {self.what}", *(f"by {clause}" for clause in self.clauses)))

    @property
    def attributes(self) -> frozenset[str]:
        """Return the attributes that it is about, in lower case; empty: all."""
        found = ATTRS.search(QUOTED.sub('""', self.what))
        return frozenset(found[1].lower().split(",")) if found else frozenset()

    @property
    def goes_on(self) -> bool:
        """Return whether slapd asks the next rules for those whom this one does not name."""
        last = normal(self.clauses[-1]).split() if self.clauses else []
        return bool(last) and last[0] == "*" and last[-1] in ("break", "continue")

    @property
    def closes(self) -> bool:
        """Return whether whom it does not name may do nothing."""
        return bool(self.clauses) and normal(self.clauses[-1]) == NOBODY


@dataclass(frozen=True, slots=True)
class Owner:
    """Tells our rules and clauses from the directory's own.

    What names only an account of ours that the settings do not need, such as the listener's on a machine without one,
    counts as the directory's own: another machine's settings may need it.
    """

    accounts: tuple[str, ...]
    """DNs of the accounts that the settings need."""
    services_base: str

    def names(self, text: str) -> bool:
        """Return whether a rule or clause names one of our accounts."""
        return bool(self._dns & named_dns(text)) or self._alternatives(text)

    def has(self, rule: Rule) -> bool:
        """Return whether a rule is ours: it names our accounts, or attributes of our schema, or is a former one."""
        if self.names(rule.text) or any(name.startswith(MAMIA) for name in rule.attributes):
            return True
        return not DN_SCOPE.search(rule.what) and rule.closes and rule.attributes in FORMER_CLOSING

    def is_foreign(self, clause: str) -> bool:
        """Return whether a clause of one of our rules was added by the directory's administrator."""
        who = normal(clause)
        if self.names(clause) or who.startswith(("* ", "self ", "anonymous ", "users ")):
            return False
        return normal_dn(f"cn=replicator,{self.services_base}") not in named_dns(clause)

    @property
    def _dns(self) -> frozenset[str]:
        return frozenset(normal_dn(dn) for dn in self.accounts)

    def _alternatives(self, text: str) -> bool:
        """Return whether a rule is about several accounts by a regular expression, as that on their passwords is."""
        found = DN_REGEX.search(text)
        pattern = found[1].lower() if found else ""
        if normal_dn(self.services_base).replace("\\", "").lower() not in pattern.replace("\\", ""):
            return False
        parts = {part.partition(",")[0].replace("\\", "") for part in re.split(r"(?<!\\)[|()^$]", pattern)}
        found_names = {name for part in parts for name in (part, f"cn={part}")}
        return any(rdns(dn)[0].replace("\\", "").lower() in found_names for dn in self._dns)


def parse(text: str) -> Rule:
    """Return the rule of a value of olcAccess without number."""
    parts, start = [], 0
    for found in BY.finditer(text):
        if not found[0].startswith('"'):
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    what, *clauses = (" ".join(part.split()) for part in parts)
    return Rule(re.sub(r"^to\s+", "", what, flags=re.IGNORECASE), tuple(clauses))


def named_dns(text: str) -> frozenset[str]:
    """Return the DNs that a rule or clause names, as `normal_dn` has them."""
    return frozenset(normal_dn(found[2] or found[1]) for found in DN.finditer(text))


def normal(text: str) -> str:
    """Return `text` for comparisons: in lower case, single blanks, none around commas, escaped in one way."""
    plain = re.sub(r"\s*(?<!\\),\s*", ",", " ".join(text.split()))
    return re.sub(r'\\([,+"<>;=# ])', lambda found: f"\\{ord(found[1]):02x}", plain).lower()


def named_attributes(rule: Rule) -> tuple[str, ...]:
    """Return the attributes that a rule is about, as they are written; () for all."""
    found = ATTRS.search(QUOTED.sub('""', rule.what))
    return tuple(found[1].split(",")) if found else ()
