"""Server of the Unix socket to which slapd's sock overlay connects before each write (slapd-sock(5)).

slapd waits for the answer, so it is sent before the request is processed. It depends neither on the directory nor on
valid settings. One kind of write is refused: a password sent by an account that may write people's entries, but not
their passwords. Otherwise slapd's ppolicy would tell that account whether it guessed the present password.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.capture.sock_requests import (
    MARK,
    QUESTION,
    ModifyRequest,
    PasswordModifyRequest,
    password_author,
    read_request,
)

log = logging.getLogger(__name__)

ANSWER = b"CONTINUE\n"
REFUSAL = b"RESULT\ncode: 50\n"
"""insufficientAccessRights (RFC 4511, appendix A), slapd's own answer without the right to write `entry`."""
CHUNK = 1 << 16
MAX_READ_BYTES = 1 << 23
"""Bytes of a request that are kept; more than slapd accepts in one operation (olcSockbufMaxIncomingAuth)."""
BACKLOG = 4096
KEEPS_SOCKET: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
"""Keeps the socket file: from Python 3.13 on, asyncio removes it when it closes the server.

slapd would then refuse every write, and if systemd owns the socket, the next listener could not be reached.
"""
LAST_SECONDS = 1.0
LET_IN_SECONDS = 0.02
_ENTRY = re.compile(rb"\ndn:+ ([^\n]*)")


@dataclass(slots=True)
class SockServer:
    """Answers on a listening socket.

    `on_request` receives the requests that concern a password; None: nothing is captured.
    """

    on_request: Callable[[PasswordModifyRequest | ModifyRequest], None] | None
    held: Callable[[], int] = lambda: 0
    never_set_passwords: frozenset[str] = frozenset()
    """Normalised DNs of accounts whose Modifies of userPassword are refused."""
    answers_only: bool = False
    """Whether nothing is captured because of the setting capture.answer_only."""
    _marks: deque[bytes] = field(default_factory=lambda: deque(maxlen=100))
    _answering: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, listening: socket.socket) -> asyncio.Server:
        """Start to accept connections on `listening`."""
        return await asyncio.start_unix_server(self._take, sock=listening, backlog=BACKLOG, **KEEPS_SOCKET)

    async def close(self, server: asyncio.Server) -> None:
        """Stop accepting, and finish the answers in progress.

        Later connections wait at the socket for the next listener.
        """
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        # asyncio needs several iterations between accepting a connection and calling our handler.
        await asyncio.sleep(LET_IN_SECONDS)
        server.close()
        if self._answering:
            await asyncio.wait(self._answering, timeout=LAST_SECONDS)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(reader, writer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            text = await _read(reader)
            if text.startswith(QUESTION):
                writer.write(self._status(text))
            elif self._is_refused(text):
                writer.write(REFUSAL)
                return
            else:
                writer.write(ANSWER)
            # No await between answer and processing, so that slapd's next request is not processed first.
            self._listen(text)
            await writer.drain()
        except OSError as error:
            log.warning("slapd closed the connection before it received the answer: %s", error)
        finally:
            writer.close()

    def _is_refused(self, text: bytes) -> bool:
        if not self.never_set_passwords:
            return False
        try:
            author = password_author(text)
        except ValueError:
            # A DN that is not UTF-8 belongs to none of our accounts.
            return False
        if author not in self.never_set_passwords:
            return False
        log.warning("refused: %s must not write passwords, and may be guessing one", author)
        return True

    def _listen(self, text: bytes) -> None:
        try:
            self._marks.extend(MARK.findall(text))
            if len(text) >= MAX_READ_BYTES:
                raise OverflowError
            request = read_request(text) if self.on_request else None
            if request and self.on_request:
                self.on_request(request)
        except Exception as error:
            # The text of the exception might contain a password, so only its class is logged.
            entry = _ENTRY.search(text[:CHUNK])
            name = entry[1].decode(errors="replace") if entry else "no entry"
            log.error(
                "%s: the request cannot be read, so a password in it is not captured: %s", name, type(error).__name__
            )

    def _status(self, text: bytes) -> bytes:
        mark = text.partition(b"mark: ")[2].strip()
        status: dict[str, Any] = {"capturing": self.on_request is not None, "answers_only": self.answers_only}
        status |= {"held": self.held(), "seen": self._marks.count(mark)}
        return json.dumps(status).encode() + b"\n"


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Read up to the blank line that ends a request; values contain none.

    Of a very long request only the beginning is kept.
    """
    kept, end = bytearray(), b""
    while chunk := await reader.read(CHUNK):
        end = (end + chunk)[-2:]
        if len(kept) < MAX_READ_BYTES:
            kept += chunk
        if end == b"\n\n":
            break
    return bytes(kept)
