"""The files that `mamia setup` writes on this machine: the settings, the secrets and the keys.

Each secret is in a file of its own with mode 0600, which belongs to the user of the process that needs it.
"""

from __future__ import annotations

import difflib
import errno
import grp
import os
import pwd
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

WEB_USER, WORKER_USER, LISTENER_USER = "mamia", "mamia-sync", "mamia-capture"
"""Users of the processes, as deploy/systemd/mamia.sysusers makes them."""
SETTINGS_GROUP = "mamia-read"
"""Group of the three users, which may read the settings."""
SECRET_MODE, PUBLIC_MODE, GROUP_MODE = 0o600, 0o644, 0o640
FOLDER_MODE, OWN_FOLDER_MODE = 0o755, 0o700
OTHERS_WRITE = 0o022


class FileState(StrEnum):
    """What writing a file would do."""

    NEW = "new"
    CHANGED = "changed"
    ACCESS = "owner or mode"
    """The content is right already; owner or mode are not."""
    SAME = "same"


class FileUnwritable(Exception):
    """A file cannot be read or written. The text names the file and the reason, and never its content."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who may read a file: mode, and the ids of owner and group. An id of -1 leaves the present one."""

    mode: int
    uid: int = -1
    gid: int = -1


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as it is to be, with the reason."""

    path: Path
    content: bytes
    access: Access
    why: str
    is_secret: bool = False
    """Its content is never shown."""

    @property
    def state(self) -> FileState:
        """Compare with the file that is there. Raises FileUnwritable if that one cannot be read."""
        try:
            held, status = self.path.read_bytes(), self.path.stat()
        except FileNotFoundError:
            return FileState.NEW
        except OSError as error:
            raise FileUnwritable(f"{self.path}: {error.strerror}") from None
        if held != self.content:
            return FileState.CHANGED
        wanted = self.access
        fits = stat.S_IMODE(status.st_mode) == wanted.mode
        fits = fits and wanted.uid in (-1, status.st_uid) and wanted.gid in (-1, status.st_gid)
        return FileState.SAME if fits else FileState.ACCESS

    def difference(self) -> Iterator[str]:
        """Yield lines for people: what writing would change. Nothing if the file is right already."""
        state = self.state
        if state is FileState.SAME:
            return
        yield f"{self.path}  ({state}; {self.why}; {self.describe_access()})"
        if not self.is_secret and state in (FileState.NEW, FileState.CHANGED):
            yield from self._changed_lines()

    def _changed_lines(self) -> Iterator[str]:
        old = self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""
        lines = difflib.unified_diff(
            old.splitlines(), self.content.decode("utf-8", "replace").splitlines(), n=1, lineterm=""
        )
        for line in lines:
            if not line.startswith(("---", "+++")):
                yield f"    {line}"

    def describe_access(self) -> str:
        """Return mode and owner as `ls` shows them."""
        owner = _name(self.access.uid, _user_name) or "present owner"
        group = _name(self.access.gid, _group_name)
        return f"{self.access.mode:04o} {owner}{':' + group if group else ''}"

    def write(self) -> None:
        """Write the file in one step, so that nobody ever sees half of it or may read it too early.

        Raises FileUnwritable.
        """
        try:
            self._write()
        except OSError as error:
            raise FileUnwritable(f"{self.path}: {error.strerror or error}") from None

    def _write(self) -> None:
        make_folder(self.path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self.content)
                file.flush()
                os.fsync(file.fileno())
            if self.access.uid != -1 or self.access.gid != -1:
                os.chown(name, self.access.uid, self.access.gid)
            os.chmod(name, self.access.mode)
            os.replace(name, self.path)
        except OSError:
            with suppress(OSError):
                os.unlink(name)
            raise


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, which everybody may enter. Raises OSError."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir()
        one.chmod(FOLDER_MODE)


def make_own_folder(folder: Path) -> None:
    """Make a folder that only this user enters, or make sure that one is so.

    Raises OSError, also where the folder belongs to somebody else, who could change what is in it.
    """
    folder.mkdir(mode=OWN_FOLDER_MODE, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise PermissionError(
            errno.EPERM,
            "it belongs to another user, who could change it: copy it into a folder of your own",
            str(folder),
        )
    if stat.S_IMODE(status.st_mode) != OWN_FOLDER_MODE:
        if stat.S_IMODE(status.st_mode) & OTHERS_WRITE and any(folder.iterdir()):
            raise PermissionError(
                errno.EPERM, "others could write in it: look at its files, then chmod 0700", str(folder)
            )
        folder.chmod(OWN_FOLDER_MODE)


def secret_access(user: str) -> Access:
    """Return the access of a secret that only the process of `user` needs.

    Where this machine has no such user, or this process may not give files away, the present user keeps the file.
    """
    entry = _user(user)
    if entry is None or os.geteuid() != 0:
        return Access(SECRET_MODE, os.geteuid(), os.getegid())
    return Access(SECRET_MODE, entry.pw_uid, entry.pw_gid)


def settings_access() -> Access:
    """Return the access of mamia.toml: all three processes read it, and nobody else does."""
    try:
        group = grp.getgrnam(SETTINGS_GROUP)
    except KeyError:
        return Access(SECRET_MODE, os.geteuid(), os.getegid())
    if os.geteuid() != 0:
        return Access(SECRET_MODE, os.geteuid(), os.getegid())
    return Access(GROUP_MODE, 0, group.gr_gid)


def public_access() -> Access:
    """Return the access of a file that everybody may read."""
    return Access(PUBLIC_MODE, os.geteuid(), os.getegid())


def missing_users() -> list[str]:
    """Return the users of the processes that this machine does not have."""
    return [user for user in (WEB_USER, WORKER_USER, LISTENER_USER) if _user(user) is None]


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _name(number: int, look_up: Callable[[int], str]) -> str:
    if number == -1:
        return ""
    try:
        return look_up(number)
    except KeyError:
        return str(number)


def _user_name(number: int) -> str:
    return pwd.getpwuid(number).pw_name


def _group_name(number: int) -> str:
    return grp.getgrgid(number).gr_name
