"""`mamia check`: check what the gateway needs, print one line per finding, and say how to fix what is wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from gateway.checks.api_clients import check_api_clients
from gateway.checks.capture import check_capture
from gateway.checks.finding import Finding, Level, fail
from gateway.checks.helpdesk import check_helpdesk
from gateway.checks.inline_targets import check_inline_targets
from gateway.checks.keys import check_keys
from gateway.checks.machine import check_machine
from gateway.checks.ordinary_person import check_ordinary_person
from gateway.checks.outbox import check_outbox
from gateway.checks.password_oracle import check_password_oracle
from gateway.checks.private_files import check_private_files
from gateway.checks.process_role import is_listeners, is_workers
from gateway.checks.protected import check_protected
from gateway.checks.reminders import check_reminders
from gateway.checks.secret_attributes import check_secrets
from gateway.checks.servers import check_servers
from gateway.checks.service_connections import check_service_connections
from gateway.checks.system import check_state_folder, check_system
from gateway.checks.workstations import check_workstations
from gateway.cli.check_output import FindingPrinter
from gateway.cli.exit_codes import ExitCode
from gateway.cli.output import print_json
from gateway.composition.rules import password_rules
from gateway.needs import needs_of
from gateway.needs.reference import as_table, reference
from gateway.settings import Settings
from gateway.settings.loader import WEB_SECRETS, SettingsError, load
from gateway.settings.service_accounts import capturing_directory


def run(arguments: argparse.Namespace) -> int:
    """Run the checks, print each finding, and return the exit code: PROBLEM if a finding is FAIL.

    Raises SettingsError.
    """
    if arguments.needs:
        return _print_needs(arguments)
    printer = FindingPrinter(only_problems=arguments.problems)
    found = []
    for finding in _checks(arguments):
        found.append(finding)
        if not arguments.json:
            printer.show(finding)
    if arguments.json:
        shown = [finding for finding in found if finding.level is not Level.OK or not arguments.problems]
        print_json([asdict(finding) for finding in shown])
    else:
        printer.show_sum(found)
    return ExitCode.PROBLEM if any(finding.level is Level.FAIL for finding in found) else ExitCode.DONE


def _print_needs(arguments: argparse.Namespace) -> int:
    needs = needs_of(load(arguments.config, web_secrets=False))
    if arguments.json:
        print_json(as_table(needs))
    else:
        print(reference(needs), end="")
    return ExitCode.DONE


def _checks(arguments: argparse.Namespace) -> Iterator[Finding]:
    if arguments.without_web:
        return check_without_web(load(arguments.config, web_secrets=False))
    try:
        settings = load(arguments.config)
    except SettingsError as error:
        secret_files = {f"{section}.{key}_file" for section, key in WEB_SECRETS}
        if not arguments.json and secret_files & {fault.key for fault in error.problems}:
            print("mamia check: where worker or listener run alone: mamia check --without-web", file=sys.stderr)
        raise
    ordinary = check_ordinary_person(settings, arguments.person, arguments.person_password_file)
    return chain(check(settings, arguments.protected, arguments.config), ordinary)


def check(settings: Settings, protected_login: str = "", config: Path | None = None) -> Iterator[Finding]:
    """Yield the findings of all checks, each as soon as it is known.

    `protected_login` is the login of a person who must be protected; empty to leave that check out. `config` is the
    file that was read, if the command names one.
    """
    yield from check_machine(settings, config)
    yield from check_servers(settings)
    yield from check_protected(settings, protected_login)
    yield from check_secrets(settings)
    yield from check_helpdesk(settings)
    yield from check_password_oracle(settings)
    yield from check_service_connections(settings)
    yield from check_workstations(settings, password_rules(settings))
    yield from check_inline_targets(settings)
    yield from check_state_folder(settings)
    yield from check_outbox(settings)
    yield from check_capture(settings, settings.directory)
    yield from check_reminders(settings)
    yield from check_api_clients(settings)


def check_without_web(settings: Settings) -> Iterator[Finding]:
    """Yield the findings for worker and listener, for each of the two whose password file can be read here."""
    yield from check_private_files(settings)
    yield from check_system(settings)
    if not is_workers(settings) and not is_listeners(settings):
        text = "neither workstation.bind_password_file nor capture.bind_password_file can be read"
        yield fail("worker, listener", text, "run it on their machine, as root or as their user")
    if is_workers(settings):
        yield from check_keys(settings)
        yield from check_workstations(settings, password_rules(settings))
        yield from check_state_folder(settings)
        yield from check_outbox(settings)
    if is_listeners(settings):
        yield from check_capture(settings, capturing_directory(settings))
