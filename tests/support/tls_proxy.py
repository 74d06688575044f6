"""TLS in front of a server that has none of its own, or another certificate: what it takes, it hands on.

Run as a program, it is that front, and writes its port to standard output.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.certificates import Certificates

CHUNK = 1 << 16


@contextmanager
def tls_proxy(made: Certificates, port: int, host: str = "127.0.0.1", *, onwards: str = "plain") -> Iterator[int]:
    """The port on 127.0.0.1 that hands on to `host`:`port`, `onwards` "plain" or by "tls", until the block ends."""
    command = [sys.executable, __file__, str(made.certificate), str(made.key), host, str(port), onwards]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _serve(certificate: str, key: str, host: str, port: str, onwards: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    unverified = ssl._create_unverified_context() if onwards == "tls" else None

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, int(port), ssl=unverified)
        await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))

    server = await asyncio.start_server(hand_on, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
