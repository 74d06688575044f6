"""Take back access rules and limits: those that give rights first, those that close secrets only without secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.setup.changes import Subject
from gateway.setup.journal import Written
from gateway.setup.records import Modification, modify_entry
from gateway.setup.rules import ATTRS, DN_SCOPE, END, OF_ACCOUNTS, Rule, named_attributes, named_dns, normal, parse
from gateway.setup.subjects.limits import LIMITS
from gateway.setup.subjects.rules import ACCESS, DEFAULTS, OUR_ATTRIBUTES, SECRET_BEFORE, replaced
from gateway.setup.surveyed import Database, in_order, normal_dn
from gateway.setup.undo_steps import Steps

Judge = Callable[[Rule], Rule | None]
"""Says what stays of a rule that setup added: None if nothing does."""
HOW = (
    "the rules may stay. To remove them, delete these attributes first, if nobody needs them (those of slapd itself "
    "as the administrator, with ldapmodify -e relax), or close them by a rule of your own; then undo again"
)


def undo_openings(steps: Steps) -> None:
    """Remove the rules that give our accounts something; rules of an older version come back."""
    survey, database = steps.look()
    # What gives something on an attribute that ours close stays as long as they do.
    _undo(steps, database, (Subject.RULES,), lambda rule: rule if rule.closes or _is_grant(rule, steps) else None)
    _undo(steps, survey.configuration, (Subject.CONFIGURATION,), _nothing)
    if survey.monitor:
        _undo(steps, survey.monitor, (Subject.MONITOR,), _nothing)


def undo_limits(steps: Steps) -> None:
    """Restore the limits that were there before, with those that others have added since."""
    _, database = steps.look()
    written = steps.history.of(Subject.LIMITS)
    if not written:
        return
    ours = {normal(value) for one in written for value in _new(one, LIMITS)}
    ours -= {normal(value) for value in _old(written[0], LIMITS)}
    left = [value for value in database.limits if normal(value) not in ours]
    former = [value for value in _old(written[0], LIMITS) if normal(value) not in {normal(one) for one in left}]
    values = (*former, *left)
    if values == database.limits:
        return
    numbered = tuple(f"{{{number}}}{value}" for number, value in enumerate(values))
    record = modify_entry(database.dn, Modification("replace", LIMITS, numbered))
    steps.do(record, f"the search limits of our accounts are removed from {database.dn}")


def undo_closings(steps: Steps) -> None:
    """Remove the rules that close secrets, but for attributes of which an entry has a value."""
    _, database = steps.look()
    elsewhere = _closed_by_others(database, steps)
    kept: dict[str, None] = {}

    def judge(rule: Rule) -> Rule | None:
        held = _held(rule, elsewhere, steps) if rule.closes else ()
        kept.update(dict.fromkeys(held))
        return _narrowed(rule, held, steps) if held else None

    _undo(steps, database, (Subject.RULES,), judge)
    if kept:
        steps.keep(
            f"the access rules of {database.dn} that close {', '.join(kept)}",
            "entries have values of these, which the directory's own rules may show to everybody",
            HOW,
        )


def _undo(steps: Steps, database: Database, subjects: tuple[Subject, ...], judge: Judge) -> None:
    """Leave of the rules that setup added what `judge` says, and bring back what it removed."""
    written = [one for one in steps.history.of(*subjects) if _is_on(one, database)]
    if not written:
        return
    added = [parse(value) for one in written for value in _added(one)]
    result: list[Rule] = []
    narrowed: list[str] = []
    closing = 0
    for rule in map(parse, database.access):
        if not _is_ours(rule, written, steps):
            result.append(rule)
        elif (left := judge(rule)) is not None:
            narrowed += [left.text] if left.text != rule.text else []
            result.append(left)
            closing = len(result)
        elif clauses := _foreign(rule, added, steps):
            result.append(Rule(rule.what, (*clauses, END)))
    former = [parse(text) for text in _former(written, database.access)]
    result[closing:closing] = former
    result = _reordered(result, _old(written[0], ACCESS))
    texts = tuple(rule.text for rule in result)
    if [normal(text) for text in texts] == [normal(text) for text in database.access]:
        return
    steps.remember_narrowed(narrowed)
    gone = len(database.access) - len(texts) + len(former)
    back = f", and {len(former)} of before are back" if former else ""
    steps.do(replaced(database.dn, texts), f"{gone} access rules of ours are removed from {database.dn}{back}")


def _reordered(rules: Sequence[Rule], originals: Sequence[str]) -> list[Rule]:
    """Return `rules` with those that were there before setup in the order of then, and all others in their places."""
    order = {normal(text): number for number, text in enumerate(originals)}
    places = [place for place, rule in enumerate(rules) if normal(rule.text) in order]
    result = list(rules)
    for place, rule in zip(
        places, sorted((rules[p] for p in places), key=lambda r: order[normal(r.text)]), strict=True
    ):
        result[place] = rule
    return result


def _nothing(_: Rule) -> None:
    return None


def _is_grant(rule: Rule, steps: Steps) -> bool:
    return rule.goes_on and not steps.owner.has(rule)


def _is_on(written: Written, database: Database) -> bool:
    return written.record.dn.lower() == database.dn.lower() and any(
        one.attribute == ACCESS for one in written.record.modifications
    )


def _added(written: Written) -> list[str]:
    # The defaults were in force before, without being written.
    before = {normal(value) for value in (*_old(written, ACCESS), *DEFAULTS)}
    return [value for value in _new(written, ACCESS) if normal(value) not in before]


def _former(written: Sequence[Written], present: Sequence[str]) -> list[str]:
    """Return the rules that setup took away, as they were before its first run, unless they are there."""
    held = {normal(text) for text in present}
    made = {normal(value) for one in written for value in _added(one)}
    found: list[str] = []
    for one in written:
        after = {normal(value) for value in _new(one, ACCESS)}
        if one.record.modifications[0].operation == "replace":
            found += [value for value in _old(one, ACCESS) if normal(value) not in after | held | made]
    return list(dict.fromkeys(found))


def _new(written: Written, attribute: str) -> tuple[str, ...]:
    found = [one for one in written.record.modifications if one.attribute == attribute and one.operation != "delete"]
    return in_order(found[0].values) if found else ()


def _old(written: Written, attribute: str) -> tuple[str, ...]:
    backs = written.inverse.modifications if written.inverse else ()
    found = [one for one in backs if one.attribute == attribute and one.operation != "delete"]
    return in_order(found[0].values) if found else ()


def _is_ours(rule: Rule, written: Sequence[Written], steps: Steps) -> bool:
    """Return whether setup added a rule, which may have got more clauses since, or been narrowed by undo."""
    text = normal(rule.text)
    if text in {normal(one) for one in steps.history.narrowed}:
        return True
    if any(text == normal(value) for one in written for value in _old(one, ACCESS)):
        return False
    return any(
        normal(one.what) == normal(rule.what)
        and one.closes == rule.closes
        and {normal(clause) for clause in one.clauses} <= {normal(clause) for clause in rule.clauses}
        for one in (parse(value) for change in written for value in _added(change))
    )


def _scope(rule: Rule) -> str:
    return normal(ATTRS.sub("", rule.what))


def _foreign(rule: Rule, added: Sequence[Rule], steps: Steps) -> list[str]:
    """Return the clauses that an administrator added to a rule since."""
    known = {normal(c) for one in added if _scope(one) == _scope(rule) for c in one.clauses}
    return [c for c in rule.clauses if normal(c) not in known and steps.owner.is_foreign(c)]


def _closed_by_others(database: Database, steps: Steps) -> frozenset[str]:
    """Return the attributes that rules close which setup did not add, everywhere in the database."""
    written = steps.history.of(Subject.RULES)
    rules = [rule for rule in map(parse, database.access) if not _is_ours(rule, written, steps)]
    closing = [
        rule for rule in rules if rule.closes and not DN_SCOPE.search(rule.what) and "filter=" not in rule.what
    ]
    return frozenset().union(*(rule.attributes for rule in closing))


def _held(rule: Rule, elsewhere: frozenset[str], steps: Steps) -> tuple[str, ...]:
    """Return the attributes that a closing rule still has to close."""
    names = named_attributes(rule)
    if OF_ACCOUNTS.search(rule.what):
        return names if any(steps.exists(dn) for dn in steps.accounts) else ()
    # An attribute that the directory had before us is closed by nobody but itself again.
    secret = [name for name in names if name.lower() in OUR_ATTRIBUTES or name.lower().startswith(SECRET_BEFORE)]
    return tuple(name for name in secret if name.lower() not in elsewhere and steps.any_with([name]))


def _narrowed(rule: Rule, names: Sequence[str], steps: Steps) -> Rule:
    """Return a closing rule for `names` alone, without the clauses of accounts that are deleted."""
    gone = {normal_dn(dn) for dn in steps.accounts if not steps.exists(dn)}
    left = [clause for clause in rule.clauses if not gone & named_dns(clause)]
    return replace(rule, what=ATTRS.sub(f"attrs={','.join(names)}", rule.what), clauses=tuple(left))
