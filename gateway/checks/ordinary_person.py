"""Check of what a person with an ordinary account can read and guess in the directory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ldap3 import Connection

from gateway.checks.account import at_each_server
from gateway.checks.finding import Finding, fail, ok
from gateway.checks.password_oracle import CHECKED as ORACLE
from gateway.checks.password_oracle import guess
from gateway.checks.secret_attributes import CHECKED as SECRETS
from gateway.checks.secret_attributes import secrets_seen_by
from gateway.ldap import try_search
from gateway.settings import Settings
from gateway.settings.loader import SettingsError, read_secret
from gateway.settings.service_accounts import bound_as

WHO = "an ordinary person"


def check_ordinary_person(settings: Settings, dn: str | None, password_file: Path | None) -> Iterator[Finding]:
    """Yield findings as the account `dn`, which is for tests and has no rights of its own.

    Nothing is written with it. Without `dn` or `password_file`, nothing is tested.
    """
    if dn is None or password_file is None:
        yield ok(WHO, "not tried; with an account for tests: mamia check --person DN --person-password-file FILE")
        return
    try:
        directory = bound_as(settings.directory, dn, read_secret(password_file, "--person-password-file"))
    except SettingsError as error:
        yield fail(WHO, error.problems[0].message, "--person-password-file")
        return
    yield from at_each_server(directory, SECRETS, partial(secrets_seen_by, settings, WHO, dn))
    yield from at_each_server(directory, ORACLE, partial(guess, WHO, settings.directory.decoy_dn))
    if other := _somebody_else(settings, dn):
        yield from at_each_server(directory, ORACLE, partial(guess, WHO, other))


def _somebody_else(settings: Settings, own_dn: str) -> str:
    """Return another person's DN, found as the gateway, because an ordinary account may see nobody.

    Returns "" if there is none.
    """
    found: list[str] = []

    def search(url: str, connection: Connection) -> Iterator[Finding]:
        people = settings.people
        found.extend(try_search(connection, people.base, people.filter, ["1.1"], size_limit=2).dns)
        return iter(())

    for _ in at_each_server(settings.directory, ORACLE, search):
        pass
    return next((other for other in found if other.lower() != own_dn.lower()), "")
