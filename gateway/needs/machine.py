"""What the processes need outside the directory: other services, files and folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.needs.model import FileNeed, FileUse, Part, Service
from gateway.needs.web import PASSWORDS, PEOPLE_PARTS
from gateway.settings import ActiveDirectoryTarget, KerberosTarget, Settings

SERVE, SYNC, CAPTURE, REMIND = "mamia serve", "mamia sync", "mamia capture", "mamia remind"
WAITS = "passwords wait"
WORKERS_SPOOL = Path("/var/lib/mamia-sync/webhooks")
"""What the worker's unit names (deploy/systemd/mamia-sync.service)."""
WEBHOOK_PARTS = (*PASSWORDS, Part.WORKER)


def services(settings: Settings) -> Iterator[Service]:
    """Yield the services that the settings name, besides the directory."""
    limits, mails, codes = settings.rate_limits, settings.notifications, settings.second_factor
    if not limits.store.startswith("memory:"):
        what = "EVALSHA, SET, GET, EXPIRE, HSET, INFO, DBSIZE: counts and used tickets, never evicted"
        yield Service(
            "rate_limits.store", limits.store.rpartition("@")[2], PEOPLE_PARTS, what, "people are refused (503)"
        )
        if settings.events.is_on:
            what = "EVALSHA, LRANGE, LPUSH, HINCRBY, HGETALL, EXPIRE: the last tries of people, and counts by day"
            address = limits.store.rpartition("@")[2]
            yield Service("events.keep_days", address, PEOPLE_PARTS, what, "events are in the audit only")
    if mails.spool and mails.smtp_host:
        address = f"{mails.smtp_host}:{mails.smtp_port}"
        yield Service("notifications.smtp_host", address, (Part.NOTIFICATIONS,), "mails", "mails wait in the spool")
    if codes.sms_gateway_url:
        without = "no code arrives, so nobody resets a password by phone; notices wait in the spool"
        address, parts = codes.sms_gateway_url, (Part.SECOND_FACTOR, Part.RECOVERY)
        what = "POST of a code, or of a notice about recovery methods"
        yield Service("second_factor.sms_gateway_url", address, parts, what, without)
    if settings.password.pwned_url:
        what = "GET of the hashes that begin as this one"
        yield Service("password.pwned_url", settings.password.pwned_url, PASSWORDS, what, "no such check")
    if settings.webhooks.is_on:
        what = "POST of a signed event"
        yield Service("webhooks.url", settings.webhooks.origin, WEBHOOK_PARTS, what, "events wait")
    if settings.audit.destination == "syslog":
        yield Service("audit.syslog", settings.audit.syslog, PEOPLE_PARTS, "one line per event", "lines are lost")
    yield from _targets(settings)


def _targets(settings: Settings) -> Iterator[Service]:
    for name, target in settings.workstation.targets.items():
        where = f"workstation.targets.{name}"
        if isinstance(target, ActiveDirectoryTarget):
            what = "search of the account, Modify of unicodePwd"
            yield Service(f"{where}.servers", ", ".join(target.servers), (Part.WORKER,), what, WAITS)
        elif isinstance(target, KerberosTarget):
            yield Service(f"{where}.realm", target.realm, (Part.WORKER,), "kadmin: change of a password", WAITS)


def files(settings: Settings) -> Iterator[FileNeed]:
    """Yield the files and folders that the settings name."""
    yield from _of_web(settings)
    workstation, capture = settings.workstation, settings.capture
    yield from _secret("workstation.bind_password_file", workstation.bind_password_file, SYNC)
    for file in workstation.private_key_files:
        yield from _secret("workstation.private_key_files", file, SYNC)
    for name, target in workstation.targets.items():
        where = f"workstation.targets.{name}"
        if isinstance(target, ActiveDirectoryTarget):
            yield from _secret(f"{where}.bind_password_file", target.bind_password_file, SYNC)
            yield from _read(f"{where}.ca_file", target.ca_file, SYNC)
        elif isinstance(target, KerberosTarget):
            yield from _secret(f"{where}.keytab_file", target.keytab_file, SYNC)
            yield from _read(f"{where}.krb5_conf", target.krb5_conf, SYNC)
    if workstation.state_folder:
        yield FileNeed("workstation.state_folder", workstation.state_folder, SYNC, FileUse.FOLDER)
    yield from _secret("reminders.bind_password_file", settings.reminders.bind_password_file, REMIND)
    yield from _of_workers_webhooks(settings)
    yield from _secret("capture.bind_password_file", capture.bind_password_file, CAPTURE)
    if capture.socket:
        yield FileNeed("capture.socket", capture.socket, "slapd", FileUse.CONNECT)


def _of_workers_webhooks(settings: Settings) -> Iterator[FileNeed]:
    if settings.webhooks.is_on and settings.workstation.targets:
        yield from _secret("webhooks.secret_file", settings.webhooks.secret_file, SYNC)
        yield FileNeed("MAMIA_WEBHOOKS__SPOOL", WORKERS_SPOOL, SYNC, FileUse.FOLDER)


def _of_web(settings: Settings) -> Iterator[FileNeed]:
    directory, web, mails = settings.directory, settings.web, settings.notifications
    yield from _secret("directory.bind_password_file", directory.bind_password_file, SERVE)
    yield from _read("directory.ca_file", directory.ca_file, SERVE)
    yield from _secret("web.secret_keys_file", web.secret_keys_file, SERVE)
    yield from _read("web.templates", web.templates, SERVE)
    yield from _read("academy.logo", settings.academy.logo, SERVE)
    yield from _secret("rate_limits.store_password_file", settings.rate_limits.store_password_file, SERVE)
    yield from _secret("notifications.smtp_password_file", mails.smtp_password_file, SERVE)
    yield from _secret("second_factor.sms_gateway_token_file", settings.second_factor.sms_gateway_token_file, SERVE)
    yield from _secret("helpdesk.bind_password_file", settings.helpdesk.bind_password_file, SERVE)
    yield from _read("workstation.public_key_file", settings.workstation.public_key_file, SERVE)
    if mails.spool:
        yield FileNeed("notifications.spool", mails.spool, SERVE, FileUse.FOLDER)
    yield from _secret("webhooks.secret_file", settings.webhooks.secret_file, SERVE)
    if settings.webhooks.is_on and settings.webhooks.spool:
        yield FileNeed("webhooks.spool", settings.webhooks.spool, SERVE, FileUse.FOLDER)
    if settings.audit.destination == "file" and settings.audit.file:
        yield FileNeed("audit.file", settings.audit.file, SERVE, FileUse.APPEND)


def _secret(setting: str, file: Path | None, process: str) -> Iterator[FileNeed]:
    if file:
        yield FileNeed(setting, file, process, FileUse.READ, is_secret=True)


def _read(setting: str, file: Path | None, process: str) -> Iterator[FileNeed]:
    if file:
        yield FileNeed(setting, file, process, FileUse.READ)
