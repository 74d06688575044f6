"""The demo's table of sample people, read from the present directory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ldap3 import ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES

from gateway.demo.private_slapd import ADMIN, SUFFIX, PrivateSlapd
from gateway.demo.sample_model import SAMPLE_PASSWORD
from gateway.ldap import Entry, bound_connection, search

HEADINGS = ("login", "name", "NUMEN or number", "birth date", "password")
MAX_NAME_CHARS = 34
YEAR = timedelta(days=365)


def sample_table(slapd: PrivateSlapd) -> str:
    """Return one line per person, in the order of the sample file, with the state of the password."""
    rows = [HEADINGS, *map(_row, _people(slapd, "(uid=*)"))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def rectorat_logins(slapd: PrivateSlapd) -> list[str]:
    """Return the logins of the people whose passwords go to the workstation."""
    return [entry.first("uid") for entry in _people(slapd, "(departmentNumber=rectorat)")]


def birth_date_of(slapd: PrivateSlapd, login: str) -> str:
    """Return somebody's birth date, as the pages ask for it; "" in a directory of an earlier version."""
    return next((_as_typed(entry.first("birthDate")) for entry in _people(slapd, f"(uid={login})")), "")


def _people(slapd: PrivateSlapd, filter_: str) -> list[Entry]:
    with bound_connection(slapd.url, ADMIN, slapd.password("admin")) as connection:
        return search(connection, f"ou=people,{SUFFIX}", filter_, [ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES])


def _row(entry: Entry) -> tuple[str, ...]:
    first = entry.first
    birth_name = f" (born {first('patronymicName')})" if first("patronymicName") else ""
    name = f"{first('givenName')} {first('sn')}{birth_name}"
    return (
        first("uid"),
        name if len(name) <= MAX_NAME_CHARS else name[: MAX_NAME_CHARS - 1] + "…",
        first("numen") or first("temporaryAgentNumber") or "none",
        _as_typed(first("birthDate")),
        _state(entry),
    )


def _as_typed(born: str) -> str:
    return f"{born[6:]}/{born[4:6]}/{born[:4]}"


def _state(entry: Entry) -> str:
    """Return what a user of the demo will see for this person."""
    first = entry.first
    if first("pwdAccountLockedTime") == "000001010000Z":
        return f"{SAMPLE_PASSWORD} (closed by an administrator)"
    chosen = "changed in this demo" if _was_changed(entry) else SAMPLE_PASSWORD
    if first("pwdReset") == "TRUE":
        return "initial: the number, in capitals"
    if first("pwdAccountLockedTime"):
        return f"{chosen} (locked; a reset unlocks it)"
    if first("pwdPolicySubentry").startswith("cn=yearly") and _age(first("pwdChangedTime")) > YEAR:
        return f"{chosen} (expired)"
    return chosen


def _was_changed(entry: Entry) -> bool:
    """Return whether the password was changed in the demo; the sample's own times are before the entry's creation."""
    return entry.first("pwdChangedTime") > entry.first("createTimestamp")


def _age(moment: str) -> timedelta:
    if not moment:
        return timedelta(0)
    return datetime.now(UTC) - datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
