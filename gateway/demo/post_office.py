"""The mail server and the SMS gateway of the demo: what people get lies in a folder, a readable file per message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from http import HTTPStatus
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.demo.local_http import HOST, post_server
from gateway.demo.numbered_files import NumberedFiles

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The received messages; `tell` gets receiver, subject and file of each."""

    files: NumberedFiles
    tell: Callable[[str, str, Path], None]

    def keep(self, to: str, subject: str, text: str) -> None:
        """Write a message as a file, and tell about it."""
        self.tell(to, subject, self.files.add(to, ".txt", f"{subject}\n\n{text.strip()}\n"))


@dataclass(frozen=True, slots=True)
class PostOffice:
    """Where the gateway of the demo sends mails and text messages."""

    smtp_port: int
    sms_url: str
    folder: Path


@contextmanager
def post_office(folder: Path, tell: Callable[[str, str, Path], None]) -> Iterator[PostOffice]:
    """Receive mails and text messages on free ports of this machine, and keep them in `folder`."""
    mailbox = Mailbox(NumberedFiles(folder), tell)
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
    def take(_: Message, body: bytes) -> HTTPStatus:
        message = json.loads(body)
        mailbox.keep(str(message["to"]), "SMS", str(message["text"]))
        return HTTPStatus.OK

    with post_server("sms", take) as url:
        yield url
