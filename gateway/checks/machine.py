"""Checks of this machine and its services: secrets, store, mail server, audit, voices, keys, opening hours."""

from __future__ import annotations

import os
import shutil
import smtplib
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import holidays

from gateway.checks.certificates import AUTHORITY_UNKNOWN, check_secured_services, refused_certificate
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.keys import check_keys
from gateway.checks.process_role import can_read
from gateway.checks.store_memory import check_store_memory
from gateway.notifications.spool import connected
from gateway.protection.audit import Audit
from gateway.protection.rate_limiting.store import Store
from gateway.settings import PREFIX, Notifications, Settings
from gateway.settings.consistency import uses_memory_for_people
from gateway.settings.loader import WEB_SECRETS
from gateway.targets import secret_file
from gateway.tls import refusal

SMTP_SECONDS = 5


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about this machine and its services."""
    yield ok("settings", "complete and consistent")
    yield ok("web.secret_keys", f"{len(settings.web.keys)}, all of them long enough")
    yield from check_private_files(settings)
    yield from _shared_secrets(settings)
    yield check_store(settings)
    yield from check_store_memory(settings)
    yield from check_secured_services(settings)
    yield from _mail(settings)
    yield _audit(settings)
    yield _voice(settings)
    yield from check_keys(settings)
    yield _opening_hours(settings)


def check_private_files(settings: Settings) -> Iterator[Finding]:
    """Check that other users cannot read the files with secrets."""
    files = [
        settings.directory.bind_password_file,
        settings.web.secret_keys_file,
        settings.notifications.smtp_password_file,
        settings.second_factor.sms_gateway_token_file,
        *settings.workstation.private_key_files,
        settings.workstation.bind_password_file,
        settings.capture.bind_password_file,
        *(secret_file(target) for target in settings.workstation.targets.values()),
    ]
    named = [file for file in files if file and can_read(file)]
    open_ones = [str(file) for file in named if stat.S_IMODE(file.stat().st_mode) & 0o027]
    if open_ones:
        hint = f"chmod 600 {' '.join(open_ones)}"
        yield warn("files with secrets", f"users other than owner and group may read {', '.join(open_ones)}", hint)
    elif named:
        yield ok("files with secrets", "only their owners and groups may read them")


def _shared_secrets(settings: Settings) -> Iterator[Finding]:
    """Check that the settings contain no secrets of the web service.

    Worker and listener read the settings too.
    """
    if not settings.workstation.targets:
        return
    sections = [(section, key, getattr(settings, section)) for section, key in WEB_SECRETS]
    loose = [
        f"{section}.{key}"
        for section, key, values in sections
        if getattr(values, key)
        and not getattr(values, f"{key}_file")
        and f"{PREFIX}{section}__{key}".upper() not in os.environ
    ]
    store = urlsplit(settings.rate_limits.store)
    if (store.password or "password=" in store.query) and f"{PREFIX}RATE_LIMITS__STORE" not in os.environ:
        loose.append("rate_limits.store")
    if loose:
        text = f"{', '.join(loose)}: in the settings themselves, which worker and listener read too"
        hint = "a file of its own for each (bind_password_file, …), or the web service's environment"
        yield warn("secrets in the settings", text, hint)


def check_store(settings: Settings) -> Finding:
    """Check that the store of counts and used tickets answers."""
    url = settings.rate_limits.store
    store = Store(url, tls_strict=settings.rate_limits.store_tls_strict)
    if uses_memory_for_people(settings):
        text = "in this process's memory: a restart forgets all counts, and accepts used tickets again"
        return warn(
            "rate_limits.store", text, "a redis:// or valkey:// URL; then rate_limits.allow_memory_store can go"
        )
    if not store.is_shared:
        return ok("rate_limits.store", "in this process's memory: enough for one process, forgotten at a restart")
    try:
        with store.use() as storage:
            answers = storage.check()
    except Exception as error:
        return fail(
            "rate_limits.store", f"{type(error).__name__}", "without it every change and reset is refused (503)"
        )
    if not answers:
        return fail("rate_limits.store", "it does not answer", "without it every change and reset is refused (503)")
    return ok("rate_limits.store", "answers")


def _mail(settings: Settings) -> Iterator[Finding]:
    notifications = settings.notifications
    if not notifications.spool:
        yield warn(
            "notifications",
            "people get no mail about a changed password",
            "notifications.spool and notifications.smtp_host",
        )
        return
    if not os.access(notifications.spool if notifications.spool.exists() else notifications.spool.parent, os.W_OK):
        yield fail("notifications.spool", f"{notifications.spool} can't be written", "give it to the service's user")
    if not notifications.smtp_host:
        yield warn("notifications.smtp_host", "empty: mails stay in the spool", "name the academy's mail server")
        return
    try:
        with connected(notifications, SMTP_SECONDS) as server:
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        yield _mail_trouble(notifications, error)
        return
    yield ok("notifications.smtp_host", f"{notifications.smtp_host} answers")


def _mail_trouble(notifications: Notifications, error: Exception) -> Finding:
    if reason := refusal(str(error)):
        # No login: with a strict setting, this server must not receive the password.
        lenient = notifications.model_copy(update={"smtp_tls_strict": False, "smtp_user": ""})
        return refused_certificate(
            "notifications.smtp_host",
            reason,
            "notifications.smtp_tls_strict",
            is_accepted=lambda: _takes_mails(lenient),
            otherwise=AUTHORITY_UNKNOWN,
        )
    text = f"{notifications.smtp_host}:{notifications.smtp_port}: {type(error).__name__}"
    return warn("notifications.smtp_host", text, "mails wait in the spool until it answers")


def _takes_mails(notifications: Notifications) -> bool:
    try:
        with connected(notifications, SMTP_SECONDS):
            return True
    except (smtplib.SMTPException, OSError):
        return False


def _audit(settings: Settings) -> Finding:
    try:
        Audit(settings.audit).close()
    except OSError as error:
        return fail("audit", f"{settings.audit.destination}: {error}", "the service does not start without its audit")
    file = settings.audit.file if settings.audit.destination == "file" else None
    if file and file.is_file() and file.stat().st_mode & stat.S_IRWXO:
        return warn("audit", f"everybody on this machine may read {file}", f"chmod 600 {file}")
    return ok("audit", f"goes to {settings.audit.file or settings.audit.destination}")


def _voice(settings: Settings) -> Finding:
    if "sound" in settings.captcha.methods and not shutil.which("espeak-ng"):
        return fail("captcha.methods", 'has "sound", but espeak-ng is not installed', "apt install espeak-ng")
    if "automatic" not in settings.captcha.methods:
        text = 'has no "automatic": people who neither see nor hear can\'t pass (WCAG 2.2, 3.3.8)'
        return warn("captcha.methods", text, 'add "automatic"')
    if not settings.captcha.required:
        return warn("captcha.required", "empty: scripts can use every form", '["reset", "change"]')
    return ok(
        "captcha", f"required: {', '.join(settings.captcha.required)}; methods: {', '.join(settings.captcha.methods)}"
    )


def _opening_hours(settings: Settings) -> Finding:
    support, year = settings.support, datetime.now(UTC).year
    if not support.openings:
        return warn(
            "support.openings", "none: the pages show no hours of the helpdesk", "set the hours of the helpdesk"
        )
    if support.holidays:
        country, _, part = support.holidays.partition("-")
        days = holidays.country_holidays(country, subdiv=part or None, years=[year, year + 1])
        if not days:
            return warn("support.holidays", f"none are known of {support.holidays} for {year}", "update holidays")
        return ok("support", f"hours are set; {len(days)} public holidays are known for {year} and {year + 1}")
    return ok("support", "hours are set, without public holidays")
