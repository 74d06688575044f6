"""The service that browsers of these tests ask, when one of them goes away early."""

import gc
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def test_when_a_browser_resets_the_line_then_the_file_it_asked_for_is_closed(serve: Callable[..., str]) -> None:
    """A file left open is reported by pytest, as a warning that fails the test in which it is collected."""
    address = urlsplit(serve())
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port)) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            line.sendall(b"GET /static/icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.recv(1)

    gc.collect()
