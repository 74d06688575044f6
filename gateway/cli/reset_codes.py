"""`mamia account LOGIN give-code`, `approve-code` and `close-code`: the helpdesk's codes, given on the server.

They are the service that the helpdesk's pages use, with its rate limits and mails, so they need a gateway's objects.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from contextlib import closing

from gateway.account.errors import DirectoryUnavailable, WriteUnconfirmed
from gateway.account.reset_code import in_groups
from gateway.app import create_app
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import iso, local, print_json
from gateway.composition.web import build_gateway
from gateway.protection.rate_limiting.store import StoreUnavailable
from gateway.services.caller import Caller
from gateway.services.outcomes import RateLimited
from gateway.services.reset_codes import (
    Approved,
    Closed,
    CodeRefusal,
    CodeRefused,
    Given,
    Requested,
    ResetCodeService,
)
from gateway.settings import Settings

Outcome = Given | Requested | Approved | Closed | CodeRefused | RateLimited
_REFUSALS = {
    CodeRefusal.NOT_FOUND: "nobody has this login; mamia sees {base}",
    CodeRefusal.PROTECTED: (
        "protected by people.protected_filter or people.protected_groups, or an agent of the helpdesk; nothing was "
        "done: whoever administers this account does it with the directory's own tools"
    ),
    CodeRefusal.CLOSED: "the account is closed: no reset opens it, so no code was given",
    CodeRefusal.SAME_AGENT: "you asked for this code yourself: somebody else must approve it",
    CodeRefusal.NO_REQUEST: "{requested_by} has not asked for a code within the last hour; nothing was done",
    CodeRefusal.NONE_OPEN: "there is no code to close; nothing was done",
}


def run(arguments: argparse.Namespace, settings: Settings, caller: Caller) -> int:
    """Run the action, and return the exit code. Raises CommandFailed, SettingsError."""
    if not settings.gives_codes:
        message = 'no code was given: they need helpdesk.bind_dn, and reset.mode = "choose" (docs/directory.md)'
        raise CommandFailed(message, ErrorKind.SETTINGS, ExitCode.UNUSABLE)
    # What a service logs of its outages, the command says itself.
    logging.getLogger("gateway").addHandler(logging.NullHandler())
    with closing(build_gateway(settings)) as gateway, create_app(gateway).app_context():
        service = gateway.services.reset_codes
        assert service is not None
        try:
            outcome = _act(arguments, service, caller)
        except WriteUnconfirmed as error:
            message = f"{arguments.login}: it is not known whether it was done; repeat the command: {error}"
            raise CommandFailed(message, ErrorKind.DIRECTORY) from None
        except (DirectoryUnavailable, StoreUnavailable, OSError) as error:
            raise CommandFailed(f"{arguments.login}: nothing was done: {error}", ErrorKind.DIRECTORY) from None
    return _report(arguments, settings, outcome)


def _act(arguments: argparse.Namespace, service: ResetCodeService, caller: Caller) -> Outcome:
    login, agent, reason = arguments.login, caller.operator, arguments.reason
    actions: dict[str, Callable[[], Outcome]] = {
        "give-code": lambda: service.give(login, agent, reason, caller),
        "approve-code": lambda: service.approve(login, agent, arguments.requested_by, caller),
        "close-code": lambda: service.close(login, agent, reason, caller),
    }
    return actions[arguments.action]()


def _report(arguments: argparse.Namespace, settings: Settings, outcome: Outcome) -> int:
    """Print what was done, and return the exit code. Raises CommandFailed if nothing was."""
    match outcome:
        case Given():
            code = in_groups(outcome.code)
            words = f"the code is {code}, valid once until {local(outcome.until)}"
            return _print(arguments, words, code=code, until=iso(outcome.until))
        case Requested():
            again = f"mamia account {arguments.login} approve-code --requested-by YOUR-NAME"
            words = f"a second agent must approve until {local(outcome.until)}: {again}; then repeat this command"
            return _print(arguments, words, done=False, until=iso(outcome.until))
        case Approved():
            words = f"{arguments.requested_by} gets the code until {local(outcome.until)} by the same command"
            return _print(arguments, words, until=iso(outcome.until))
        case Closed():
            return _print(arguments, "the code is closed")
        case RateLimited():
            message = f"too many codes were given: try again in {outcome.retry_after_seconds} seconds"
            raise CommandFailed(f"{arguments.login}: {message}", ErrorKind.REFUSED)
        case CodeRefused():
            facts = {"base": settings.people.base, "requested_by": arguments.requested_by}
            kind = ErrorKind.NOT_FOUND if outcome.reason is CodeRefusal.NOT_FOUND else ErrorKind.REFUSED
            raise CommandFailed(f"{arguments.login}: {_REFUSALS[outcome.reason].format(**facts)}", kind)


def _print(arguments: argparse.Namespace, words: str, *, done: bool = True, **facts: str | None) -> int:
    if arguments.json:
        named = {"login": arguments.login, "action": arguments.action, "done": done, "message": words}
        print_json({**named, **facts})
    else:
        print(f"{arguments.login}: {words}")
    return ExitCode.DONE
