"""The state of an account, as `mamia account` shows it: in words for people, as JSON for programs.

Neither NUMEN nor birth date is in it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.account.recovery import RecoveryMethod
from gateway.cli.output import iso, local
from gateway.directory.account_status import AccountState
from gateway.directory.ppolicy import MAX_VALIDITY, Validity


def recovery_as_json(method: RecoveryMethod) -> dict[str, Any]:
    """Return what is kept of a recovery method, without keys and shared secrets."""
    return {
        "id": method.id,
        "kind": method.kind.value,
        "name": method.name,
        "address": method.address,
        "added_at": iso(method.added_at),
        "used_at": iso(method.used_at),
    }


def as_json(state: AccountState) -> dict[str, Any]:
    """Return the facts for programs; docs/commands.md lists the keys."""
    person = state.person
    return {
        "login": person.login,
        "mail": person.mail,
        "locked": bool(state.locked_since or state.lock_ends_at) or _is_closed(state),
        "closed": _is_closed(state),
        "idle_since": iso(state.idle_since),
        "starts_at": iso(state.validity.starts_at),
        "ends_at": iso(state.validity.ends_at),
        "valid": state.is_valid,
        "protected": state.is_protected,
        "locked_until": iso(_locked_until(state)),
        "initial_password": person.initial_password,
        "changed_at": iso(state.changed_at),
        "expires_at": iso(state.expires_at),
        "code_until": iso(state.code_until),
        "policy": state.policy,
        "change_allowed": state.allows_change,
        "changeable_from": iso(state.changeable_from),
        "propagation": [
            {"target": one.target, "state": str(one.status), "since": iso(one.since), "reason": one.reason}
            for one in state.propagation
        ],
        "changed_since": state.is_stale,
    }


def in_words(state: AccountState) -> dict[str, str]:
    """Return the facts for people, from the name of a line to its text."""
    person = state.person
    words = {
        "login": person.login,
        "name": " ".join((*person.given_names, *person.surnames)),
        "mail": person.mail or "none",
        "account": lock_in_words(state),
        **({"protected": "yes: not served by the pages, the API and this command"} if state.is_protected else {}),
        "password": "initial, must be changed at the next login" if person.initial_password else "the person's own",
        "last change": local(state.changed_at) or "never",
        "expires": local(state.expires_at) or "never",
        "next change": _next_change_in_words(state),
        **({"code": f"open until {local(state.code_until)}"} if state.code_until else {}),
    }
    for one in state.propagation:
        reason = f": {one.reason}" if one.reason else ""
        words[f"at {one.target}"] = f"{one.status} since {local(one.since)}{reason}"
    if state.is_stale:
        words["workstation"] = "has an older password: another program set this one; change it once more on the page"
    return words


def _is_closed(state: AccountState) -> bool:
    """Return whether the account is closed, so that a reset gets the same answer as for an unknown login."""
    return state.is_closed or state.idle_since is not None or state.lock_ends_at == MAX_VALIDITY


def _locked_until(state: AccountState) -> datetime | None:
    """Return the end of the lock (UTC); None if the account is open, or if the lock has no known end."""
    if _is_closed(state) or (state.locked_since and not state.locked_until):
        return None
    return max(filter(None, (state.locked_until, state.lock_ends_at)), default=None)


def lock_in_words(state: AccountState) -> str:
    """Return whether the account is open, locked or closed, and what ends that."""
    if state.is_closed:
        return "closed for good by an administrator"
    if not state.is_valid:
        return _validity_in_words(state.validity)
    if state.idle_since:
        return (
            f"closed: not used since {local(state.idle_since)} (pwdMaxIdle); a password that an administrator sets "
            "with the directory's own tools opens it"
        )
    if state.lock_ends_at == MAX_VALIDITY:
        return "closed: slapd cannot read pwdAccountTmpLockoutEnd, which must lie between 1970 and 2100"
    if state.lock_ends_at:
        return f"locked until {local(state.lock_ends_at)} (pwdMinDelay); neither a reset nor unlock lifts that"
    if state.locked_since is None:
        return "open"
    until = f"until {local(state.locked_until)}" if state.locked_until else "until a reset"
    return f"locked since {local(state.locked_since)}, {until}"


def _next_change_in_words(state: AccountState) -> str:
    if not state.allows_change:
        return f"not by the person: pwdAllowUserChange of {state.policy}"
    if state.changeable_from:
        return f"from {local(state.changeable_from)}: pwdMinAge of {state.policy}"
    return "at any time"


def _validity_in_words(validity: Validity) -> str:
    if not validity.is_certain:
        return "not in force: slapd cannot read pwdStartTime or pwdEndTime, which must lie between 1970 and 2100"
    if validity.ends_at and validity.ends_at <= datetime.now(UTC):
        return f"ended on {local(validity.ends_at)} (pwdEndTime)"
    return f"begins on {local(validity.starts_at)} (pwdStartTime)"
