"""Checks of the mails' way: the spool, and the mail server up to the point at which it would take a mail.

No mail is sent: after the sender and one recipient the check takes both back (RSET).
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gateway.checks.certificates import refused_certificate, service_fix
from gateway.checks.finding import Finding, Level, fail, ok, warn
from gateway.checks.process_users import WEB, ProcessUser, process_user
from gateway.checks.space import check_space
from gateway.checks.tls_trouble import Trouble, connection_trouble
from gateway.notifications.outgoing_queue import waiting_in
from gateway.notifications.spool import connected
from gateway.settings import Notifications, Settings
from gateway.tls import refusal

SMTP_SECONDS = 5
SPOOL, SERVER, SENDER = "notifications.spool", "notifications.smtp_host", "notifications.sender"
MAX_WAIT_SECONDS = 3600
WRITTEN = ("tmp", "new", "cur", "sending.lock", "sms", "sms/tmp", "sms/new")
"""What the service writes in the spool: mails, and notices by text message."""
AUTHENTICATE = (530, 534, 538)
"""Replies that ask for authentication, or for TLS before it (RFC 4954, 6)."""
FULL = (422, 452, 552)
RELAY = re.compile(r"relay|not (permitted|allowed|authori[sz]ed)|5\.7\.", re.IGNORECASE)


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the spool and the mail server."""
    notifications = settings.notifications
    if not notifications.spool:
        text = "people get no mail about a changed password"
        yield warn("notifications", text, "notifications.spool and notifications.smtp_host")
        return
    yield from _spool(notifications.spool)
    if not notifications.smtp_host:
        yield warn(SERVER, "empty: mails stay in the spool", "name the academy's mail server")
        return
    yield from _server(settings)


def _spool(folder: Path) -> Iterator[Finding]:
    user = process_user(WEB)
    place = folder if folder.exists() else folder.parent
    owner = f"{user.name}:{user.group}"
    if not place.is_dir():
        text = f"{place} is missing: the service does not start" if not place.exists() else f"{place} is no folder"
        yield fail(SPOOL, text, f"install -d -o {user.name} -g {user.group} -m 700 {place}")
        return
    unwritable = [one for one in (place, *(folder / name for name in WRITTEN)) if _is_closed(user, one)]
    if unwritable:
        text = f"{unwritable[0]} can't be written by {user.name}: the service does not start, or mails are lost"
        yield fail(SPOOL, text, f"chown -R {owner} {folder if folder.exists() else place}")
    if full := check_space(SPOOL, place, "mails to people are lost, and the service does not start"):
        yield full
    yield from _waiting(folder)


def _is_closed(user: ProcessUser, path: Path) -> bool:
    return path.exists() and not user.may("wx" if path.is_dir() else "w", path)


def _waiting(folder: Path) -> Iterator[Finding]:
    """Yield a finding about mails that wait longer than a short outage of the mail server."""
    ages = []
    with suppress(OSError):
        for file in (folder / "new").iterdir():
            with suppress(OSError):
                ages.append(time.time() - file.stat().st_mtime)
    late = [age for age in ages if age > MAX_WAIT_SECONDS]
    if late:
        text = f"{len(late)} mails wait for more than an hour, the oldest for {max(late) / 3600:.0f} h"
        hint = f"correct what {SERVER} reports, or start the service; journalctl -u mamia says why mails wait"
        yield warn(SPOOL, text, hint)
    yield from _waiting_texts(folder / "sms")


def _waiting_texts(folder: Path) -> Iterator[Finding]:
    """Yield a finding about notices by text message that wait longer than a short outage of the SMS gateway."""
    ages = []
    with suppress(OSError):
        ages = [time.time() - one.queued_at for one in waiting_in(folder)]
    late = [age for age in ages if age > MAX_WAIT_SECONDS]
    if late:
        text = (
            f"{len(late)} text messages wait for more than an hour, the oldest for {max(late) / 3600:.0f} h: people "
            "are not told about new recovery methods"
        )
        hint = "correct what second_factor.sms_gateway_url reports; journalctl -u mamia says why they wait"
        yield warn(SPOOL, text, hint)


def _server(settings: Settings) -> Iterator[Finding]:
    notifications = settings.notifications
    # A code by mail is part of a reset: without it nobody gets through.
    level = Level.FAIL if "mail" in settings.second_factor.methods else Level.WARN
    if notifications.smtp_user and not notifications.smtp_password:
        text = (
            f"smtp_user is {notifications.smtp_user}, and there is no password: mails are sent without authentication"
        )
        yield warn(SERVER, text, "notifications.smtp_password_file, or no smtp_user")
    try:
        with connected(notifications, SMTP_SECONDS) as server:
            trouble = _offer(settings, server)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        yield _refused(notifications, error, level)
        return
    if trouble:
        yield Finding(level, SENDER, trouble.text, trouble.hint)
    else:
        yield ok(SERVER, f"{notifications.smtp_host} answers, and takes mails of {notifications.sender}")


def _offer(settings: Settings, server: smtplib.SMTP) -> Trouble | None:
    """Name the sender and a recipient of the academy, and take both back. Returns why one is refused."""
    notifications, host = settings.notifications, settings.notifications.smtp_host
    server.ehlo_or_helo_if_needed()
    code, reply = server.mail(notifications.sender)
    text = f"{host} refuses mails of {notifications.sender} ({code} {_line(reply)})"
    try:
        if code in AUTHENTICATE:
            return Trouble(text, _authentication_hint(notifications))
        if code in FULL:
            return Trouble(text, f"make room on {host}: its disk or a mailbox is full; mails wait in the spool")
        if 400 <= code < 500:
            return Trouble(text, f"nothing if it passes: mails wait in the spool. Else read the log of {host}")
        if code >= 500:
            return Trouble(text, f"notifications.sender: an address that {host} lets this machine use")
        code, reply = server.rcpt(settings.support.mail)
        if code >= 500 and RELAY.search(_line(reply)):
            text = f"{host} takes no mails for {settings.support.mail} from this machine ({code} {_line(reply)})"
            return Trouble(
                text,
                f"let this machine send through {host} (mynetworks in Postfix), or smtp_user and smtp_password_file",
            )
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.rset()
    return None


def _refused(notifications: Notifications, error: Exception, level: Level) -> Finding:
    if reason := refusal(str(error)):
        # No login: with a strict setting, this server must not receive the password.
        lenient = notifications.model_copy(update={"smtp_tls_strict": False, "smtp_user": ""})
        return refused_certificate(
            SERVER,
            reason,
            "notifications.smtp_tls_strict",
            is_accepted=lambda: _answers(lenient),
            otherwise=service_fix(reason),
        )
    trouble = _trouble(notifications, error)
    effect = (
        "nobody who needs a code by mail can reset a password" if level is Level.FAIL else "mails wait in the spool"
    )
    return Finding(level, SERVER, f"{trouble.text}: {effect}", trouble.hint)


def _answers(notifications: Notifications) -> bool:
    try:
        with connected(notifications, SMTP_SECONDS):
            return True
    except (smtplib.SMTPException, OSError):
        return False


def _trouble(notifications: Notifications, error: Exception) -> Trouble:
    if isinstance(error, smtplib.SMTPException):
        return _answered(notifications, error)
    host, port = notifications.smtp_host, notifications.smtp_port
    trouble = connection_trouble(error, host, port)
    if isinstance(error, ssl.SSLError) and "without TLS" in trouble.text:
        return Trouble(trouble.text, 'smtp_security = "starttls" (ports 25 and 587), or the port for "tls": 465')
    if isinstance(error, ConnectionRefusedError):
        return Trouble(trouble.text, "start the mail server there, or smtp_port: 25, 587 for starttls, 465 for tls")
    return trouble


def _answered(notifications: Notifications, error: smtplib.SMTPException) -> Trouble:
    """Return what an answer of the mail server means."""
    place, security = f"{notifications.smtp_host}:{notifications.smtp_port}", notifications.smtp_security
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code not in AUTHENTICATE:
        text = f"{place} refuses {notifications.smtp_user} or its password ({error.smtp_code})"
        return Trouble(text, "notifications.smtp_user, and its password in notifications.smtp_password_file")
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Trouble(f"{place} takes a password over TLS only", _authentication_hint(notifications))
    if "STARTTLS" in str(error):
        hint = 'smtp_security = "tls" and smtp_port = 465, or turn STARTTLS on there'
        return Trouble(f"{place} does not offer STARTTLS", hint)
    if isinstance(error, smtplib.SMTPNotSupportedError) or "authentication method" in str(error):
        return Trouble(f"{place} offers no authentication that can be used", _authentication_hint(notifications))
    if isinstance(error, smtplib.SMTPResponseException):
        text = f"{place} refuses this machine ({error.smtp_code} {_line(error.smtp_error)})"
        return Trouble(text, "let this machine use that server: its log says why it is refused")
    if "timed out" in str(error) and security != "tls":
        hint = 'smtp_security = "tls" if it is port 465; else the mail server is too busy to answer'
        return Trouble(f"{place} accepts the connection and says nothing", hint)
    hint = 'smtp_security = "tls" if it is port 465; else its log says why it refuses this machine'
    return Trouble(f"{place} closes the connection", hint if security != "tls" else "its log says why")


def _authentication_hint(notifications: Notifications) -> str:
    if notifications.smtp_security == "none":
        return 'smtp_security = "starttls" (port 587): most servers take passwords over TLS only'
    if notifications.smtp_user:
        return "no smtp_user if this server takes mails of this machine without it; else its port for clients, 587"
    return "notifications.smtp_user and smtp_password_file: this server takes mails of known users only"


def _line(reply: bytes | str) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())[:200]
