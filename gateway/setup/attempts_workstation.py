"""Tries the answers about workstations: each domain controller, the service account and its right, who has one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from gateway.account.model import Secret
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.settings import ActiveDirectoryTarget
from gateway.setup.session import Session
from gateway.targets.active_directory import ActiveDirectory
from gateway.targets.domain_connection import ActiveDirectorySettings
from gateway.tls import refusal, verifying_context

SECONDS = 5
DOMAIN_TLS_PORT = 636


def try_domain_servers(session: Session) -> Iterator[Finding]:
    """Make the TLS handshake with each domain controller."""
    section = _domain_section(session)
    for url in section.servers if section else ():
        assert section
        host, _, port = url.removeprefix("ldaps://").rstrip("/").partition(":")
        try:
            context = verifying_context(section.ca_file, strict=section.tls_strict)
            with (
                socket.create_connection((host, int(port or DOMAIN_TLS_PORT)), timeout=SECONDS) as connection,
                context.wrap_socket(connection, server_hostname=host) as secured,
            ):
                yield ok("target", f"{url} answers with {secured.version()}; its certificate is trusted")
        except OSError as error:
            if reason := refusal(str(error)):
                hint = "name a ca_file that holds its authority; the server must be named as in its certificate"
                yield fail("target", f"{url}: its certificate is refused: {reason}", hint)
            else:
                yield fail("target", f"{url}: {error.strerror or error}", "is it up, and may this machine reach it?")


def try_domain(session: Session) -> Iterator[Finding]:
    """Bind as the service account and try its right to reset passwords, which changes nothing."""
    section = _domain_section(session)
    if section is None:
        return
    password = session.secret(section.bind_password_file)
    if password is None:
        yield fail("target", f"{section.bind_password_file} can't be read", "type the password, or run this as root")
        return
    with closing(ActiveDirectory(_domain(section, password))) as domain:
        probe = domain.probe()
    if probe.error:
        yield fail("target", probe.error.reason, probe.error.hint or "is the domain controller up?")
    elif probe.skipped_reason:
        yield warn("target", f"it can be reached, but {probe.skipped_reason}", "correct the base of the accounts")
    else:
        yield ok("target", f"{section.bind_dn} may reset passwords below {section.base}")
    if probe.excess_rights:
        text = f"the account may also {', '.join(probe.excess_rights[:3])}"
        yield warn("target", text, "give it the delegated right to reset passwords, and no other")


def _domain(section: ActiveDirectoryTarget, password: str) -> ActiveDirectorySettings:
    return ActiveDirectorySettings(
        name="setup",
        servers=tuple(section.servers),
        ca_file=section.ca_file,
        tls_strict=section.tls_strict,
        bind_dn=section.bind_dn,
        bind_password=Secret(password),
        base=section.base,
        filter=section.filter,
        connect_timeout_seconds=section.connect_timeout_seconds,
        receive_timeout_seconds=section.receive_timeout_seconds,
    )


def try_kerberos(session: Session) -> Iterator[Finding]:
    """Look at the files of a Kerberos target; the check at the end tries its right."""
    for name in ("keytab_file", "krb5_conf"):
        file = Path(str(session.answers.get(session.target_key(name))))
        if file.is_file():
            yield ok("target", f"{file} is there")
        else:
            yield fail("target", f"{file} is not there", "copy it to this machine first")


def try_workstation_filter(session: Session) -> Iterator[Finding]:
    """Count the people who have a workstation."""
    settings = session.answers.draft()
    if settings is None or not session.target_type:
        return
    own = session.value("workstation.filter")
    wanted = f"(&{session.staff_filter(settings.people.filter)}{own})"
    found = session.count(settings.people.base, wanted)
    if found is not None:
        text = f"{found} people have a workstation by {own}"
        yield ok("filter", text) if found else warn("filter", text, "correct the filter, or add people later")


def _domain_section(session: Session) -> ActiveDirectoryTarget | None:
    """Return the target of the answers so far; None if one of them cannot be used."""
    missing = {"bind_dn": "nobody", "bind_password_file": "/nowhere", "base": "dc=nowhere"}
    answers = session.answers.get(f"workstation.targets.{session.target}", {})
    try:
        return ActiveDirectoryTarget(**{**missing, **answers})
    except ValidationError:
        return None
