"""The users under which the three processes run, and what each may do with a file, whoever runs the check."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

WEB, WORKER, LISTENER = "mamia", "mamia-sync", "mamia-capture"
"""The users of deploy/systemd/mamia.sysusers."""
NAMES: dict[str, str] = {}
"""Where a process runs under another user than the one above: its name there."""
TEST_SECONDS = 5


@dataclass(frozen=True, slots=True)
class ProcessUser:
    """A user and what it may do with files."""

    name: str
    """As /etc/passwd has it."""
    is_known: bool
    """Whether this machine has the process's own user; otherwise this one is who runs the check."""
    uid: int
    gid: int
    groups: tuple[int, ...] = ()

    def may(self, rights: str, path: Path) -> bool:
        """Return whether it may do `rights` ("r", "w", "x", together "wx") with `path`. Nothing is opened or made.

        Another user is tried by a program that runs as that user, so that ACLs and parent folders count too.
        """
        if os.geteuid() != 0 or self.uid == 0:
            modes = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}
            return all(os.access(path, modes[right], effective_ids=True) for right in rights)
        words = [word for right in rights for word in ("-a", f"-{right}", str(path))][1:]
        done = subprocess.run(
            ["test", *words], user=self.uid, group=self.gid, extra_groups=self.groups, check=False, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=TEST_SECONDS,
        )  # fmt: skip
        return done.returncode == 0

    @property
    def group(self) -> str:
        """Return the name of its first group."""
        try:
            return grp.getgrgid(self.gid).gr_name
        except KeyError:
            return str(self.gid)


def process_user(name: str) -> ProcessUser:
    """Return the process's user `name`, or who runs the check if there is no such user here, or root does not ask.

    Only root can try what another user may do.
    """
    own = os.geteuid()
    try:
        found = pwd.getpwnam(NAMES.get(name, name))
    except KeyError:
        return _own_user()
    if own not in (0, found.pw_uid):
        return _own_user()
    groups = tuple(os.getgrouplist(found.pw_name, found.pw_gid))
    return ProcessUser(found.pw_name, is_known=True, uid=found.pw_uid, gid=found.pw_gid, groups=groups)


def _own_user() -> ProcessUser:
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return ProcessUser(name, is_known=False, uid=uid, gid=os.getegid(), groups=tuple(os.getgroups()))
