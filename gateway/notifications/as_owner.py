"""Work of root in a folder of the service, which must not be able to lead it elsewhere by a link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def as_owner_of(folder: Path) -> Iterator[None]:
    """Act with the rights of the folder's owner if this process is root's, as commands may be. Raises OSError.

    What is written belongs to the owner, so that the service can read and remove it, and a link in the folder leads
    only where the owner has a right. The rights are those of all threads meanwhile.
    """
    place = folder
    while not os.path.lexists(place):
        place = place.parent
    owner = place.lstat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        yield
        return
    group, groups = os.getegid(), os.getgroups()
    os.setgroups([])
    os.setegid(owner.st_gid)
    os.seteuid(owner.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)
