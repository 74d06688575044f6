"""Checks of the capture: the listener, slapd's overlay, and the listener's rights."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ldap3 import MODIFY_DELETE, Connection
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.account.errors import DirectoryUnavailable
from gateway.capture.sock_requests import QUESTION
from gateway.checks.certificates import refused_by_directory
from gateway.checks.declared_rights import DeclaredRights, may_write, named, rights_of
from gateway.checks.finding import Finding, Level, fail, ok, warn
from gateway.checks.process_role import is_listeners
from gateway.checks.refused_bind import is_refused, refused_bind
from gateway.checks.rights import FORBIDDEN_TO_WRITE, excess_reads, hint_for, somebody
from gateway.directory.connection import connect
from gateway.directory.context_csn import suffix_of
from gateway.ldap import close, modify
from gateway.needs import Account, Right, needs_of
from gateway.needs.accounts import account_dns
from gateway.settings import Directory, Settings
from gateway.settings.loader import SettingsError
from gateway.settings.service_accounts import capturing_directory

ANSWER_SECONDS = 3
SIDES = 2
"""Number of overlays: above and below ppolicy for the capture; with capture.answer_only there is only the one
above."""
FILE = "93-capture.ldif of ldif/"
ORACLE_FILE = "45-password-oracle.ldif of ldif/"
START = "systemctl start mamia-capture.socket, or mamia capture; or take the overlay out as docs/capture.md says"
ACCOUNT = "capture.server, bind_dn, bind_password_file"


def check_capture(settings: Settings, directory: Directory) -> Iterator[Finding]:
    """Yield findings about the capture. `directory` has an account whose writes slapd must report to the listener."""
    if settings.capture.socket is None:
        if settings.workstation.targets:
            yield ok("capture", "off: what other LDAP clients change does not reach the workstation")
        return
    finding = _listener(settings.capture.socket, answers_only=settings.capture.answer_only)
    yield finding
    if finding.level is not Level.FAIL:
        yield from _with(settings, directory, "overlay", partial(_overlay, directory.bind_dn))
    if not settings.capture.answer_only:
        yield from _rights_of_listener(settings)


def _listener(path: Path, *, answers_only: bool) -> Finding:
    subject = f"capture: {path}"
    try:
        status = ask_listener(path)
    except PermissionError:
        return warn(subject, "this user may not connect to it", "run mamia check as root or as slapd's user")
    except TimeoutError:
        text = "the listener does not answer: every write on people waits for it"
        return fail(subject, text, "systemctl restart mamia-capture")
    except (OSError, ValueError) as error:
        text = (
            f"no process listens ({type(error).__name__}): with the overlay sock, slapd refuses every write on "
            "people, and so some logins and some writes of replication fail too"
        )
        return fail(subject, text, START)
    if answers_only and status["answers_only"]:
        return ok(subject, "answers slapd, and captures nothing: capture.answer_only")
    if not status["capturing"]:
        text = "the listener answers slapd but captures nothing: the capture could not start"
        return fail(subject, text, "journalctl -u mamia-capture names the problem; fix it, then restart it")
    return ok(subject, f"answers; {status['held']} changes are on their way")


def ask_listener(path: Path, mark: str = "") -> dict[str, Any]:
    """Ask the listener for its status: whether it captures, how many changes it has, how often it saw `mark`.

    Raises OSError, ValueError.
    """
    with socket.socket(socket.AF_UNIX) as conn:
        conn.settimeout(ANSWER_SECONDS)
        conn.connect(str(path))
        conn.sendall(QUESTION + f"mark: {mark}\n\n".encode())
        answer: dict[str, Any] = json.loads(conn.makefile("rb").readline())
    return answer


def _overlay(account: str, settings: Settings, connection: Connection) -> Iterator[Finding]:
    """Delete a value that no entry has: nothing changes, and slapd must report it twice."""
    subject = f"{settings.capture_server}: overlay sock"
    dn, mark = somebody(settings, connection), f"check;{secrets.token_hex(16)}"
    if not dn or settings.capture.socket is None:
        return
    code = modify(connection, dn, {"mamiaSyncState": [(MODIFY_DELETE, [mark])]})["result"]
    try:
        seen = ask_listener(settings.capture.socket, mark)["seen"]
    except (OSError, ValueError):
        return
    if code != RESULT_NO_SUCH_ATTRIBUTE:
        text = f"{account} may not write there any more: the overlay checks the right to `entry`"
        yield fail(subject, text, f"the rule on attrs=entry of {ORACLE_FILE}")
    elif settings.capture.answer_only and seen == SIDES and settings.workstation.targets:
        text = "capture.answer_only is true, and the overlay that captures is there: nothing is captured"
        hint = (
            f"capture.answer_only = false, with capture.bind_dn and its password file ({FILE}), then systemctl "
            "restart mamia-capture; or delete the overlay below ppolicy (docs/capture.md)"
        )
        yield warn(subject, text, hint)
    elif settings.capture.answer_only and seen:
        yield ok(subject, "asks the listener before each write")
    elif seen == SIDES:
        yield ok(subject, "reports writes on both sides of ppolicy")
    elif seen:
        text = "reports writes on one side of ppolicy alone: no password is recognised"
        yield fail(subject, text, f"{ORACLE_FILE} has the overlay above and {FILE} the one below")
    else:
        files = ORACLE_FILE if settings.capture.answer_only else f"{ORACLE_FILE} and {FILE}"
        yield fail(subject, "reports no writes: no password is captured", f"load {files}; does olcDbSocketPath fit?")


def _rights_of_listener(settings: Settings) -> Iterator[Finding]:
    """Check the rights of the listener's account, if its password can be read here."""
    if not is_listeners(settings):
        yield ok(
            "capture: rights", "this user cannot read the listener's password, which is correct; root can check them"
        )
        return
    try:
        directory = capturing_directory(settings)
    except SettingsError as error:
        yield fail("capture: rights", error.problems[0].message, "capture.bind_password_file")
        return
    yield from _with(settings, directory, "rights of the listener", check_listener_rights)


def check_listener_rights(settings: Settings, connection: Connection) -> Iterator[Finding]:
    """Yield findings about missing and excess rights, over a connection that is bound as the listener's account."""
    subject, who = f"{settings.capture_server}: rights of the listener", settings.capture.bind_dn
    dn = somebody(settings, connection)
    if not dn:
        yield fail(subject, f"{who} finds nobody", f"the rules on attrs=entry,objectClass of {FILE}")
        return
    if lacks := _lacking(settings, connection):
        yield fail(subject, f"{who} may not {named(lacks)}", hint_for(lacks))
    others = dict.fromkeys((settings.people.login, settings.people.mail, "userPassword", *FORBIDDEN_TO_WRITE))
    excess = [*excess_reads(settings, connection, dn)]
    excess += [f"write {name}" for name in others if name != "objectClass" and may_write(connection, dn, name, "x")]
    if excess:
        yield fail(subject, f"{who} may {', '.join(excess)}: whoever steals it could", FILE)
    if not lacks and not excess:
        yield ok(subject, "the account has the rights that it needs, and no others")


def _lacking(settings: Settings, connection: Connection) -> list[Right]:
    accounts, suffix = tuple(account_dns(settings).values()), suffix_of(connection, settings.people.base)
    tested = DeclaredRights(settings, connection, str(settings.capture.bind_dn), accounts, suffix)
    return list(tested.lacking(rights_of(Account.LISTENER, needs_of(settings).rights)))


def _with(settings: Settings, directory: Directory, what: str, check: Any) -> Iterator[Finding]:
    """Run `check` over a connection to the slapd that reports changes."""
    try:
        connection = connect(settings.capture_server, directory, as_service=True)
    except DirectoryUnavailable as error:
        if is_refused(str(error)):
            yield refused_bind(directory, settings.capture_server, f"capture: {what}", str(error))
        else:
            yield fail(f"capture: {what}", str(error), ACCOUNT)
        return
    except (LDAPException, OSError) as error:
        server = settings.capture_server
        yield refused_by_directory(f"capture: {what}", directory, [server], str(error)) or fail(
            f"capture: {what}", f"{server}: {error}", ACCOUNT
        )
        return
    try:
        yield from check(settings, connection)
    except (LDAPException, OSError) as error:
        yield fail(f"capture: {what}", f"it stopped answering: {type(error).__name__}", "look at slapd's log")
    finally:
        close(connection)
