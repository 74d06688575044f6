"""Merge the wanted access rules into those of a database: ours, those of an older version, and its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.ldap import is_below
from gateway.setup.rule_equivalence import covers, say_the_same
from gateway.setup.rules import (
    ATTRS,
    CLOSED_ANYWAY,
    DN_SCOPE,
    END,
    NOBODY,
    OF_ACCOUNTS,
    SELF_READS,
    Owner,
    Rule,
    named_attributes,
    normal,
    parse,
)

BROAD = ("* ", "users ", "anonymous ", "ssf=", "tls_ssf=", "peername", "sockname", "sockurl", "domain")
"""How clauses begin that are for everybody, or for everybody from somewhere."""


def merge(present: Sequence[str], wanted: Sequence[str], owner: Owner) -> tuple[str, ...]:
    """Return the rules that a database should have: `present` itself where nothing is missing.

    The directory's own rules stay in their order. A rule of ours to which its administrator added clauses keeps them;
    one of an older version goes, and its added clauses stay as a rule of their own. What the directory's own rules
    gave on attributes that ours close is given before ours.
    """
    rules, needed = [parse(text) for text in present], [parse(text) for text in wanted]
    grants = _missing_grants(present, wanted, owner)
    if not grants and _is_complete(rules, needed, owner):
        return tuple(present)
    matched = _match(rules, needed, owner)
    ours = [rule for _, rule in matched]
    used = {index for index, _ in matched if index is not None}
    left = [(index, rule) for index, rule in enumerate(rules) if index not in used]
    former = [rule for _, rule in left if owner.has(rule)]
    last = max([*used, *(index for index, rule in left if owner.has(rule))], default=-1)
    own = [(index, rule) for index, rule in left if not owner.has(rule)]
    # Rules of the directory's own that go on can harm none of ours, and may be before ours on purpose.
    first = last if last >= 0 else _count_for_single_accounts(rules)
    before = [(index, rule) for index, rule in own if rule.goes_on and index < first]
    after = [rule for index, rule in own if not (rule.goes_on and index < first)]
    # In their order among those: an account of another machine's settings keeps its rights before its own `none`.
    before += [(index, one) for index, rule in left if owner.has(rule) and (one := _added_clauses(rule, ours, owner))]
    first_ones = [rule for _, rule in sorted(before, key=lambda pair: pair[0])]
    texts = {id(rule): text for rule, text in zip(rules, present, strict=True)}
    merged = (*first_ones, *grants, *ours, *_still_closed(former, ours), *after)
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


def _count_for_single_accounts(rules: Sequence[Rule]) -> int:
    """Return how many rules at the beginning give something to single accounts and groups alone, and go on."""
    for number, rule in enumerate(rules):
        broad = [c for c in rule.clauses if _gives(c) and normal(c).startswith((*BROAD, "self "))]
        if broad or not rule.goes_on:
            return number
    return len(rules)


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
    if covers(rule.what, wanted.what):
        return True
    if not (rule.closes and wanted.closes and wanted.attributes) or owner.names(" ".join(rule.clauses)):
        return False
    return rule.attributes >= wanted.attributes and covers(ATTRS.sub("", rule.what), ATTRS.sub("", wanted.what))


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
    closing = [rule for rule in former if rule.closes and not OF_ACCOUNTS.search(rule.what)]
    left = dict.fromkeys(n for rule in closing for n in named_attributes(rule) if n.lower() not in closed)
    seen = frozenset().union(*(rule.attributes for rule in closing if SELF_READS in map(normal, rule.clauses)))
    who = everywhere[0].clauses if everywhere else (NOBODY,)
    shown, hidden = ([n for n in left if (n.lower() in seen) is is_shown] for is_shown in (True, False))
    found = [Rule(f"attrs={','.join(shown)}", (SELF_READS, *who))] if shown else []
    return [*found, Rule(f"attrs={','.join(hidden)}", who)] if hidden else found


def _gives(clause: str) -> bool:
    return normal(clause).split()[-1] not in ("none", "break", "continue", "stop")


def _is_complete(rules: Sequence[Rule], wanted: Sequence[Rule], owner: Owner) -> bool:
    """Return whether the wanted rules are there, and no rule of the directory's own keeps slapd from them."""
    ours = [rule for rule in rules if owner.has(rule) or _is_any(rule, wanted)]
    if not say_the_same(
        ours, wanted, owner.accounts,
        lambda one, other: _includes(one, other, owner), lambda one: _gives_us(one, owner),
    ):  # fmt: skip
        return False
    hiding = [(index, rule) for index, rule in enumerate(rules) if rule not in ours and not rule.goes_on]
    return not any(overlapping(rule, later) for index, rule in hiding for later in rules[index:] if later in ours)


def _gives_us(rule: Rule, owner: Owner) -> bool:
    return any(owner.names(clause) and _gives(clause) for clause in rule.clauses)
