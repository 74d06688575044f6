"""The database cn=Monitor, and who may read in it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.setup.changes import Change, PlanParts, Subject
from gateway.setup.clauses import NONE, by, rule
from gateway.setup.places import Places
from gateway.setup.records import add_entry
from gateway.setup.subjects.rules import defaults_of, plan_rules
from gateway.setup.surveyed import Survey

FILE = "46-monitor"
WHY = "The gateway's account may read how many operations slapd completed, and from where our accounts are connected."


def plan_monitor(survey: Survey, places: Places, wanted: Sequence[str], parts: PlanParts) -> None:
    """Add the wanted rules to cn=Monitor, and make that database where slapd has none."""
    if not wanted:
        return
    if survey.monitor is not None:
        # What slapd does is no secret where everybody reads it now.
        defaults = defaults_of(survey.frontend)[1:]
        plan_rules(survey.monitor, wanted, places, parts, Subject.MONITOR, FILE, WHY, defaults=defaults)
        return
    administrator = places.database.root_dn or places.accounts["gateway"]
    record = add_entry(
        "olcDatabase=monitor,cn=config",
        objectClass=("olcDatabaseConfig", "olcMonitorConfig"),
        olcDatabase="monitor",
        olcAccess=(*wanted, rule("*", [by(administrator, "read"), NONE])),
    )
    parts.add([Change(Subject.MONITOR, FILE, WHY, record)])
