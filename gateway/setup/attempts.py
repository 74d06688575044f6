"""Tries one answer at once and says what was found, as far as possible in the words of `mamia check`."""

from __future__ import annotations

import errno
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryMisconfigured, DirectoryUnavailable
from gateway.checks.certificates import refused_by_directory
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.store import check_store
from gateway.checks.store_memory import check_store_memory
from gateway.directory.connection import connect
from gateway.directory.server_support import OPENLDAP, other_product
from gateway.ldap import ServerUnavailable, close, error_text, is_success, read_entry, search_pages, try_search
from gateway.notifications.spool import connected
from gateway.settings import Directory
from gateway.setup.session import Session
from gateway.tls import refusal

SECONDS = 5
PAGE = 1000
MAX_COUNTED = 20_000
DOMAIN_TLS_PORT = 636


def try_servers(session: Session) -> Iterator[Finding]:
    """Connect to each server, with TLS where the URL asks for it, and read what it is."""
    settings = session.answers.draft()
    named = settings.directory.servers if settings and session.answers.has("directory.servers") else ()
    for url in named:
        assert settings
        try:
            connection = connect(url, settings.directory, as_service=False)
        except (LDAPException, OSError, DirectoryUnavailable) as error:
            yield _unreachable(settings.directory, url, error)
            continue
        try:
            yield _product(url, connection)
        except (LDAPException, OSError, ServerUnavailable) as error:
            yield fail("directory.servers", f"{url}: {error_text(error)}", "is slapd up there?")
        finally:
            close(connection)


def _product(url: str, connection: Connection) -> Finding:
    root = read_entry(connection, "", ["objectClass", "vendorName", "vendorVersion", "supportedCapabilities"])
    product = other_product(root) if root else ""
    if product:
        text = f"{url} is {product}; the directory must be OpenLDAP"
        return fail("directory.servers", text, "name the academy's OpenLDAP servers")
    known = root is not None and OPENLDAP in (name.lower() for name in root.all("objectClass"))
    return ok("directory.servers", f"{url} answers, {_security(connection)}{': OpenLDAP' if known else ''}")


def _security(connection: Connection) -> str:
    if not isinstance(connection.socket, ssl.SSLSocket):
        return "without TLS, on this machine" if _is_local(connection) else "WITHOUT TLS"
    certificate = connection.socket.getpeercert() or {}
    days = int((ssl.cert_time_to_seconds(str(certificate.get("notAfter", ""))) - time.time()) / 86400)
    return f"with {connection.socket.version()}; its certificate is trusted and valid for {days} more days"


def _is_local(connection: Connection) -> bool:
    host = str(connection.server.host)
    return connection.server.ipc or host.startswith("127.") or host in ("localhost", "::1")


def _unreachable(directory: Directory, url: str, error: Exception) -> Finding:
    text = error_text(error)
    if refused := refused_by_directory("directory.servers", directory, [url], text):
        return refused
    return fail(
        "directory.servers", f"{url}: {text}", "is slapd up there, and does a firewall let this machine through?"
    )


def try_people(session: Session) -> Iterator[Finding]:
    """Count the people that base and filter name, as an account without rights sees them."""
    settings = session.answers.draft()
    if settings is None:
        return
    base, wanted = settings.people.base, session.staff_filter(settings.people.filter)
    found = session.count(base, wanted)
    if found is None:
        yield warn(
            "people.base",
            f"{base} can't be searched from here",
            "the check at the end looks with the gateway's account",
        )
    elif not found:
        text = f"nobody below {base} fits {wanted}"
        yield warn("people.filter", text, "correct base or filter, or add people (mamia people import)")
    else:
        more = " or more" if found >= MAX_COUNTED else ""
        yield ok("people.filter", f"{found}{more} people below {base} fit {wanted}")


def try_store(session: Session) -> Iterator[Finding]:
    """Ask the store of counts and used tickets."""
    settings = session.answers.draft()
    if settings is None:
        return
    if settings.rate_limits.store.startswith("memory:"):
        text = "counts and used tickets are lost at each restart"
        yield warn("rate_limits.store", text, "install redis-server, and name redis://127.0.0.1:6379/0")
        return
    try:
        for finding in (check_store(settings), *check_store_memory(settings)):
            yield replace(finding, message=f"the store: {finding.message}")
    except Exception as error:  # the store's client raises errors of many kinds
        yield fail(
            "rate_limits.store", f"it can't be used: {type(error).__name__}", "is it up, and is the URL right?"
        )


def try_port(session: Session) -> Iterator[Finding]:
    """Open the port of the web service and close it again."""
    settings = session.answers.draft()
    if settings is None:
        return
    address = (settings.web.listen_address, settings.web.port)
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        socket.create_server(address, family=family).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        text = f"{address[0]}:{address[1]}: {error.strerror}"
        hint = "if it is not mamia itself that runs there, choose another port" if taken else "choose another port"
        yield (warn if taken else fail)("web.port", text, hint)
        return
    yield ok("web.port", f"{address[0]}:{address[1]} is free")


def try_site(session: Session) -> Iterator[Finding]:
    """Look the site's name up."""
    settings = session.answers.draft()
    for name in settings.web.allowed_hosts if settings else ():
        host = name.lstrip(".").strip("[]")
        try:
            found = sorted({str(one[4][0]) for one in socket.getaddrinfo(host, 443, proto=socket.IPPROTO_TCP)})
        except OSError:
            yield warn("web.allowed_hosts", f"{host} has no address yet", "add it to the DNS before people come")
            continue
        yield ok("web.allowed_hosts", f"{host} is {', '.join(found)}")


def try_mail(session: Session) -> Iterator[Finding]:
    """Connect to the mail server, with TLS and the account if there is one."""
    settings = session.answers.draft()
    if settings is None or not session.answers.get("notifications.smtp_host"):
        return
    mail = settings.notifications
    if (file := mail.smtp_password_file) and file in session.secrets:
        mail = mail.model_copy(update={"smtp_password": session.secrets[file]})
    where = f"{mail.smtp_host}:{mail.smtp_port}"
    try:
        with connected(mail, SECONDS) as server:
            server.noop()
    except smtplib.SMTPAuthenticationError:
        yield fail(
            "notifications.smtp_user", f"{where} refuses {mail.smtp_user}", "correct the account or its password"
        )
    except (smtplib.SMTPException, OSError) as error:
        reason = refusal(str(error)) or str(error) or type(error).__name__
        yield fail("notifications.smtp_host", f"{where}: {reason}", "correct host, port or TLS of the mail server")
    else:
        yield ok("notifications.smtp_host", f"{where} answers ({mail.smtp_security})")


def count_entries(connection: Connection, base: str, wanted: str) -> int | None:
    """Return how many entries a search finds, up to MAX_COUNTED; None if it is refused."""
    try:
        found = try_search(connection, base, wanted, ["1.1"], size_limit=1)
        if not found.answers:
            return 0 if is_success(found.result) else None
        answers = search_pages(connection, base, wanted, ["1.1"], PAGE)
        return sum(1 for _ in islice(answers, MAX_COUNTED))
    except (LDAPException, OSError, DirectoryUnavailable, DirectoryMisconfigured, ServerUnavailable):
        return None
