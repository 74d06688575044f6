"""Times of the sample people whom `mamia remind` reminds, counted from the moment when the directory is made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MAX_AGE = timedelta(days=365)
"""Of cn=yearly in ldif/60-policies.ldif."""
REMINDED = ("sbientot", "tnouveau")
"""Whom `mamia remind` reminds: the password ends in a week; the initial one is ten days old."""


def sample_times() -> dict[str, str]:
    """Return the values of the places in ldif/81-sample-helpdesk.ldif."""
    now = datetime.now(UTC)
    moments = {
        "ENDS_IN_A_WEEK": now - MAX_AGE + timedelta(days=7),
        "SINCE_TEN_DAYS": now - timedelta(days=10),
    }
    return {place: moment.strftime("%Y%m%d%H%M%SZ") for place, moment in moments.items()}
