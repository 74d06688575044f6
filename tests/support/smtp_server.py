"""A mail server of the tests' own, on loopback or elsewhere; it can be stopped, started again, and told to refuse."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.support.polling import wait_until
from tests.support.ports import free_port


class HangingUp(Controller):
    """Closes what its clients still have open before its loop stops: aiosmtpd would leave it to the garbage."""

    def factory(self) -> SMTP:
        protocol: SMTP = super().factory()  # type: ignore[no-untyped-call]
        self._protocols.append(protocol)
        return protocol

    def start(self) -> None:
        self._protocols: list[SMTP] = []
        super().start()

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(60)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        # One without a session has been accepted, and gets its transport soon; from a closed server, never.
        while open_ones := [one for one in self._protocols if one.session is None or one.transport]:
            for protocol in open_ones:
                if isinstance(protocol.transport, asyncio.WriteTransport):
                    # Python 3.11.2, as in Debian 12, cannot abort TLS that was closed twice; its end has begun then.
                    with suppress(AttributeError):
                        protocol.transport.abort()
            await asyncio.sleep(0.01)


@dataclass
class SmtpServer:
    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    """Offers STARTTLS and takes nothing without it."""
    replies: list[str] = field(default_factory=list)
    """What it says to the next mails in turn, before it takes them."""
    mails: list[EmailMessage] = field(default_factory=list)
    logins: int = 0
    """How often somebody sent a name and a password; any are right."""
    _controller: HangingUp | None = field(default=None, init=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.replies:
            return self.replies.pop(0)
        self.mails.append(message_from_bytes(envelope.original_content or b"", policy=default))
        return "250 OK"

    def start(self) -> None:
        self._controller = HangingUp(
            self,
            hostname=self.host,
            port=self.port,
            ready_timeout=60,
            tls_context=self.tls,
            require_starttls=self.tls is not None,
            authenticator=self._let_in,
            auth_require_tls=False,
        )
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def _let_in(self, *_: object) -> AuthResult:
        self.logins += 1
        return AuthResult(success=True)

    def to(self, address: str) -> EmailMessage:
        """The one mail to `address`, as soon as it has come."""
        wait_until(lambda: any(mail["To"] == address for mail in self.mails))
        [mail] = [mail for mail in self.mails if mail["To"] == address]
        return mail
