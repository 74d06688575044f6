"""A connection to each writable directory server, bound as one account, for checks that need one account only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.finding import Finding, fail
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Directory

Check = Callable[[str, Connection], Iterator[Finding]]
"""Receives the server's URL and a connection to it."""


def at_each_server(
    directory: Directory, subject: str, check: Check, *, anonymously: bool = False
) -> Iterator[Finding]:
    """Yield the findings of `check` at each server, as the account of `directory` or anonymously.

    `subject` is the subject of the finding if a server refuses the connection.
    """
    for url in directory.servers:
        try:
            connection = connect(url, directory, as_service=not anonymously)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            hint = f"the finding about {url} says why; for worker and listener: their bind_dn and bind_password_file"
            yield fail(f"{url}: {subject}", f"not tried: {error}", hint)
            continue
        try:
            yield from check(url, connection)
        except (LDAPException, OSError) as error:
            text = f"the server stopped answering: {type(error).__name__}"
            yield fail(f"{url}: {subject}", text, "look at its log and load")
        finally:
            close(connection)
