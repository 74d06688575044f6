"""An LDAP server on loopback that answers each request with the bytes that a test gives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from gateway.directory.ldap_messages import message_size, read_envelope

Script = Callable[[int], bytes]
"""From the message id of a request to what is sent back."""


class ScriptedLdapServer:
    def __init__(self, script: Script, *, hangs_up: bool = True) -> None:
        """`hangs_up`: it closes the connection behind its first answer."""
        self._script = script
        self._hangs_up = hangs_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self._sockets.append(client)
                threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        unread = bytearray()
        with suppress(OSError):
            while received := client.recv(1 << 16):
                unread += received
                while (size := message_size(unread)) and len(unread) >= size:
                    number = read_envelope(bytes(unread[:size]))[0]
                    del unread[:size]
                    client.sendall(self._script(number))
                    if self._hangs_up:
                        client.shutdown(socket.SHUT_WR)
