"""The mail server and the SMS gateway of the demo: what people get lies in a folder, a readable file per message."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"
START_SECONDS = 60
MAX_SMS_BYTES = 10_000
_UNFIT = re.compile(r"[^A-Za-z0-9@.+_-]")


@dataclass(slots=True)
class Mailbox:
    """The folder of the received messages; `tell` gets the name of each new file."""

    folder: Path
    tell: Callable[[str, str, Path], None]
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        """Make the folder, which only its owner can read: messages contain codes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep(self, to: str, subject: str, text: str) -> None:
        """Write a message as a file whose name begins with its number, and tell about it."""
        with self._lock:
            file = self.folder / f"{self._next_number():04}-{_UNFIT.sub('', to)}.txt"
            file.touch(mode=0o600)
            file.write_text(f"{subject}\n\n{text.strip()}\n", encoding="utf-8")
        self.tell(to, subject, file)

    def _next_number(self) -> int:
        return max((int(file.name[:4]) for file in self.folder.glob("[0-9][0-9][0-9][0-9]-*.txt")), default=0) + 1


@dataclass(frozen=True, slots=True)
class PostOffice:
    """Where the gateway of the demo sends mails and text messages."""

    smtp_port: int
    sms_url: str
    folder: Path


@contextmanager
def post_office(folder: Path, tell: Callable[[str, str, Path], None]) -> Iterator[PostOffice]:
    """Receive mails and text messages on free ports of this machine, and keep them in `folder`."""
    mailbox = Mailbox(folder, tell)
    with _mail_server(mailbox) as smtp_port, _sms_gateway(mailbox) as sms_url:
        yield PostOffice(smtp_port, sms_url, folder)


class _Receiver:
    """What aiosmtpd calls for each mail."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        mail = message_from_bytes(envelope.original_content or b"", policy=default)
        for to in envelope.rcpt_tos:
            self._mailbox.keep(to, str(mail["Subject"]), _text_of(mail))
        return "250 OK"


def _text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


class _AnyPort(Controller):
    """Listens on a port that the system chooses."""

    @property
    def taken_port(self) -> int:
        assert isinstance(self.server, asyncio.Server)
        return int(self.server.sockets[0].getsockname()[1])

    def _trigger_server(self) -> None:
        # aiosmtpd connects once to see that it serves, at `port`.
        self.port = self.taken_port
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def _mail_server(mailbox: Mailbox) -> Iterator[int]:
    server = _AnyPort(_Receiver(mailbox), hostname=HOST, port=0, ready_timeout=START_SECONDS)
    server.start()
    try:
        yield server.taken_port
    finally:
        server.stop()


@contextmanager
def _sms_gateway(mailbox: Mailbox) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", 0)), MAX_SMS_BYTES)
            message = json.loads(self.rfile.read(length))
            mailbox.keep(str(message["to"]), "SMS", str(message["text"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write no line per request."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="sms", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
