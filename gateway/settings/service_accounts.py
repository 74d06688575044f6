"""The directory with another account in the place of the web service's: each process has one of its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from gateway.settings import Directory, Settings
from gateway.settings.loader import Fault, SettingsError, read_secret


def workers_directory(settings: Settings, source: Path | None = None) -> Directory:
    """For the account of `mamia sync`; `source` is the settings' file, for messages. Raises SettingsError."""
    workstation = settings.workstation
    if workstation.bind_dn is None or workstation.bind_password_file is None:
        missing = [
            Fault(f"workstation.{key}", "is missing: the worker's own account in the directory")
            for key in ("bind_dn", "bind_password_file")
            if getattr(workstation, key) is None
        ]
        raise SettingsError(str(source or "the settings"), missing)
    password = read_secret(workstation.bind_password_file, "workstation.bind_password_file")
    return bound_as(settings.directory, workstation.bind_dn, password)


def capturing_directory(settings: Settings, source: Path | None = None) -> Directory:
    """The slapd that announces, for the account of `mamia capture`; `source` as above. Raises SettingsError."""
    capture = settings.capture
    if capture.socket is None or capture.bind_dn is None or capture.bind_password_file is None:
        missing = Fault("capture.socket", "is missing: where slapd's overlay announces changes (docs/capture.md)")
        raise SettingsError(str(source or "the settings"), [missing])
    password = read_secret(capture.bind_password_file, "capture.bind_password_file")
    directory = bound_as(settings.directory, capture.bind_dn, password)
    return directory.model_copy(update={"servers": [settings.capture_server], "read_servers": []})


def bound_as(directory: Directory, dn: str, password: SecretStr) -> Directory:
    """The same servers, for that account."""
    return directory.model_copy(update={"bind_dn": dn, "bind_password": password})
