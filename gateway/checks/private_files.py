"""Checks of the files with secrets: who may read them, and whether the process that needs one can read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import can_read
from gateway.checks.process_users import LISTENER, WEB, WORKER, ProcessUser, process_user
from gateway.checks.secret_text import check_secret_text
from gateway.needs import needs_of
from gateway.needs.machine import CAPTURE, REMIND, SERVE, SYNC
from gateway.settings import PREFIX, Settings
from gateway.settings.loader import WEB_SECRETS, settings_file

SUBJECT = "files with secrets"
USERS = {SERVE: WEB, SYNC: WORKER, CAPTURE: LISTENER, REMIND: WEB}
"""Process → the name of its user in deploy/systemd."""
READER_GROUP = "mamia-read"
"""The group of all three processes, which read the settings (deploy/systemd/mamia.sysusers)."""
OTHERS = 0o027


@dataclass(frozen=True, slots=True)
class _Private:
    """A file with a secret, and the process that needs it."""

    file: Path
    user: ProcessUser
    is_shared: bool = False
    """Whether another process needs it too."""

    @property
    def fix(self) -> str:
        """Return the commands after which only root and the process can read it."""
        if not self.user.is_known:
            return self._fix_for_this_process()
        group = READER_GROUP if self.is_shared else self.user.group
        return f"chown root:{group} {self.file} && chmod 640 {self.file}"

    def _fix_for_this_process(self) -> str:
        """Return the commands where no user of ours is known, as in a container: this process must still read it."""
        user = os.geteuid()
        command = f"chmod 600 {self.file}"
        if user not in (0, self.file.stat().st_uid):
            command = f"chown {user} {self.file} && chmod 400 {self.file}"
        if os.statvfs(self.file).f_flag & os.ST_RDONLY:
            return f"{command}, as root where the file that is mounted here comes from"
        return command


def check_private_files(settings: Settings) -> Iterator[Finding]:
    """Check that each process can read its secrets, and other users cannot."""
    files = [one for one in _files(settings) if can_read(one.file)]
    found = [*_open(files), *_unreadable(files), *_of_other_users(files), *_of_worker(settings)]
    found += [finding for one in files for finding in check_secret_text(one.file)]
    if found or files:
        yield from found or [ok(SUBJECT, "only their owners and groups may read them")]


def _files(settings: Settings) -> Iterator[_Private]:
    secrets = [need for need in needs_of(settings).files if need.is_secret]
    for need in secrets:
        readers = {other.process for other in secrets if other.path == need.path}
        yield _Private(need.path, process_user(USERS[need.process]), is_shared=len(readers) > 1)


def _workers(settings: Settings) -> list[Path]:
    """Return the secrets of the worker alone."""
    secrets = [need for need in needs_of(settings).files if need.is_secret]
    shared = {need.path for need in secrets if need.process != SYNC}
    return [need.path for need in secrets if need.process == SYNC and need.path not in shared]


def _open(files: list[_Private]) -> Iterator[Finding]:
    open_ones = [one for one in files if stat.S_IMODE(one.file.stat().st_mode) & OTHERS]
    if open_ones:
        names = ", ".join(str(one.file) for one in open_ones)
        yield warn(SUBJECT, f"users other than owner and group may read or change {names}", _fix(open_ones))


def _fix(files: list[_Private]) -> str:
    return "; ".join(one.fix for one in files)


def _unreadable(files: list[_Private]) -> Iterator[Finding]:
    for one in files:
        if one.user.is_known and not one.user.may("r", one.file):
            yield fail(SUBJECT, f"{one.user.name} can't read {one.file}, so its process does not start", one.fix)


def _of_other_users(files: list[_Private]) -> Iterator[Finding]:
    for one in files:
        owner = one.file.stat().st_uid
        if one.user.is_known and owner not in (0, one.user.uid):
            text = f"{one.file} belongs to the user with the number {owner}, who can replace it"
            yield warn(SUBJECT, text, one.fix)


def _of_worker(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per secret of the worker that the web service's user can read."""
    web, worker = process_user(WEB), process_user(WORKER)
    if not web.is_known or web.uid == worker.uid:
        return
    for file in _workers(settings):
        if file.exists() and web.may("r", file):
            text = f"{web.name} may read {file}: whoever breaks into the web service gets what waits for the worker"
            # Where no worker runs on this machine, its secrets have no business here.
            fix = _Private(file, worker).fix if worker.is_known else f"rm {file}, after it is on the worker's machine"
            yield fail(SUBJECT, text, fix)


def check_settings_file(settings: Settings, config: Path | None) -> Iterator[Finding]:
    """Check that secrets in the settings themselves are shared with nobody.

    `config`: the file that was read; None for the default one.
    """
    file = config or settings_file()
    inline = _inline_secrets(settings)
    if inline and settings.workstation.targets:
        text = f"{', '.join(inline)}: in the settings themselves, which worker and listener read too"
        hint = "a file of its own for each (bind_password_file, …), or the web service's environment"
        yield warn("secrets in the settings", text, hint)
    if inline and file.is_file() and stat.S_IMODE(file.stat().st_mode) & stat.S_IRWXO:
        user = process_user(WEB)
        owner = f"chown root:{READER_GROUP} {file} && chmod 640" if user.is_known else "chmod 600"
        yield warn("settings", f"everybody on this machine may read {', '.join(inline)} in {file}", f"{owner} {file}")
    if file.is_file() and stat.S_IMODE(file.stat().st_mode) & stat.S_IWOTH:
        yield fail("settings", f"everybody on this machine may change {file}", f"chmod o-w {file}")
    yield from _environment()


def _inline_secrets(settings: Settings) -> list[str]:
    sections = [(section, key, getattr(settings, section)) for section, key in WEB_SECRETS]
    inline = [
        f"{section}.{key}"
        for section, key, values in sections
        if getattr(values, key) and not getattr(values, f"{key}_file") and _variable(section, key) not in os.environ
    ]
    store = urlsplit(settings.rate_limits.store)
    if (store.password or "password=" in store.query) and _variable("rate_limits", "store") not in os.environ:
        inline.append("rate_limits.store")
    return inline


def _environment() -> Iterator[Finding]:
    named = [_variable(section, key) for section, key in WEB_SECRETS if _variable(section, key) in os.environ]
    if named:
        text = f"{', '.join(named)}: each program that is started from there gets them, and /proc shows them"
        hint = (
            f"a file, named by {', '.join(f'{name}_FILE' for name in named)}, and no variable with the secret itself"
        )
        yield warn("secrets in the environment", text, hint)


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper()
