"""Take back access rules and limits: those that give first, those that close secrets last and only without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from gateway.setup.changes import Subject
from gateway.setup.journal import Written
from gateway.setup.records import Modification, modify_entry
from gateway.setup.rules import DN_SCOPE, END, Rule, normal, parse
from gateway.setup.subjects.limits import LIMITS
from gateway.setup.subjects.rules import ACCESS, replaced
from gateway.setup.survey import Database, in_order
from gateway.setup.undo_steps import Steps

HOW = (
    "delete these attributes where nobody needs them any more, or add a rule of your own that closes them; then undo "
    "again"
)


def undo_openings(steps: Steps) -> None:
    """Remove the rules that give our accounts something; rules of an older version come back."""
    survey, database = steps.look()
    _undo(steps, database, (Subject.RULES, Subject.ORACLE, Subject.CAPTURE), keeps=lambda rule: rule.closes)
    _undo(steps, survey.configuration, (Subject.CONFIGURATION,), keeps=lambda _: False)
    if survey.monitor:
        _undo(steps, survey.monitor, (Subject.MONITOR,), keeps=lambda _: False)


def undo_limits(steps: Steps) -> None:
    """Restore the limits that were there before, with those that others have added since."""
    _, database = steps.look()
    written = steps.history.of(Subject.LIMITS)
    if not written:
        return
    ours = {normal(value) for one in written for value in _new(one, LIMITS)}
    left = [value for value in database.limits if normal(value) not in ours]
    former = [value for value in _old(written[0], LIMITS) if normal(value) not in {normal(one) for one in left}]
    values = (*former, *left)
    if tuple(values) == database.limits:
        return
    numbered = tuple(f"{{{number}}}{value}" for number, value in enumerate(values))
    record = modify_entry(database.dn, Modification("replace", LIMITS, numbered))
    steps.do(record, f"the search limits of our accounts are removed from {database.dn}")


def undo_closings(steps: Steps) -> None:
    """Remove the rules that close secrets whose attributes no entry has any more."""
    _, database = steps.look()
    elsewhere = _closed_by_others(database, steps)
    kept: list[str] = []

    def stays(rule: Rule) -> bool:
        held = _held(rule, elsewhere, steps)
        kept.extend([held] if held else [])
        return bool(held)

    _undo(steps, database, (Subject.RULES,), keeps=stays)
    if kept:
        names = ", ".join(dict.fromkeys(kept))
        steps.keep(
            f"the access rules of {database.dn} that end in `by * none`",
            f"entries have {names}, which the directory's own rules may show to everybody",
            HOW,
        )


def _undo(steps: Steps, database: Database, subjects: tuple[Subject, ...], *, keeps: Callable[[Rule], bool]) -> None:
    """Remove what setup added to the rules of a database but for what `keeps` names, and bring back what it removed."""
    written = [one for one in steps.history.of(*subjects) if _is_on(one, database)]
    if not written:
        return
    added = [parse(value) for one in written for value in _added(one)]
    ours = {normal(rule.what) for rule in added}
    present = [parse(text) for text in database.access]
    former = _former(written, database.access)
    result: list[Rule] = []
    for rule in present:
        is_ours = normal(rule.what) in ours and (steps.owner.has(rule) or _is_one_of(rule, added))
        if not is_ours or (rule.closes and keeps(rule)) or (not rule.closes and keeps(rule)):
            result.append(rule)
        elif clauses := _foreign(rule, added, steps):
            result.append(Rule(rule.what, (*clauses, END)))
    last = max((i for i, rule in enumerate(result) if rule.closes and normal(rule.what) in ours), default=-1)
    result[last + 1 : last + 1] = [parse(text) for text in former]
    texts = tuple(rule.text for rule in result)
    if [normal(text) for text in texts] == [normal(text) for text in database.access]:
        return
    fewer = len(database.access) - len(texts) + len(former)
    steps.do(replaced(database.dn, texts), f"{fewer} access rules of ours are removed from {database.dn}")


def _is_on(written: Written, database: Database) -> bool:
    return written.record.dn.lower() == database.dn.lower() and any(
        one.attribute == ACCESS for one in written.record.modifications
    )


def _added(written: Written) -> list[str]:
    before = {normal(value) for value in _old(written, ACCESS)}
    return [value for value in _new(written, ACCESS) if normal(value) not in before]


def _former(written: Sequence[Written], present: Sequence[str]) -> list[str]:
    """Return the rules that setup took away, as they were before its first run, unless they are there."""
    held = {normal(text) for text in present}
    found: list[str] = []
    for one in written:
        after = {normal(value) for value in _new(one, ACCESS)}
        if one.record.modifications[0].operation == "replace":
            found += [value for value in _old(one, ACCESS) if normal(value) not in after | held]
    made = {normal(value) for one in written for value in _added(one)}
    return [value for value in dict.fromkeys(found) if normal(value) not in made]


def _new(written: Written, attribute: str) -> tuple[str, ...]:
    found = [one for one in written.record.modifications if one.attribute == attribute and one.operation != "delete"]
    return in_order(found[0].values) if found else ()


def _old(written: Written, attribute: str) -> tuple[str, ...]:
    backs = written.inverse.modifications if written.inverse else ()
    found = [one for one in backs if one.attribute == attribute and one.operation != "delete"]
    return in_order(found[0].values) if found else ()


def _is_one_of(rule: Rule, added: Sequence[Rule]) -> bool:
    """Return whether a rule is one that setup added, with or without clauses that were added since."""
    for one in added:
        if normal(one.what) == normal(rule.what) and {normal(c) for c in one.clauses} <= {
            normal(c) for c in rule.clauses
        }:
            return True
    return False


def _foreign(rule: Rule, added: Sequence[Rule], steps: Steps) -> list[str]:
    """Return the clauses that an administrator added to a rule since."""
    known = {normal(c) for one in added if normal(one.what) == normal(rule.what) for c in one.clauses}
    return [c for c in rule.clauses if normal(c) not in known and steps.owner.is_foreign(c)]


def _closed_by_others(database: Database, steps: Steps) -> frozenset[str]:
    """Return the attributes that rules close which setup did not add, everywhere in the database."""
    ours = {normal(value) for one in steps.history.of(Subject.RULES) for value in _added(one)}
    rules = [parse(text) for text in database.access if normal(text) not in ours]
    closing = [
        rule for rule in rules if rule.closes and not DN_SCOPE.search(rule.what) and "filter=" not in rule.what
    ]
    return frozenset().union(*(rule.attributes for rule in closing))


def _held(rule: Rule, elsewhere: frozenset[str], steps: Steps) -> str:
    """Return an attribute that a closing rule still has to close; "" if there is none."""
    if re.search(r"dn\.(exact|base|regex)=", rule.what, re.IGNORECASE):
        existing = [dn for dn in steps.accounts if steps.exists(dn)]
        return f"{next(iter(rule.attributes), '')} of {existing[0]}" if existing else ""
    if not rule.closes:
        return ""
    return steps.any_with(sorted(rule.attributes - elsewhere))
