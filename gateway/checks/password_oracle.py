"""Check whether slapd lets an account distinguish a right guess of another person's password from a wrong one.

See docs/openldap-password-oracle.md. The check deletes a wrong value and adds a new one, with an account that may do
neither. If ppolicy examines the change before the access rules, the answer is "unwilling to perform" because the old
password is wrong; with the overlay sock above it, the answer is "insufficient access" for every value. Nothing is
changed, and no password is needed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial

from ldap3 import MODIFY_ADD, MODIFY_DELETE, Connection
from ldap3.core.results import RESULT_INSUFFICIENT_ACCESS_RIGHTS, RESULT_UNWILLING_TO_PERFORM

from gateway.checks.account import at_each_server
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import is_listeners, is_workers
from gateway.checks.rights import somebody
from gateway.ldap import modify
from gateway.settings import Directory, Settings
from gateway.settings.loader import SettingsError
from gateway.settings.service_accounts import capturing_directory, workers_directory

CHECKED = "password oracle"
FILE = (
    "45-password-oracle.ldif of ldif/, and mamia capture to answer it (capture.answer_only: it captures nothing); "
    "upgrade/93-capture.ldif where 93-capture.ldif of 0.1.0 is loaded"
)


def check_password_oracle(settings: Settings) -> Iterator[Finding]:
    """Yield findings as the gateway on the decoy.

    If the passwords of worker and listener can be read here, they try it on a person.
    """
    gateway = settings.directory
    yield from at_each_server(gateway, CHECKED, partial(guess, "the gateway's account", gateway.decoy_dn))
    try:
        if is_workers(settings):
            yield from _on_somebody(settings, "the worker's account", workers_directory(settings))
        if is_listeners(settings):
            yield from _on_somebody(settings, "the listener's account", capturing_directory(settings))
    except SettingsError as error:
        yield fail(CHECKED, error.problems[0].message, error.problems[0].key)


def _on_somebody(settings: Settings, who: str, directory: Directory) -> Iterator[Finding]:
    def check(url: str, connection: Connection) -> Iterator[Finding]:
        if dn := somebody(settings, connection):
            yield from guess(who, dn, url, connection)

    yield from at_each_server(directory, CHECKED, check)


def guess(who: str, dn: str, url: str, connection: Connection) -> Iterator[Finding]:
    """Guess a password of `dn`. `who` names the account of `connection`, which may not set that password."""
    subject = f"{url}: {CHECKED}"
    wrong, new = (f"Aa1!{secrets.token_hex(12)}" for _ in range(2))
    changes = {"userPassword": [(MODIFY_DELETE, [wrong]), (MODIFY_ADD, [new])]}
    result = modify(connection, dn, changes)
    match result["result"]:
        case code if code == RESULT_INSUFFICIENT_ACCESS_RIGHTS:
            yield ok(subject, f"{who} learns nothing of the password of {dn} by guessing")
        case code if code == RESULT_UNWILLING_TO_PERFORM:
            text = f"{who} learns whether a guess is the password of {dn}, without any limit"
            yield fail(subject, text, FILE)
        case _:
            text = (
                f"a guess at the password of {dn} ends in {result['description']} for {who}: the result is not clear"
            )
            yield warn(subject, text, FILE)
