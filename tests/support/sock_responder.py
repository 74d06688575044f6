"""Answers slapd's overlay sock with "go on", as `mamia capture` does with capture.answer_only."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ANSWER = b"CONTINUE\n"


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        # A request ends with an empty line.
        while self.rfile.readline().strip():
            pass
        self.wfile.write(ANSWER)


@contextmanager
def answering(socket: Path) -> Iterator[None]:
    """Answer every request at `socket`, whose path must be short, until the context ends."""
    with socketserver.ThreadingUnixStreamServer(str(socket), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()
