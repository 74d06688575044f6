"""`mamia account LOGIN`: show what the helpdesk may know about an account, unlock it, or force a change of password.

The command shows neither NUMEN nor birth date. The audit records each change with the name of the operator.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.account.invisible import without_invisible
from gateway.cli.operator_credentials import add_own_account, as_operator
from gateway.cli.terminal import printable
from gateway.composition.accounts import Accounts, build_accounts
from gateway.directory.account_status import AccountState, unlock
from gateway.directory.ppolicy import MAX_VALIDITY, Validity
from gateway.services.caller import Caller, EntryPoint
from gateway.services.helpdesk import HelpdeskOutcome
from gateway.settings import Settings
from gateway.settings.loader import load

FAILED = 1


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `account` to the commands."""
    parser = commands.add_parser(
        "account",
        help="show an account's state; unlock it, or force a change of password",
        description="Show the state of an account, lift its lock-out, or force a change of its password at the next "
        "login. The exit status is 1 if there is no such account, or if the action is refused.",
    )
    parser.add_argument("login", metavar="LOGIN", type=without_invisible, help="login of the account")
    parser.add_argument(
        "action",
        nargs="?",
        choices=["show", "unlock", "force-change"],
        default="show",
        help="what to do with the account (default: show)",
    )
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.add_argument("--json", action="store_true", help="print the state as JSON, for programs; with show")
    add_own_account(parser, required=False, why="which may lift lock-outs: for unlock")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the action, and return the exit status.

    The status is 1 if there is no such account or the action was not done, and 2 for unlock without --bind-dn.
    Raises SettingsError.
    """
    if arguments.action == "unlock" and not arguments.bind_dn:
        print("mamia account: unlock needs --bind-dn: the gateway's own account may not do it", file=sys.stderr)
        return 2
    settings = load(arguments.config)
    act: Callable[..., int] = {"show": _show, "unlock": _unlock, "force-change": _force_change}[arguments.action]
    with closing(build_accounts(settings)) as accounts:
        try:
            state = accounts.directory.read(arguments.login, datetime.now(UTC))
            if state is None:
                return _fail(f"{arguments.login}: nobody has this login; mamia sees {settings.people.base}")
            return act(arguments, settings, accounts, state)
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            return _fail(f"{arguments.login}: nothing was done: {error}")


def _show(arguments: argparse.Namespace, _: Settings, __: Accounts, state: AccountState) -> int:
    facts = _facts(state)
    if arguments.json:
        print(json.dumps(facts, indent=2))
    else:
        print("\n".join(f"{name:17} {printable(value)}" for name, value in _in_words(state).items()))
    return 0


def _unlock(arguments: argparse.Namespace, settings: Settings, accounts: Accounts, state: AccountState) -> int:
    outcome = accounts.helpdesk.unlock(
        arguments.login,
        state,
        lambda: unlock(as_operator(settings.directory, arguments), state.dn, state.lock),
        _caller(),
        by=arguments.bind_dn,
    )
    return _report(arguments.login, outcome, state, done="unlocked")


def _force_change(arguments: argparse.Namespace, _: Settings, accounts: Accounts, state: AccountState) -> int:
    outcome = accounts.helpdesk.force_change(arguments.login, state, accounts.directory.force_change, _caller())
    return _report(arguments.login, outcome, state, done="the password must be changed at the next login")


def _report(login: str, outcome: HelpdeskOutcome, state: AccountState, *, done: str) -> int:
    """Print what was done, or why nothing was done, and return the exit status."""
    match outcome:
        case HelpdeskOutcome.DONE:
            print(f"{login}: {done}")
            return 0
        case HelpdeskOutcome.NOT_LOCKED:
            print(f"{login}: it is not locked; nothing was done")
            return 0
        case HelpdeskOutcome.PROTECTED:
            return _fail(
                f"{login}: protected by people.protected_filter or people.protected_groups; nothing "
                "was done: whoever administers this account does it with the directory's own tools"
            )
        case HelpdeskOutcome.CLOSED:
            return _fail(f"{login}: an administrator closed it for good; this command does not open it")
        case HelpdeskOutcome.LOCK_STAYS:
            return _fail(f"{login}: {_lock_in_words(state)}; nothing was done")
        case HelpdeskOutcome.LOCK_CHANGED:
            return _fail(f"{login}: the lock changed meanwhile; nothing was done: look again")


def _facts(state: AccountState) -> dict[str, Any]:
    person = state.person
    return {
        "login": person.login,
        "mail": person.mail,
        "locked": bool(state.locked_since or state.lock_ends_at) or _is_closed(state),
        "closed": _is_closed(state),
        "idle_since": _iso(state.idle_since),
        "starts_at": _iso(state.validity.starts_at),
        "ends_at": _iso(state.validity.ends_at),
        "valid": state.is_valid,
        "protected": state.is_protected,
        "locked_until": _iso(_locked_until(state)),
        "initial_password": person.initial_password,
        "changed_at": _iso(state.changed_at),
        "expires_at": _iso(state.expires_at),
        "policy": state.policy,
        "change_allowed": state.allows_change,
        "changeable_from": _iso(state.changeable_from),
        "propagation": [
            {"target": one.target, "state": str(one.status), "since": _iso(one.since), "reason": one.reason}
            for one in state.propagation
        ],
        "changed_since": state.is_stale,
    }


def _in_words(state: AccountState) -> dict[str, str]:
    person = state.person
    words = {
        "login": person.login,
        "name": " ".join((*person.given_names, *person.surnames)),
        "mail": person.mail or "none",
        "account": _lock_in_words(state),
        **({"protected": "yes: not served by the pages, the API and this command"} if state.is_protected else {}),
        "password": "initial, must be changed at the next login" if person.initial_password else "the person's own",
        "last change": _local(state.changed_at) or "never",
        "expires": _local(state.expires_at) or "never",
        "next change": _next_change_in_words(state),
    }
    for one in state.propagation:
        reason = f": {one.reason}" if one.reason else ""
        words[f"at {one.target}"] = f"{one.status} since {_local(one.since)}{reason}"
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


def _lock_in_words(state: AccountState) -> str:
    if state.is_closed:
        return "closed for good by an administrator"
    if not state.is_valid:
        return _validity_in_words(state.validity)
    if state.idle_since:
        return (
            f"closed: not used since {_local(state.idle_since)} (pwdMaxIdle); a password that an administrator sets "
            "with the directory's own tools opens it"
        )
    if state.lock_ends_at == MAX_VALIDITY:
        return "closed: slapd cannot read pwdAccountTmpLockoutEnd, which must lie between 1970 and 2100"
    if state.lock_ends_at:
        return f"locked until {_local(state.lock_ends_at)} (pwdMinDelay); neither a reset nor unlock lifts that"
    if state.locked_since is None:
        return "open"
    until = f"until {_local(state.locked_until)}" if state.locked_until else "until a reset"
    return f"locked since {_local(state.locked_since)}, {until}"


def _next_change_in_words(state: AccountState) -> str:
    if not state.allows_change:
        return f"not by the person: pwdAllowUserChange of {state.policy}"
    if state.changeable_from:
        return f"from {_local(state.changeable_from)}: pwdMinAge of {state.policy}"
    return "at any time"


def _validity_in_words(validity: Validity) -> str:
    if not validity.is_certain:
        return "not in force: slapd cannot read pwdStartTime or pwdEndTime, which must lie between 1970 and 2100"
    if validity.ends_at and validity.ends_at <= datetime.now(UTC):
        return f"ended on {_local(validity.ends_at)} (pwdEndTime)"
    return f"begins on {_local(validity.starts_at)} (pwdStartTime)"


def _caller() -> Caller:
    """Return the facts of the operator; behind sudo, the user who called sudo."""
    return Caller(EntryPoint.COMMAND, operator=os.environ.get("SUDO_USER") or getpass.getuser())


def _iso(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _local(when: datetime | None) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M %Z}" if when else ""


def _fail(message: str) -> int:
    print(f"mamia account: {message}", file=sys.stderr)
    return FAILED
