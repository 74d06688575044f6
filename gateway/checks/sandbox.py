"""Checks of the systemd units on this machine: what a process must read or write, its unit must not hide.

Rights of files say nothing of it: a unit with ProtectSystem=strict sees a read-only disk, but for some folders.
"""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.checks.finding import Finding, fail, ok
from gateway.checks.private_files import READER_GROUP
from gateway.checks.process_users import process_user
from gateway.settings import Settings
from gateway.settings.loader import CONFIG_VARIABLE
from gateway.targets import secret_file

FOLDER = Path("/etc/systemd/system")
"""What an administrator wrote: a unit here hides the package's one of the same name (systemd.unit(5))."""
PACKAGED_FOLDER = Path("/usr/lib/systemd/system")
WEB_UNIT, WORKER_UNIT = "mamia.service", "mamia-sync.service"
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome=yes hides (systemd.exec(5))."""
PRIVATE = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - nothing is made there
"""What PrivateTmp=yes replaces by folders of the unit's own."""
PLACES = {
    "LogsDirectory": "/var/log",
    "StateDirectory": "/var/lib",
    "RuntimeDirectory": "/run",
    "CacheDirectory": "/var/cache",
}
ON = ("yes", "true", "1", "on")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit and its drop-ins: each key with all its values, in order."""

    name: str
    values: dict[str, list[str]]

    def last(self, key: str) -> str:
        return next(reversed(self.values.get(key, [])), "")

    def hides(self, path: Path) -> bool:
        """Return whether the process cannot see `path`."""
        homes = HOMES if self.last("ProtectHome").lower() in (*ON, "tmpfs") else ()
        temporary = PRIVATE if self.last("PrivateTmp").lower() in ON else ()
        return _is_below(path, (*homes, *temporary))

    def can_write(self, path: Path) -> bool:
        """Return whether the process's disk is writable at `path`, whatever the rights of the file are."""
        if self.last("ProtectSystem").lower() != "strict":
            return True
        named = [Path(word.lstrip("-+")) for line in self.values.get("ReadWritePaths", []) for word in line.split()]
        made = [
            Path(place) / word.partition(":")[0]
            for key, place in PLACES.items()
            for line in self.values.get(key, [])
            for word in line.split()
        ]
        return _is_below(path, (*named, *made, *PRIVATE, Path("/dev"), Path("/proc"), Path("/sys")))


def _is_below(path: Path, folders: tuple[Path, ...]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def check_sandbox(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the units of the web service and the worker, as far as they are installed here."""
    audit = settings.audit.file if settings.audit.destination == "file" else None
    web, workstation = settings.web, settings.workstation
    read = [
        settings.directory.bind_password_file, settings.directory.ca_file, web.secret_keys_file, web.templates,
        settings.academy.logo, settings.notifications.smtp_password_file,
        settings.rate_limits.store_password_file, settings.second_factor.sms_gateway_token_file,
        workstation.public_key_file, settings.webhooks.secret_file, settings.helpdesk.bind_password_file,
    ]  # fmt: skip
    written = [
        audit,
        settings.notifications.spool,
        settings.webhooks.spool,
        web.socket.parent if web.socket else None,
    ]
    yield from _check(WEB_UNIT, read, written)
    secrets = [secret_file(target) for target in workstation.targets.values()]
    read = [*workstation.private_key_files, workstation.bind_password_file, settings.directory.ca_file, *secrets]
    spool = variable_of_unit(WORKER_UNIT, "MAMIA_WEBHOOKS__SPOOL") if settings.webhooks.is_on else None
    yield from _check(
        WORKER_UNIT,
        [*read, settings.webhooks.secret_file],
        [workstation.state_folder, Path(spool) if spool else None],
    )


def variable_of_unit(name: str, variable: str) -> str | None:
    """Return the value that a unit gives to a variable of its process; None without the unit, "" without a value."""
    unit = _read_unit(name)
    if unit is None:
        return None
    lines = [line.strip('"') for line in unit.values.get("Environment", [])]
    return next((line.partition("=")[2] for line in reversed(lines) if line.startswith(f"{variable}=")), "")


def _check(name: str, read: list[Path | None], written: list[Path | None]) -> Iterator[Finding]:
    unit = _read_unit(name)
    if unit is None:
        return
    found = [
        *_start(unit),
        *_hidden(unit, [path for path in (*read, *written) if path]),
        *_unwritable(unit, [p for p in written if p]),
    ]
    yield from found or [ok(f"unit {name}", "it lets the process see and write what it needs")]


def _start(unit: _Unit) -> Iterator[Finding]:
    """Yield findings about user, program and settings of the unit, without which it does not start."""
    subject = f"unit {unit.name}"
    name, command = unit.last("User"), unit.last("ExecStart").lstrip("-+!@:").split()
    user = process_user(name)
    if name and not _exists(name):
        hint = "systemd-sysusers mamia.conf makes it (the package has that file; else deploy/systemd/mamia.sysusers)"
        yield fail(subject, f"its user {name} does not exist, so it does not start", hint)
    if command and not Path(command[0]).exists():
        hint = (
            f"install the program there (docs/install.md), or ExecStart= with its path by systemctl edit {unit.name}"
        )
        yield fail(subject, f"its program {command[0]} does not exist, so it does not start", hint)
    named = [
        line.removeprefix(f"{CONFIG_VARIABLE}=")
        for line in unit.values.get("Environment", [])
        if line.startswith(CONFIG_VARIABLE)
    ]
    for file in map(Path, named[-1:]):
        if not file.exists():
            text = f"its settings {file} do not exist, so it does not start"
            yield fail(subject, text, f"write {file} (docs/install.md)")
        elif user.is_known and not user.may("r", file):
            hint = f"chown root:{READER_GROUP} {file} && chmod 640 {file}, with {name} in that group"
            yield fail(subject, f"{name} can't read its settings {file}, so it does not start", hint)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _hidden(unit: _Unit, paths: list[Path]) -> Iterator[Finding]:
    for path in dict.fromkeys(paths):
        if unit.hides(path.absolute()):
            text = f"it hides {path} from its process (ProtectHome, PrivateTmp), whatever the file's rights are"
            yield fail(
                f"unit {unit.name}",
                text,
                f"move {path} to /etc/mamia or /var/lib/mamia, and name it there in the settings",
            )


def _unwritable(unit: _Unit, paths: list[Path]) -> Iterator[Finding]:
    for path in paths:
        if not unit.hides(path.absolute()) and not unit.can_write(path.absolute()):
            folder = path if not path.suffix else path.parent
            text = f"{path} is on a read-only disk for its process (ProtectSystem=strict): it does not start"
            hint = (
                f"ReadWritePaths={folder} by systemctl edit {unit.name}, then systemctl daemon-reload; or a path "
                "below /var/log/mamia (audit) or /var/lib/mamia (the rest)"
            )
            yield fail(f"unit {unit.name}", text, hint)


def _read_unit(name: str) -> _Unit | None:
    """Return the unit of the administrator, else of the package; None if there is none that can be read."""
    file = next((one for one in (FOLDER / name, PACKAGED_FOLDER / name) if one.is_file()), None)
    if file is None:
        return None
    values: dict[str, list[str]] = {}
    for part in (file, *sorted((FOLDER / f"{name}.d").glob("*.conf"))):
        try:
            lines = part.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            key, equals, value = line.strip().partition("=")
            if equals and not line.lstrip().startswith(("#", ";")):
                values.setdefault(key.strip(), []).append(value.strip())
    return _Unit(name, values)
