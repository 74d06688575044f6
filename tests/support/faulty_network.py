"""A TCP connection to a server that loses, delays or alters what a test names."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 1 << 16

Wanted = Callable[[bytes], bool]


class FaultyNetwork:
    """Hands on what clients and server send each other, at `port` on loopback.

    A delayed packet waits, and all that follows it on its connection, until `deliver`; meanwhile its client may have
    given up. With lost answers the server gets what is sent and its client receives nothing.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.arrived = threading.Event()
        """A packet that is wanted came."""
        self._delays: Wanted = lambda packet: False
        self._loses_answer: Wanted = lambda packet: False
        self._replaces: Callable[[bytes], bytes] = lambda packet: packet
        self._replaces_answer: Callable[[bytes], bytes] = lambda packet: packet
        self._is_closed = False
        self._delivery = threading.Event()
        self._delivered: list[threading.Event] = []
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    def delay(self, wanted: Wanted) -> None:
        """Hold back the next packet of a client's that is `wanted`."""
        self.arrived.clear()
        self._delivery = threading.Event()
        self._delays = wanted

    def lose_answer(self, wanted: Wanted) -> None:
        """Lose the answer to the next packet of a client's that is `wanted`, and what follows on its connection."""
        self.arrived.clear()
        self._loses_answer = wanted

    def replace(self, old: bytes, new: bytes, wanted: Wanted = lambda packet: True) -> None:
        """Put `new`, as long as `old`, in its place in the packets of clients that are `wanted`."""
        assert len(old) == len(new)
        self._replaces = lambda packet: packet.replace(old, new) if wanted(packet) else packet

    def replace_answer(self, old: bytes, new: bytes) -> None:
        """The same in what the server sends."""
        assert len(old) == len(new)
        self._replaces_answer = lambda packet: packet.replace(old, new)

    def deliver(self) -> None:
        """Let go what was held back, and wait until the server has answered it or closed its connection."""
        self._delivery.set()
        for event in self._delivered:
            assert event.wait(60), "the server did not answer"

    def close(self) -> None:
        """What is held back is lost."""
        self._is_closed = True
        self._delivery.set()
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets += [client, server]
                line = _Relay(client, server)
                threading.Thread(target=self._send, args=(line,), daemon=True).start()
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _send(self, line: _Relay) -> None:
        with suppress(OSError):
            while packet := line.client.recv(CHUNK_BYTES):
                if self._delays(packet):
                    self._delays = lambda packet: False
                    self._delivered.append(line.answered_late)
                    line.is_silent = True
                    self.arrived.set()
                    self._delivery.wait()
                    if self._is_closed:
                        return
                if self._loses_answer(packet):
                    self._loses_answer = lambda packet: False
                    line.is_silent = True
                    self.arrived.set()
                line.server.sendall(self._replaces(packet))
            if not line.is_silent:
                line.server.shutdown(socket.SHUT_WR)

    def _answer(self, line: _Relay) -> None:
        """The client of a silent connection may be gone."""
        with suppress(OSError):
            while packet := line.server.recv(CHUNK_BYTES):
                if line.is_silent:
                    line.answered_late.set()
                else:
                    line.client.sendall(self._replaces_answer(packet))
        line.answered_late.set()


class _Relay:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client, self.server = client, server
        self.is_silent = False
        self.answered_late = threading.Event()


@contextmanager
def faulty_network(server_port: int) -> Iterator[FaultyNetwork]:
    network = FaultyNetwork(server_port)
    try:
        yield network
    finally:
        network.close()
