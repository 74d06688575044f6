"""Every event of the web service's audit that can be named in advance: so each has a count from the start.

A count that appears with its first event has never risen for Prometheus: `rate` does not see that event.
"""

from __future__ import annotations

from itertools import product

from gateway.account.outcomes import Refusal
from gateway.protection.captcha.verdict import Verdict
from gateway.services import (
    agent_people,
    api_access,
    change,
    disputes,
    find,
    helpdesk,
    recovery,
    reset,
    reset_codes,
)
from gateway.services.outcomes import OUTAGES
from gateway.services.tickets import CHOOSE, CODE

LIMITED_OR_DOWN = ("rate_limited", *OUTAGES)
"""What every service can meet."""
ROBOTS = tuple(
    f"captcha_{verdict.name.lower()}"
    for verdict in Verdict
    if verdict not in (Verdict.RIGHT, Verdict.RIGHT_WITHOUT_WORK, Verdict.MISSING)
)
_WRITES = frozenset(Refusal) - {Refusal.NOT_FOUND, Refusal.NOT_PROVED, Refusal.CREDENTIALS}
"""Refusals of a new password, after the person proved who they are."""
KNOWN: dict[str, tuple[str, ...]] = {
    find.SERVICE: ("found", Refusal.NOT_FOUND, *ROBOTS, *LIMITED_OR_DOWN),
    change.SERVICE: ("changed", Refusal.CREDENTIALS, *_WRITES, *ROBOTS, *LIMITED_OR_DOWN),
    reset.SERVICE: (
        "proved", "proved_by_passkey", "passkey_cloned", "initial_restored", Refusal.NOT_PROVED, *_WRITES, *ROBOTS,
        *LIMITED_OR_DOWN,
    ),
    CHOOSE: ("reset", "extended", Refusal.NOT_PROVED, *_WRITES, *LIMITED_OR_DOWN),
    CODE: (
        "code_sent_by_mail", "code_sent_by_phone", "code_asked_of_app", "code_not_sent", "code_right",
        "code_wrong", *LIMITED_OR_DOWN,
    ),
    recovery.SERVICE: (
        "signed_in", "code_sent", "code_not_sent", "added", "not_confirmed", "renamed", "removed",
        "removed_at_rest", "unreadable_removed", *LIMITED_OR_DOWN,
    ),
    helpdesk.SERVICE: (
        *reset_codes.OUTCOMES,
        "signed_in", "signed_out", "session_refused", Refusal.CREDENTIALS, "no_agent", "password_to_change",
        "passkey_right", "passkey_wrong", "passkey_cloned",
        "searched", "looked", "not_found", *agent_people.DONE.values(), "not_done", *LIMITED_OR_DOWN[1:],
    ),
    disputes.SERVICE: (disputes.DISPUTED, *LIMITED_OR_DOWN),
    "notice": ("locked",),
    api_access.SERVICE: ("unauthenticated", "foreign_address", "foreign_service"),
    "policy": LIMITED_OR_DOWN,
    "propagation": LIMITED_OR_DOWN,
    "roundcube": OUTAGES,
}  # fmt: skip
"""Of each service the outcomes; the services are those of the audit."""


def known_outcomes() -> list[tuple[str, str]]:
    """Return all pairs of service and outcome."""
    return [pair for service, outcomes in KNOWN.items() for pair in product((service,), map(str, outcomes))]
