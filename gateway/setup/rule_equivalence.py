"""Tell whether two lists of access rules say the same, however they are divided.

slapd judges one attribute of one entry at a time, by the rules that are about it, in their order, and whoever is
named by no clause of a rule that ends in `break` goes on to the next one. So a rule on two attributes says the same
as two rules on one each, and a rule for two accounts the same as one for each of them: so the files of `ldif/`, each
for one part, say what setup writes at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.ldap import is_below, normal_dn
from gateway.setup.clauses import QUOTED
from gateway.setup.rules import ATTRS, DN_SCOPE, Rule, named_dns, normal

ALTERNATIVES = re.compile(r'\b(dn|val)\.regex="\^(?:cn=)?\(([^)]*)\)')
SEVERAL = re.compile(r'dn\.regex="\^(?P<before>[^"()]*)\((?P<each>[^"()]*)\)(?P<after>[^"()$]*)\$"', re.IGNORECASE)
"""A regular expression for exactly these DNs, as `layout.any_of` writes it."""
ONE = re.compile(rf"dn\.(?:exact|base)={QUOTED.pattern}", re.IGNORECASE)
SUBTREE = re.compile(rf"dn\.subtree={QUOTED.pattern}", re.IGNORECASE)
NAMED = re.compile(rf"\s*\bdn(?:\.\w+)?=(?:{QUOTED.pattern}|[^\"\s]\S*)", re.IGNORECASE)
UNNAMED = ("self ", "anonymous ", "users ")
EVERYTHING = ("", "*")
"""What a rule on all entries is about, but for its attributes."""
Includes = Callable[[Rule, Rule], bool]
"""Says whether the clauses of a present rule are those of a wanted one, with others that give us nothing."""
Gives = Callable[[Rule], bool]
"""Says whether a rule gives our accounts something."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What one account meets in one rule."""

    scope: str
    condition: str
    """Such as `set="…"`; "": the account is judged here in any case."""
    access: str


def say_the_same(
    present: Sequence[Rule], wanted: Sequence[Rule], accounts: Iterable[str], includes: Includes, gives: Gives
) -> bool:
    """Return whether the present rules say of each attribute what the wanted ones say, to each of our `accounts`.

    On attributes that no wanted rule names, the present ones may close what they like.
    """
    ours = frozenset(normal_dn(dn) for dn in accounts)
    needed = frozenset().union(*(rule.attributes for rule in wanted))
    places = {dn for rule in wanted for dn in _entries(rule)}
    if not all(_is_expected(rule, wanted, places) for rule in present if _entries(rule) and gives(rule)):
        return False
    for name in frozenset().union(*(rule.attributes for rule in (*present, *wanted))) | {""}:
        if name and name not in needed and not any(gives(rule) for rule in present if name in rule.attributes):
            continue
        for place in ("", *places):
            held, sought = _about(present, name, place), _about(wanted, name, place)
            if not all(_is_same_for(dn, held, sought) for dn in ours) or not _shows_same(
                held, sought, ours, includes
            ):
                return False
    return True


def covers(what: str, wanted: str) -> bool:
    """Return whether "to" of a rule says what another one's says, perhaps of more accounts or policies."""
    if normal(what) == normal(wanted):
        return True
    if ALTERNATIVES.sub("", normal(what)) != ALTERNATIVES.sub("", normal(wanted)):
        return False
    found, needed = _alternatives(what), _alternatives(wanted)
    return len(found) == len(needed) and all(one >= other for one, other in zip(found, needed, strict=True))


def _is_expected(rule: Rule, wanted: Sequence[Rule], places: set[str]) -> bool:
    """Return whether a rule on single entries is about wanted ones, or gives what is wanted on entries like them."""
    if _entries(rule) <= places:
        return True
    return any(
        _entries(one)
        and rule.attributes <= one.attributes
        and set(map(normal, rule.clauses)) <= set(map(normal, one.clauses))
        for one in wanted
    )


def _is_same_for(account: str, present: Sequence[Rule], wanted: Sequence[Rule]) -> bool:
    held, is_held_to_it = _path(account, present)
    sought, is_bound = _path(account, wanted)
    if is_bound and not is_held_to_it:
        return False
    return len(held) == len(sought) and all(
        covers(one.scope, other.scope) and (one.condition, one.access) == (other.condition, other.access)
        for one, other in zip(held, sought, strict=True)
    )


def _path(account: str, rules: Sequence[Rule]) -> tuple[list[_Step], bool]:
    """Return what an account meets, without what it cannot reach, and whether no entry is left unjudged."""
    steps: dict[tuple[str, str], _Step] = {}
    for step in (step for rule in rules for step in _steps(account, rule)):
        steps.setdefault((step.scope, step.condition), step)
        if step.scope in EVERYTHING and not step.condition:
            left = list(steps.values())
            while left and left[-1].access == "none":
                left.pop()
            return left, True
    return list(steps.values()), False


def _steps(account: str, rule: Rule) -> Iterator[_Step]:
    scope = _scope(rule)
    for clause in rule.clauses:
        if account not in named_dns(clause):
            continue
        who, _, access = normal(clause).rpartition(" ")
        condition = NAMED.sub("", who).strip()
        yield _Step(scope, condition, access)
        if not condition:
            return
    if rule.closes:
        yield _Step(scope, "", "none")


def _shows_same(present: Sequence[Rule], wanted: Sequence[Rule], ours: frozenset[str], includes: Includes) -> bool:
    """Return whether everybody else is shown the same; the directory's administrator may have added clauses."""
    left = list(_to_others(present, ours))
    for rule in _to_others(wanted, ours):
        while left and not (covers(left[0].what, rule.what) and includes(left[0], rule)):
            if left.pop(0).closes:
                return False
        if not left:
            return False
        left.pop(0)
    return not any(rule.closes for rule in left)


def _to_others(rules: Sequence[Rule], ours: frozenset[str]) -> Iterator[Rule]:
    seen: set[str] = set()
    for rule in rules:
        scope = _scope(rule)
        clauses = tuple(clause for clause in rule.clauses if not ours & named_dns(clause))
        if (rule.closes and scope not in seen) or any(normal(clause).startswith(UNNAMED) for clause in clauses):
            yield replace(rule, what=scope, clauses=clauses)
        if rule.closes:
            seen.add(scope)


def _about(rules: Sequence[Rule], name: str, place: str) -> list[Rule]:
    """Return the rules about an attribute of the entry `place`; "": of entries that no rule names.

    What is said of all attributes of a subtree, such as that of the policies, is compared once, with `name` "".
    """
    return [
        replace(rule, what=_at(rule, place))
        for rule in rules
        if _is_about(rule, place)
        and (name in rule.attributes or (not rule.attributes and not (name and DN_SCOPE.search(rule.what))))
    ]


def _is_about(rule: Rule, place: str) -> bool:
    if entries := _entries(rule):
        return place in entries
    subtree = SUBTREE.search(rule.what)
    return not place or not subtree or is_below(place, subtree[1])


def _at(rule: Rule, place: str) -> str:
    """Return what a rule is about, where it names `place` among others as if it named it alone."""
    return SEVERAL.sub(lambda _: f'dn.exact="{place}"', rule.what) if _entries(rule) else rule.what


def _entries(rule: Rule) -> frozenset[str]:
    """Return the DNs of the entries that a rule is about, if it names them; none with a filter."""
    scope = ATTRS.sub("", rule.what).strip()
    if one := ONE.fullmatch(scope):
        return frozenset((normal_dn(one[1]),))
    if several := SEVERAL.fullmatch(scope):
        dns = (f"{several['before']}{one}{several['after']}" for one in several["each"].split("|"))
        return frozenset(normal_dn(re.sub(r"\\([.*+?^$\[\]{}|])", r"\1", dn)) for dn in dns)
    return frozenset()


def _scope(rule: Rule) -> str:
    scope = normal(ATTRS.sub("", rule.what)).strip()
    return DN_SCOPE.sub(lambda found: found[0].replace("dn.base=", "dn.exact="), scope)


def _alternatives(what: str) -> list[frozenset[str]]:
    """Return the names in each regular expression such as ^(cn=gateway|cn=sync),ou=services…$."""
    return [frozenset(found[1].replace("cn=", "").split("|")) for found in ALTERNATIVES.findall(normal(what))]
