"""The checks of this machine and of the services beside the directory, in the order of `mamia check`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gateway.checks.academy import check_academy, check_captcha
from gateway.checks.agent_pages import check_agent_pages
from gateway.checks.audit_destination import check_audit
from gateway.checks.charter import check_charter
from gateway.checks.events import check_events
from gateway.checks.finding import Finding, fail, ok
from gateway.checks.host_names import check_host_names
from gateway.checks.http_services import check_http_services
from gateway.checks.keys import check_keys, check_secret_keys
from gateway.checks.legal import check_legal, check_retention
from gateway.checks.listening import check_listening
from gateway.checks.mail import check_mail
from gateway.checks.nginx import check_nginx
from gateway.checks.private_files import check_private_files, check_settings_file
from gateway.checks.recovery import check_recovery
from gateway.checks.reminder_runs import check_reminder_runs
from gateway.checks.sandbox import check_sandbox
from gateway.checks.second_factor import check_second_factor
from gateway.checks.site_certificate import check_site_certificate
from gateway.checks.store import check_store
from gateway.checks.store_memory import check_store_memory, check_store_persistence
from gateway.checks.system import check_data_folder, check_system
from gateway.checks.templates import check_templates
from gateway.checks.webhooks import check_webhooks
from gateway.settings import Settings

Check = Callable[[Settings], Iterator[Finding]]


def check_machine(settings: Settings, config: Path | None = None) -> Iterator[Finding]:
    """Yield the findings about this machine and its services.

    `config`: the file with the settings; None for the default one.
    """
    yield ok("settings", "complete and consistent")
    yield from _guarded("settings", lambda: check_settings_file(settings, config))
    for subject, check in _checks():
        yield from _guarded(subject, partial(check, settings))
    yield from check_data_folder()


def _checks() -> Iterator[tuple[str, Check]]:
    """Yield each check with the subject under which its own failure is reported."""
    yield "web.secret_keys", check_secret_keys
    yield "files with secrets", check_private_files
    yield "rate_limits.store", lambda settings: iter([check_store(settings)])
    yield "rate_limits.store: memory", check_store_memory
    yield "rate_limits.store: persistence", check_store_persistence
    yield "events.keep_days", check_events
    yield "HTTP services", check_http_services
    yield "second_factor", check_second_factor
    yield "helpdesk", check_agent_pages
    yield "recovery.methods", check_recovery
    yield "charter.url", check_charter
    yield "reminders", check_reminder_runs
    yield "notifications", check_mail
    yield "webhooks", check_webhooks
    yield "audit", check_audit
    yield "web.allowed_hosts", check_host_names
    yield "web.port", check_listening
    yield "nginx", check_nginx
    yield "certificate of the site", check_site_certificate
    yield "web.templates", check_templates
    yield "captcha", check_captcha
    yield "the worker's keys", check_keys
    yield "academy", check_academy
    yield "legal", check_legal
    yield "audit.retention_days", check_retention
    yield "this machine", check_system
    yield "systemd units", check_sandbox


def _guarded(subject: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield the findings of `check`; if it fails itself, one that says so, because the other checks still help."""
    try:
        yield from check()
    except Exception as error:
        # The text of an exception could contain a secret; the lines of the traceback contain none.
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = f"this check failed itself: {type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
        yield fail(subject, text, "report this line, with the section of the settings but without its secrets")
