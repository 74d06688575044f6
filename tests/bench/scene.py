"""What every comparison stands on: one slapd with its people, and Redis."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap

from tests.bench.crowd import Crowd
from tests.support.redis_server import RedisServer
from tests.support.slapd_server import SUFFIX, SlapdServer


@dataclass(frozen=True)
class Scene:
    folder: Path
    directory: SlapdServer
    redis: RedisServer
    crowd: Crowd

    def subfolder(self, name: str) -> Path:
        made = self.folder / name
        made.mkdir(mode=0o711)
        return made


@contextmanager
def scene(people: int, *, is_quick: bool) -> Iterator[Scene]:
    """`is_quick`: {SSHA}, where a hash costs next to nothing; else Argon2 as it is shipped."""
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        # Servers that give up root must reach theirs.
        folder.chmod(0o711)
        directory, redis = SlapdServer(folder / "slapd", max_size=1 << 30), RedisServer(folder)
        redis.start()
        try:
            if is_quick:
                hash_quickly(directory)
            crowd = Crowd(directory, people)
            crowd.load()
            yield Scene(folder, directory, redis, crowd)
        finally:
            redis.stop()
            directory.slapd.stop()


def hash_quickly(directory: SlapdServer) -> None:
    """{SSHA} for everybody, and for the service accounts too: whoever binds as one for each change pays for it."""
    directory.load(
        "dn: olcDatabase={-1}frontend,cn=config\nchangetype: modify\nreplace: olcPasswordHash\n"
        "olcPasswordHash: {SSHA}\n",
        as_config=True,
    )
    for account in ("gateway", "sync"):
        password = directory.slapd.password(account).encode()
        with directory.as_admin() as line:
            line.modify_s(f"cn={account},ou=services,{SUFFIX}", [(ldap.MOD_REPLACE, "userPassword", [password])])
