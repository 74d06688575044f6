"""What stands on this machine and beside it: secrets, store, mail server, audit, voices, keys, opening hours."""

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
from gateway.checks.here import can_read
from gateway.checks.keys import check_keys
from gateway.checks.store_memory import check_store_memory
from gateway.post.spool import connected
from gateway.protection.audit import Audit
from gateway.protection.store import Store
from gateway.settings import PREFIX, Notices, Settings
from gateway.settings.file import WEB_SECRETS
from gateway.targets import secret_file
from gateway.tls import refusal

SMTP_SECONDS = 5


def check_machine(settings: Settings) -> Iterator[Finding]:
    yield ok("settings", "complete, and nothing in them contradicts the rest")
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
    files = [
        settings.directory.bind_password_file,
        settings.web.secret_keys_file,
        settings.notices.smtp_password_file,
        settings.second_proof.hook_token_file,
        *settings.workstation.private_key_files,
        settings.workstation.bind_password_file,
        settings.capture.bind_password_file,
        *(secret_file(target) for target in settings.workstation.targets.values()),
    ]
    named = [file for file in files if file and can_read(file)]
    open_ones = [str(file) for file in named if stat.S_IMODE(file.stat().st_mode) & 0o027]
    if open_ones:
        mend = f"chmod 600 {' '.join(open_ones)}"
        yield warn("files with secrets", f"others than their owner and group may read {', '.join(open_ones)}", mend)
    elif named:
        yield ok("files with secrets", "only their owners and groups may read them")


def _shared_secrets(settings: Settings) -> Iterator[Finding]:
    """Worker and listener open no file of the web service's secrets, but they do open the settings."""
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
    store = urlsplit(settings.throttle.store)
    if (store.password or "password=" in store.query) and f"{PREFIX}THROTTLE__STORE" not in os.environ:
        loose.append("throttle.store")
    if loose:
        text = f"{', '.join(loose)}: in the settings themselves, which worker and listener read too"
        mend = "a file of its own for each (bind_password_file, …), or the web service's environment"
        yield warn("secrets in the settings", text, mend)


def check_store(settings: Settings) -> Finding:
    url = settings.throttle.store
    store = Store(url, tls_strict=settings.throttle.store_tls_strict)
    if not store.is_shared:
        return ok("throttle.store", "in this process's memory: enough for one process, forgotten at a restart")
    try:
        with store.use() as storage:
            answers = storage.check()
    except Exception as error:
        return fail("throttle.store", f"{type(error).__name__}", "without it every change and reset is refused (503)")
    if not answers:
        return fail("throttle.store", "it does not answer", "without it every change and reset is refused (503)")
    return ok("throttle.store", "answers")


def _mail(settings: Settings) -> Iterator[Finding]:
    notices = settings.notices
    if not notices.spool:
        yield warn("notices", "nobody hears by mail of a changed password", "notices.spool and notices.smtp_host")
        return
    if not os.access(notices.spool if notices.spool.exists() else notices.spool.parent, os.W_OK):
        yield fail("notices.spool", f"{notices.spool} can't be written", "give it to the service's user")
    if not notices.smtp_host:
        yield warn("notices.smtp_host", "empty: mails stay in the spool", "name the academy's mail server")
        return
    try:
        with connected(notices, SMTP_SECONDS) as server:
            server.noop()
    except (smtplib.SMTPException, OSError) as error:
        yield _mail_trouble(notices, error)
        return
    yield ok("notices.smtp_host", f"{notices.smtp_host} answers")


def _mail_trouble(notices: Notices, error: Exception) -> Finding:
    if reason := refusal(str(error)):
        # Without a login: with a strict setting, this server has not earned the password.
        lenient = notices.model_copy(update={"smtp_tls_strict": False, "smtp_user": ""})
        return refused_certificate(
            "notices.smtp_host",
            reason,
            "notices.smtp_tls_strict",
            is_accepted=lambda: _takes_mails(lenient),
            otherwise=AUTHORITY_UNKNOWN,
        )
    text = f"{notices.smtp_host}:{notices.smtp_port}: {type(error).__name__}"
    return warn("notices.smtp_host", text, "mails wait in the spool until it answers")


def _takes_mails(notices: Notices) -> bool:
    try:
        with connected(notices, SMTP_SECONDS):
            return True
    except (smtplib.SMTPException, OSError):
        return False


def _audit(settings: Settings) -> Finding:
    try:
        Audit(settings.audit).close()
    except OSError as error:
        return fail("audit", f"{settings.audit.to}: {error}", "the service does not start without its audit")
    return ok("audit", f"goes to {settings.audit.file or settings.audit.to}")


def _voice(settings: Settings) -> Finding:
    if "sound" in settings.captcha.ways and not shutil.which("espeak-ng"):
        return fail("captcha.ways", 'has "sound", and espeak-ng is not here', "apt install espeak-ng")
    if "automatic" not in settings.captcha.ways:
        text = 'has no "automatic": people who neither see nor hear can\'t pass (WCAG 2.2, 3.3.8)'
        return warn("captcha.ways", text, 'add "automatic"')
    if not settings.captcha.required:
        return warn("captcha.required", "empty: scripts can use every form", '["reset", "change"]')
    return ok(
        "captcha", f"asked for: {', '.join(settings.captcha.required)}; ways: {', '.join(settings.captcha.ways)}"
    )


def _opening_hours(settings: Settings) -> Finding:
    support, year = settings.support, datetime.now(UTC).year
    if not support.openings:
        return warn("support.openings", "none: the pages promise no helpdesk", "name its hours")
    if support.holidays:
        country, _, part = support.holidays.partition("-")
        days = holidays.country_holidays(country, subdiv=part or None, years=[year, year + 1])
        if not days:
            return warn("support.holidays", f"none are known of {support.holidays} for {year}", "update holidays")
        return ok("support", f"hours are set; {len(days)} public holidays are known for {year} and {year + 1}")
    return ok("support", "hours are set, without public holidays")
