"""A script that the store runs, called with little work around each call."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from redis import Redis, RedisError


class StoredScript:
    """A Lua script, called over connections that are kept for it.

    The client library looks up a connection, a policy and a way to try again for each call, which takes as long as
    the call itself. Here a call sends one command and reads one answer. Whatever else happens is left to the library:
    the first calls, a connection that the store closed meanwhile, a script that the store no longer has.

    The connections must not cross a fork. They are opened by calls, so a process that serves has its own.
    """

    def __init__(self, client: Redis, text: str) -> None:
        self._usual = client.register_script(text)
        self._pool: Any = client.connection_pool
        self._idle: deque[Any] = deque()

    def __call__(self, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        """Return the script's answer. Raises RedisError.

        A call whose answer was lost is sent again, as the library does: it may be counted twice.
        """
        try:
            line = self._idle.pop()
        except IndexError:
            return self._call_and_keep_a_line(keys, arguments)
        try:
            line.send_command("EVALSHA", self._usual.sha, len(keys), *keys, *arguments)
            answer = line.read_response()
        except RedisError:
            line.disconnect()
            return self._call_and_keep_a_line(keys, arguments)
        self._idle.append(line)
        return answer

    def _call_and_keep_a_line(self, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        answer = self._usual(keys, arguments)
        with suppress(RedisError):
            line = self._pool.connection_class(**self._pool.connection_kwargs)
            line.connect()
            self._idle.append(line)
        return answer
