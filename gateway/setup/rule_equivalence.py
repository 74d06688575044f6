"""Tell whether two lists of access rules say the same, however they are divided.

slapd judges one attribute at a time, by the rules that are about it, in their order. So a rule on two attributes says
the same as two rules on one each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import zip_longest

from gateway.setup.rules import ATTRS, Rule, normal

ALTERNATIVES = re.compile(r'\b(dn|val)\.regex="\^(?:cn=)?\(([^)]*)\)')
Includes = Callable[[Rule, Rule], bool]
"""Says whether the clauses of a present rule are those of a wanted one, with others that give us nothing."""
Gives = Callable[[Rule], bool]
"""Says whether a rule gives our accounts something."""


def say_the_same(present: Sequence[Rule], wanted: Sequence[Rule], includes: Includes, gives: Gives) -> bool:
    """Return whether the present rules say of each attribute what the wanted ones say.

    On attributes that no wanted rule names, the present ones may close what they like.
    """
    names = frozenset().union(*(rule.attributes for rule in (*present, *wanted)))
    needed = frozenset().union(*(rule.attributes for rule in wanted))
    return all(
        _is_same(_about(present, name), _about(wanted, name), includes)
        or (name not in needed and not any(gives(rule) for rule in present if name in rule.attributes))
        for name in names
    )


def covers(what: str, wanted: str) -> bool:
    """Return whether "to" of a rule says what another one's says, perhaps of more accounts or policies."""
    if normal(what) == normal(wanted):
        return True
    if ALTERNATIVES.sub("", normal(what)) != ALTERNATIVES.sub("", normal(wanted)):
        return False
    found, needed = _alternatives(what), _alternatives(wanted)
    return len(found) == len(needed) and all(one >= other for one, other in zip(found, needed, strict=True))


def _about(rules: Sequence[Rule], name: str) -> list[Rule]:
    return [rule for rule in rules if not rule.attributes or name in rule.attributes]


def _is_same(present: Sequence[Rule], wanted: Sequence[Rule], includes: Includes) -> bool:
    return all(
        one is not None
        and other is not None
        and covers(ATTRS.sub("", one.what), ATTRS.sub("", other.what))
        and includes(one, other)
        for one, other in zip_longest(present, wanted)
    )


def _alternatives(what: str) -> list[frozenset[str]]:
    """Return the names in each regular expression such as ^(cn=gateway|cn=sync),ou=services…$."""
    return [frozenset(found[1].replace("cn=", "").split("|")) for found in ALTERNATIVES.findall(normal(what))]
