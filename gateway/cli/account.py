"""`mamia account LOGIN`: show an account, unlock it, force a change, give a code, export or erase recovery methods.

The audit records each change with the name of the operator.
"""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.cli.account_state import as_json, in_words, lock_in_words, recovery_as_json
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.operator_credentials import as_operator
from gateway.cli.output import iso, print_json
from gateway.cli.parsers.account import CODE_ACTIONS
from gateway.cli.terminal import printable
from gateway.composition.accounts import Accounts, build_accounts
from gateway.directory.account_status import AccountState, unlock
from gateway.services.caller import Caller, EntryPoint
from gateway.services.helpdesk import HelpdeskOutcome
from gateway.settings import Settings
from gateway.settings.loader import load

NEEDED_BY = {"give-code": ("reason",), "approve-code": ("requested_by",)}
"""Action → the options without which it does nothing."""


def run(arguments: argparse.Namespace) -> int:
    """Run the action, and return the exit code.

    Raises CommandFailed if there is no such account, if the action was not done, or for unlock without --bind-dn.
    Raises SettingsError.
    """
    if arguments.action == "unlock" and not arguments.bind_dn:
        message = "unlock needs --bind-dn, your own account: the gateway's account may not do it"
        raise CommandFailed(message, ErrorKind.ARGUMENTS, ExitCode.UNUSABLE)
    if missing := [option for option in NEEDED_BY.get(arguments.action, ()) if not getattr(arguments, option)]:
        message = f"{arguments.action} needs --{missing[0].replace('_', '-')}"
        raise CommandFailed(message, ErrorKind.ARGUMENTS, ExitCode.UNUSABLE)
    settings = load(arguments.config)
    if arguments.action in CODE_ACTIONS:
        # Imported only for these, which need the objects of the web service.
        from gateway.cli import reset_codes

        return reset_codes.run(arguments, settings, _caller())
    act: Callable[..., int] = {
        "show": _show,
        "unlock": _unlock,
        "force-change": _force_change,
        "export": _export,
        "erase-recovery": _erase_recovery,
    }[arguments.action]
    with closing(build_accounts(settings)) as accounts:
        try:
            state = accounts.directory.read(arguments.login, datetime.now(UTC))
            if state is None:
                message = f"{arguments.login}: nobody has this login; mamia sees {settings.people.base}"
                raise CommandFailed(message, ErrorKind.NOT_FOUND)
            return act(arguments, settings, accounts, state)
        except (DirectoryUnavailable, LDAPException, OSError) as error:
            servers = ", ".join(settings.directory.servers)
            message = f"{arguments.login}: nothing was done; the directory ({servers}) failed: {error}"
            raise CommandFailed(message, ErrorKind.DIRECTORY) from None


def _show(arguments: argparse.Namespace, _: Settings, __: Accounts, state: AccountState) -> int:
    if arguments.json:
        print_json(as_json(state))
    else:
        print("\n".join(f"{name:17} {printable(value)}" for name, value in in_words(state).items()))
    return ExitCode.DONE


def _unlock(arguments: argparse.Namespace, settings: Settings, accounts: Accounts, state: AccountState) -> int:
    caller = _caller()
    outcome = accounts.helpdesk.unlock(
        arguments.login,
        state,
        lambda: unlock(as_operator(settings.directory, arguments), state.dn, state.lock),
        caller,
        by=arguments.bind_dn,
    )
    return _end(arguments, settings, caller, outcome, state, notice="unlocked", done="unlocked")


def _force_change(arguments: argparse.Namespace, settings: Settings, accounts: Accounts, state: AccountState) -> int:
    caller = _caller()
    outcome = accounts.helpdesk.force_change(arguments.login, state, accounts.directory.force_change, caller)
    done = "the password must be changed at the next login"
    return _end(arguments, settings, caller, outcome, state, notice="change_forced", done=done)


def _export(arguments: argparse.Namespace, settings: Settings, accounts: Accounts, state: AccountState) -> int:
    """Print recovery methods and last events as JSON. Shared secrets are no answer to a request for data."""
    # Imported only for this action, which needs the library of the seals.
    from gateway.protection.recovery_seal import RecoverySeals

    seals = RecoverySeals(settings.web.keys)
    uuid, values = accounts.recovery.sealed_at(state.dn)
    opened = [seals.open(value, uuid) for value in values]
    events = _events(settings, state)
    accounts.helpdesk.note("recovery_exported", arguments.login, _caller())
    methods = [recovery_as_json(method) for method in opened if method]
    print_json({"login": arguments.login, "methods": methods, "unreadable": opened.count(None), "events": events})
    return ExitCode.DONE


def _events(settings: Settings, state: AccountState) -> list[dict[str, object]]:
    """Return what the event store keeps of a person. Raises CommandFailed if the store does not answer."""
    if not settings.events.is_on:
        return []
    from gateway.composition.events import build_event_store
    from gateway.protection.rate_limiting.store import StoreUnavailable

    store = build_event_store(settings)
    try:
        found = store.of(*state.person.logins, *state.person.mails) if store else []
    except StoreUnavailable as error:
        raise CommandFailed(f"{state.person.login}: nothing was exported: {error}", ErrorKind.STORE) from None
    return [
        {
            "since": iso(one.since),
            "at": iso(one.at),
            "times": one.times,
            "service": one.service,
            "outcome": one.outcome,
        }
        for one in found
    ]


def _erase_recovery(
    arguments: argparse.Namespace, settings: Settings, accounts: Accounts, state: AccountState
) -> int:
    # Imported only for this action, which needs the library of the seals.
    from gateway.composition.recovery import recovery_methods
    from gateway.services.recovery_methods import with_addresses

    caller, methods = _caller(), recovery_methods(settings, accounts.recovery)
    held = methods.at(state.dn)
    outcome = accounts.helpdesk.erase_recovery(arguments.login, state, accounts.recovery.erase, caller)
    done = "all recovery methods were erased"
    told = replace(state, person=with_addresses(state.person, held, methods.rested(held)))
    return _end(arguments, settings, caller, outcome, told, notice="recovery_erased", done=done)


def _end(
    arguments: argparse.Namespace,
    settings: Settings,
    caller: Caller,
    outcome: HelpdeskOutcome,
    state: AccountState,
    *,
    notice: str,
    done: str,
) -> int:
    """Tell the person what was done, print it, and return the exit code. Raises as `_report`."""
    code = _report(arguments, outcome, state, done=done)
    if outcome is HelpdeskOutcome.DONE:
        # Imported only here: writing a mail takes more libraries than all the rest.
        from gateway.cli.account_notices import tell

        tell(settings, notice, state.person, caller.request_id)
    return code


def _report(arguments: argparse.Namespace, outcome: HelpdeskOutcome, state: AccountState, *, done: str) -> int:
    """Print what was done, and return the exit code. Raises CommandFailed if the account stays as it was."""
    if outcome is HelpdeskOutcome.DONE or outcome is HelpdeskOutcome.NOT_LOCKED:
        words = done if outcome is HelpdeskOutcome.DONE else "it is not locked; nothing was done"
        if arguments.json:
            is_done = outcome is HelpdeskOutcome.DONE
            print_json({"login": arguments.login, "action": arguments.action, "done": is_done, "message": words})
        else:
            print(f"{arguments.login}: {words}")
        return ExitCode.DONE
    kind = ErrorKind.CHANGED_MEANWHILE if outcome is HelpdeskOutcome.LOCK_CHANGED else ErrorKind.REFUSED
    raise CommandFailed(f"{arguments.login}: {_refusal(outcome, state)}", kind)


def _refusal(outcome: HelpdeskOutcome, state: AccountState) -> str:
    match outcome:
        case HelpdeskOutcome.PROTECTED:
            return (
                "protected by people.protected_filter or people.protected_groups; nothing was done: whoever "
                "administers this account does it with the directory's own tools"
            )
        case HelpdeskOutcome.CLOSED:
            return "an administrator closed it for good; this command does not open it"
        case HelpdeskOutcome.LOCK_CHANGED:
            return "the lock changed meanwhile; nothing was done: look again"
        case _:
            return f"{lock_in_words(state)}; nothing was done"


def _caller() -> Caller:
    """Return the facts of the operator; behind sudo, the user who called sudo."""
    operator = os.environ.get("SUDO_USER") or getpass.getuser()
    return Caller(EntryPoint.COMMAND, request_id=secrets.token_hex(8), operator=operator)
