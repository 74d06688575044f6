"""The demo's table of sample people, read from the directory as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ldap3 import ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES, NONE, SAFE_SYNC, SUBTREE, Connection, Server

from gateway.demo.private_slapd import ADMIN, SUFFIX, PrivateSlapd
from gateway.demo.sample_model import SAMPLE_PASSWORD

HEADINGS = ("login", "name", "NUMEN or number", "birth date", "password")
LONGEST_NAME = 34
YEAR = timedelta(days=365)


def sample_table(slapd: PrivateSlapd) -> str:
    """One line a person, in the order of the sample file, with the state that the password is in."""
    with Connection(
        Server(slapd.url, get_info=NONE), ADMIN, slapd.password("admin"), client_strategy=SAFE_SYNC
    ) as line:
        _, _, answers, _ = line.search(
            f"ou=people,{SUFFIX}", "(uid=*)", SUBTREE, attributes=[ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES]
        )
    rows = [HEADINGS, *(_row(answer["raw_attributes"]) for answer in answers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def rectorat_logins(slapd: PrivateSlapd) -> list[str]:
    """Those whose passwords go to the workstation."""
    return [answer["raw_attributes"]["uid"][0].decode() for answer in _people(slapd, "(departmentNumber=rectorat)")]


def _people(slapd: PrivateSlapd, filter_: str) -> list[dict[str, Any]]:
    with Connection(
        Server(slapd.url, get_info=NONE), ADMIN, slapd.password("admin"), client_strategy=SAFE_SYNC
    ) as line:
        _, _, answers, _ = line.search(
            f"ou=people,{SUFFIX}", filter_, SUBTREE, attributes=[ALL_ATTRIBUTES, ALL_OPERATIONAL_ATTRIBUTES]
        )
    return list(answers)


def _row(raw: Mapping[str, list[bytes]]) -> tuple[str, ...]:
    def first(name: str) -> str:
        return next(iter(raw.get(name, [])), b"").decode()

    born = first("birthDate")
    birth_name = f" (born {first('patronymicName')})" if "patronymicName" in raw else ""
    name = f"{first('givenName')} {first('sn')}{birth_name}"
    return (
        first("uid"),
        name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…",
        first("numen") or first("temporaryAgentNumber"),
        f"{born[6:]}/{born[4:6]}/{born[:4]}",
        _state(raw, first),
    )


def _state(raw: Mapping[str, list[bytes]], first: Any) -> str:
    """What whoever tries this person will meet."""
    if first("pwdAccountLockedTime") == "000001010000Z":
        return f"{SAMPLE_PASSWORD} (closed by an administrator)"
    chosen = "changed in this demo" if _was_changed(raw, first) else SAMPLE_PASSWORD
    if first("pwdReset") == "TRUE":
        return "initial: the number, in capitals"
    if "pwdAccountLockedTime" in raw:
        return f"{chosen} (locked; a reset unlocks it)"
    if first("pwdPolicySubentry").startswith("cn=yearly") and _age(first("pwdChangedTime")) > YEAR:
        return f"{chosen} (expired)"
    return str(chosen)


def _was_changed(raw: Mapping[str, list[bytes]], first: Any) -> bool:
    """The sample's own times lie before the entry was made."""
    return bool(first("pwdChangedTime") > first("createTimestamp"))


def _age(moment: str) -> timedelta:
    if not moment:
        return timedelta(0)
    return datetime.now(UTC) - datetime.strptime(moment[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
