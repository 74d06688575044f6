"""The directory's settings with the account of another process instead of the web service's account."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from gateway.settings import Directory, Settings
from gateway.settings.loader import SettingProblem, SettingsError, read_secret


def workers_directory(settings: Settings, source: Path | None = None) -> Directory:
    """Return the directory's settings for the account of `mamia sync`.

    `source` is the settings' file, for messages. Raises SettingsError if account or password is missing.
    """
    workstation = settings.workstation
    if workstation.bind_dn is None or workstation.bind_password_file is None:
        missing = [
            SettingProblem(f"workstation.{key}", "is missing: the worker's own account in the directory")
            for key in ("bind_dn", "bind_password_file")
            if getattr(workstation, key) is None
        ]
        raise SettingsError(str(source or "the settings"), missing)
    password = read_secret(workstation.bind_password_file, "workstation.bind_password_file")
    return bound_as(settings.directory, workstation.bind_dn, password)


def capturing_directory(settings: Settings, source: Path | None = None) -> Directory:
    """Return the settings of the slapd that reports changes, for the account of `mamia capture`.

    `source` is the settings' file, for messages. Raises SettingsError if socket, account or password is missing.
    """
    capture = settings.capture
    if capture.socket is None or capture.bind_dn is None or capture.bind_password_file is None:
        missing = SettingProblem(
            "capture.socket", "is missing: the socket on which slapd's overlay reports writes (docs/capture.md)"
        )
        raise SettingsError(str(source or "the settings"), [missing])
    password = read_secret(capture.bind_password_file, "capture.bind_password_file")
    directory = bound_as(settings.directory, capture.bind_dn, password)
    return directory.model_copy(update={"servers": [settings.capture_server], "read_servers": []})


def helpdesks_directory(settings: Settings) -> Directory | None:
    """Return the directory's settings for the helpdesk's account; None if the settings name none."""
    helpdesk = settings.helpdesk
    if helpdesk.bind_dn is None:
        return None
    return bound_as(settings.directory, helpdesk.bind_dn, SecretStr(helpdesk.password))


def reminding_directory(settings: Settings, source: Path | None = None) -> Directory:
    """Return the directory's settings for the account of `mamia remind`.

    `source` is the settings' file, for messages. Raises SettingsError if account or password is missing.
    """
    reminders = settings.reminders
    if reminders.bind_dn is None or reminders.bind_password_file is None:
        missing = SettingProblem("reminders.bind_dn", "is missing: the reminders' own account in the directory")
        raise SettingsError(str(source or "the settings"), [missing])
    password = read_secret(reminders.bind_password_file, "reminders.bind_password_file")
    return bound_as(settings.directory, reminders.bind_dn, password)


def bound_as(directory: Directory, dn: str, password: SecretStr) -> Directory:
    """Return the same directory, for the account `dn`."""
    return directory.model_copy(update={"bind_dn": dn, "bind_password": password})
