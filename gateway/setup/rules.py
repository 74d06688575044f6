"""Compare and merge access rules (slapd.access(5)): ours, those of an older version, and the directory's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gateway.ldap import is_below
from gateway.setup.survey import normal_dn

BY = re.compile(r'"(?:[^"\\]|\\.)*"|\s+by\s+', re.IGNORECASE)
"""A quoted text, or what divides the clauses of a rule."""
DN_CLAUSE = re.compile(r'^dn(?:\.\w+)?="?([^"]*)"?', re.IGNORECASE)
DN_SCOPE = re.compile(r'\bdn(?:\.\w+)?="([^"]*)"', re.IGNORECASE)
ATTRS = re.compile(r"\battrs?=(\S+)", re.IGNORECASE)
ALTERNATIVES = re.compile(r'dn\.regex="\^(?:cn=)?\(([^)]*)\)')
END = "* break"
BROAD = ("* ", "users ", "anonymous ", "ssf=", "tls_ssf=", "peername", "sockname", "sockurl", "domain")
"""How clauses begin that are for everybody, or for everybody from somewhere."""
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
        found = ATTRS.search(re.sub(r'"[^"]*"', '""', self.what))
        return frozenset(found[1].lower().split(",")) if found else frozenset()

    @property
    def goes_on(self) -> bool:
        """Return whether slapd asks the next rules for those whom this one does not name."""
        last = normal(self.clauses[-1]).split() if self.clauses else []
        return bool(last) and last[0] == "*" and last[-1] in ("break", "continue")

    @property
    def closes(self) -> bool:
        """Return whether whom it does not name may do nothing."""
        return bool(self.clauses) and normal(self.clauses[-1]) == "* none"


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
        plain = normal(text)
        return any(f'"{dn}"' in plain or f"={dn} " in f"{plain} " for dn in self._dns) or self._alternatives(plain)

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
        return f'"cn=replicator,{normal_dn(self.services_base)}"' not in who

    @property
    def _dns(self) -> tuple[str, ...]:
        return tuple(normal_dn(dn) for dn in self.accounts)

    def _alternatives(self, plain: str) -> bool:
        """Return whether a rule is about several accounts by a regular expression, as that on their passwords is."""
        found = re.search(r'dn\.regex="([^"]*)"', plain)
        if not found or normal_dn(self.services_base) not in found[1].replace("\\", ""):
            return False
        names = set(re.split(r"[^a-z0-9_-]+", found[1].replace("\\", "")))
        return any(dn.partition(",")[0].partition("=")[2] in names for dn in self._dns)


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


def normal(text: str) -> str:
    """Return `text` in lower case, with single blanks and none around commas, for comparisons."""
    return re.sub(r"\s*,\s*", ",", " ".join(text.split())).lower()


def merge(present: Sequence[str], wanted: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """Return the rules that a database should have: `present` itself where nothing is missing.

    The directory's own rules stay in their order. A rule of ours to which its administrator added clauses keeps them;
    one of an older version goes, and its added clauses stay as a rule of their own. What the directory's own rules
    gave on attributes that ours close is given before ours.
    """
    rules = [parse(text) for text in present]
    matched = _match(rules, [parse(text) for text in wanted], owner)
    grants = _missing_grants(present, wanted, owner)
    if _is_complete(rules, matched, owner) and not grants:
        return tuple(present)
    ours = [rule for _, rule in matched]
    used = {index for index, _ in matched if index is not None}
    left = [(index, rule) for index, rule in enumerate(rules) if index not in used]
    former = [rule for _, rule in left if owner.has(rule)]
    last = max([*used, *(index for index, rule in left if owner.has(rule))], default=-1)
    # Rules of the directory's own that go on can harm none of ours, and may be before ours on purpose.
    before = [rule for index, rule in left if not owner.has(rule) and rule.goes_on and index < last]
    after = [rule for index, rule in left if not owner.has(rule) and not (rule.goes_on and index < last)]
    added = [one for rule in former if (one := _added_clauses(rule, ours, owner)) is not None]
    texts = {id(rule): text for rule, text in zip(rules, present, strict=True)}
    merged = (*before, *grants, *added, *ours, *_still_closed(former, ours), *after)
    return tuple(texts.get(id(rule), rule.text) for rule in merged)


def kept_grants(present: Sequence[str], wanted: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """Return rules that give what the directory's own rules give on attributes that ours close, and go on.

    They are for single accounts and groups, and for people themselves; what everybody had is closed.
    """
    closed = frozenset().union(*(rule.attributes for rule in map(parse, wanted) if rule.closes)) - CLOSED_ANYWAY
    found = []
    for rule in map(parse, present):
        shared = [name for name in named_attributes(rule) if name.lower() in closed]
        clauses = [clause for clause in rule.clauses if not normal(clause).startswith(BROAD) and _gives(clause)]
        if owner.has(rule) or rule.goes_on or not shared or not clauses:
            continue
        what = ATTRS.sub(f"attrs={','.join(shared)}", rule.what)
        found.append(Rule(what, (*clauses, END)).text)
    return tuple(found)


def moved_behind(present: Sequence[str], merged: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """Return the directory's own rules that were before one of ours, and come after all of ours now."""
    if tuple(present) == tuple(merged):
        return ()
    rules = [parse(text) for text in present]
    last = max((index for index, rule in enumerate(rules) if owner.has(rule)), default=-1)
    return tuple(rule.text for rule in rules[: last + 1] if not owner.has(rule) and not rule.goes_on)


def overlapping(rule: Rule, other: Rule) -> bool:
    """Return whether two rules may be about the same attribute of the same entry."""
    if rule.attributes and other.attributes and not rule.attributes & other.attributes:
        return False
    scopes = DN_SCOPE.findall(rule.what), DN_SCOPE.findall(other.what)
    if not all(scopes) or "dn.regex" in rule.what.lower() or "dn.regex" in other.what.lower():
        return True
    return is_below(scopes[0][0], scopes[1][0]) or is_below(scopes[1][0], scopes[0][0])


def _missing_grants(present: Sequence[str], wanted: Sequence[str], owner: Owner) -> list[Rule]:
    known = {normal(text) for text in present}
    return [parse(text) for text in kept_grants(present, wanted, owner) if normal(text) not in known]


def _match(rules: Sequence[Rule], wanted: Sequence[Rule], owner: Owner) -> list[tuple[int | None, Rule]]:
    """Return for each wanted rule the number of the present one in its place, and the rule as it should be."""
    free = [index for index, rule in enumerate(rules) if owner.has(rule) or _is_any(rule, wanted)]
    matched: list[tuple[int | None, Rule]] = []
    for rule in wanted:
        same = [index for index in free if _covers(rules[index], rule, owner)]
        good = next((index for index in same if _includes(rules[index], rule, owner)), None)
        if good is not None:
            matched.append((good, rules[good]))
        elif same:
            good = same[0]
            matched.append((good, _with_clauses(rule, [c for c in rules[good].clauses if owner.is_foreign(c)])))
        else:
            matched.append((None, rule))
        if good is not None:
            free.remove(good)
    return matched


def _covers(rule: Rule, wanted: Rule, owner: Owner) -> bool:
    """Return whether a rule is about all that a wanted one is about, and gives nothing on what it has more."""
    if normal(rule.what) == normal(wanted.what):
        return True
    if not (rule.closes and wanted.closes) or owner.names(" ".join(rule.clauses)):
        return False
    more = rule.attributes >= wanted.attributes and bool(wanted.attributes)
    return more and _dns_of(rule) >= _dns_of(wanted) and _scope(rule) == _scope(wanted)


def _dns_of(rule: Rule) -> frozenset[str]:
    """Return the names of a rule's regular expression such as ^(cn=gateway|cn=sync),ou=services…$."""
    found = ALTERNATIVES.search(rule.what)
    names = found[1].lower().replace("cn=", "").split("|") if found else []
    return frozenset(names)


def _scope(rule: Rule) -> str:
    """Return what a rule is about, without attributes and names of a regular expression."""
    return normal(ALTERNATIVES.sub('dn.regex="', ATTRS.sub("", rule.what)))


def _is_any(rule: Rule, wanted: Iterable[Rule]) -> bool:
    """Return whether a rule is one of ours that names none of our accounts: it closes attributes."""
    closing = [one for one in wanted if one.closes and one.attributes]
    return rule.closes and any(normal(rule.what) == normal(one.what) for one in closing)


def _includes(rule: Rule, wanted: Rule, owner: Owner) -> bool:
    """Return whether a rule has the wanted clauses in their order, and else only ones that give us nothing."""
    left = [normal(clause) for clause in wanted.clauses]
    for clause in rule.clauses:
        if left and normal(clause) == left[0]:
            left.pop(0)
        elif owner.names(clause) or normal(clause).startswith("* "):
            return False
    return not left


def _with_clauses(rule: Rule, clauses: Sequence[str]) -> Rule:
    known = {normal(clause) for clause in rule.clauses}
    more = [clause for clause in clauses if normal(clause) not in known]
    return replace(rule, clauses=(*rule.clauses[:-1], *more, rule.clauses[-1]))


def _added_clauses(rule: Rule, ours: Sequence[Rule], owner: Owner) -> Rule | None:
    """Return what an administrator added to a rule of ours that goes, as a rule; None if there is nothing."""
    kept = {normal(clause) for one in ours if normal(one.what) == normal(rule.what) for clause in one.clauses}
    clauses = [c for c in rule.clauses if owner.is_foreign(c) and normal(c) not in kept]
    readers = {normal(clause) for one in ours for clause in one.clauses}
    clauses = [clause for clause in clauses if normal(clause) not in readers]
    return Rule(rule.what, (*clauses, END)) if clauses else None


def _still_closed(former: Sequence[Rule], ours: Sequence[Rule]) -> list[Rule]:
    """Return rules for what older ones closed and the wanted ones do not: no secret is opened by an upgrade."""
    everywhere = [rule for rule in ours if rule.closes and not DN_SCOPE.search(rule.what)]
    closed = frozenset().union(*(rule.attributes for rule in everywhere)) | CLOSED_ANYWAY
    names = [
        name
        for rule in former
        if rule.closes and not OF_ACCOUNTS.search(rule.what)
        for name in named_attributes(rule)
        if name.lower() not in closed
    ]
    who = everywhere[0].clauses if everywhere else ("* none",)
    return [Rule(f"attrs={','.join(dict.fromkeys(names))}", who)] if names else []


def _gives(clause: str) -> bool:
    return normal(clause).split()[-1] not in ("none", "break", "continue", "stop")


def named_attributes(rule: Rule) -> tuple[str, ...]:
    """Return the attributes that a rule is about, as they are written; () for all."""
    found = ATTRS.search(re.sub(r'"[^"]*"', '""', rule.what))
    return tuple(found[1].split(",")) if found else ()


def _is_complete(rules: Sequence[Rule], matched: Sequence[tuple[int | None, Rule]], owner: Owner) -> bool:
    indices = [index for index, _ in matched]
    if any(index is None or rules[index] is not rule for index, rule in matched):
        return False
    found = [index for index in indices if index is not None]
    if found != sorted(found):
        return False
    for index, rule in enumerate(rules):
        if index in found:
            continue
        if owner.has(rule) and not _is_harmless(rule, owner):
            return False
        hides = not rule.goes_on and not owner.has(rule)
        if hides and any(later > index and overlapping(rule, rules[later]) for later in found):
            return False
    return True


def _is_harmless(rule: Rule, owner: Owner) -> bool:
    """Return whether one of our rules that is not wanted gives our accounts nothing, as one that closes secrets."""
    return not any(owner.names(clause) for clause in rule.clauses)
