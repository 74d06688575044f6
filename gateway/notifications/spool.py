"""Mail spool: mails wait in a folder until the mail server accepts them.

An outage of the mail server delays nobody, and a restart loses no mail.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import mailbox
import os
import random
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from gateway.notifications.as_owner import as_owner_of
from gateway.notifications.errors import DeliveryFailed
from gateway.settings import Notifications
from gateway.tls import verifying_context

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
MAX_PAUSE_SECONDS = 300.0
LOOK_SECONDS = 5.0
"""Seconds after which the folder is looked at without a word: commands such as `mamia remind` queue mails too."""
MAX_DELAY_SECONDS = 4.0
"""Maximum seconds before new mails are sent.

Sending uses processor time of a process that serves people. Right after an attempt it would delay the next request of
the same person, and so reveal that a mail was written.
"""
SMTP_SECONDS = 20
NOW_SECONDS = 5
"""Time limit in seconds for a mail that a person waits for."""
TRANSIENT = range(400, 500)
"""Replies of a mail server that mean: try again later (RFC 5321, 4.2.1)."""


@dataclass(slots=True)
class Spool:
    """A Maildir and a thread that sends its mails.

    Several processes may share one; a lock lets one of them send at a time.
    """

    settings: Notifications
    folder: Path
    _maildir: mailbox.Maildir = field(init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _something: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        """Make the folder, which only its owner can read. Raises OSError."""
        with as_owner_of(self.folder):
            self._maildir = mailbox.Maildir(self.folder)
            # The library makes the subfolders only together with the folder itself.
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)

    def enqueue(self, message: EmailMessage) -> None:
        """Keep `message` until it is sent. Raises OSError."""
        with as_owner_of(self.folder):
            self._maildir.add(message)
        self._something.set()

    def send_now(self, message: EmailMessage) -> None:
        """Send a message that must not be kept in a file. Raises DeliveryFailed."""
        try:
            with connected(self.settings, NOW_SECONDS) as server:
                server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            log.error("the mail server %s did not accept the code: %s", self.settings.smtp_host, type(error).__name__)
            raise DeliveryFailed from None

    def start(self) -> None:
        """Start the thread that sends mails, including those that an earlier process left."""
        if self._thread is None and self.settings.smtp_host:
            self._thread = threading.Thread(target=self._run, name="post", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop the thread; unsent mails stay in the folder."""
        self._stopped.set()
        self._something.set()
        if self._thread is not None:
            self._thread.join(SMTP_SECONDS)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            self._something.clear()
            try:
                with self._alone():
                    all_sent = self._send_all()
            except OSError as error:
                log.error("mails wait in %s: %s", self.folder, error)
                all_sent = False
            if all_sent:
                pause = FIRST_PAUSE_SECONDS
                if self._something.wait(LOOK_SECONDS):
                    self._stopped.wait(random.uniform(0.25, 1) * MAX_DELAY_SECONDS)  # noqa: S311 - no secret
            else:
                self._stopped.wait(pause)
                pause = min(2 * pause, MAX_PAUSE_SECONDS)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock that lets one process send from this folder."""
        with (self.folder / "sending.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _send_all(self) -> bool:
        """Send all mails; return whether none is left."""
        keys = self._maildir.keys()
        if not keys:
            return True
        try:
            with connected(self.settings, SMTP_SECONDS) as server:
                for key in keys:
                    if self._stopped.is_set():
                        return False
                    self._send(server, key)
        except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
            log.warning("the mail server %s does not accept mails: %s", self.settings.smtp_host, type(error).__name__)
            self._drop_old(keys)
            return False
        return not self._maildir.keys()

    def _send(self, server: smtplib.SMTP, key: str) -> None:
        """Send one mail.

        A mail that the server refuses permanently is dropped and logged. Raises SMTPException otherwise.
        """
        try:
            message = self._maildir[key]
        except KeyError:
            return
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if any(code in TRANSIENT for code in codes):
                raise
            log.error("a mail was refused permanently: %s", codes)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            if error.smtp_code in TRANSIENT:
                raise
            log.error("a mail was refused permanently: %s", error.smtp_code)
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            log.error("a mail can't be sent: %s", type(error).__name__)
        self._maildir.discard(key)

    def _drop_old(self, keys: list[str]) -> None:
        oldest = time.time() - 3600 * self.settings.retry_hours
        for key in keys:
            with contextlib.suppress(KeyError, OSError):
                if os.stat(self.folder / "new" / key).st_mtime < oldest:
                    self._maildir.discard(key)
                    log.error("a mail waited for more than %g hours and was dropped", self.settings.retry_hours)


@contextlib.contextmanager
def connected(settings: Notifications, seconds: int) -> Iterator[smtplib.SMTP]:
    """Connect to the mail server, with TLS and authentication as in the settings.

    Raises SMTPException and OSError.
    """
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host,
            settings.smtp_port,
            timeout=seconds,
            context=verifying_context(strict=settings.smtp_tls_strict),
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=seconds)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=verifying_context(strict=settings.smtp_tls_strict))
        if settings.smtp_user and settings.smtp_password:
            server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
        yield server
