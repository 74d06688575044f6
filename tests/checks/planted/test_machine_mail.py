"""Mistakes with mails: the spool, and a mail server that answers as real ones do."""

from __future__ import annotations

import os
import socketserver
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from gateway.checks import mail as mail_module
from gateway.checks.finding import Level
from gateway.checks.mail import check_mail
from tests.support.certificates import make_certificates, make_old_certificates
from tests.support.planted_machine import FOREIGN_USER, PlantedMachine, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.ports import free_port
from tests.support.smtp_server import SmtpServer
from tests.support.tls_proxy import tls_proxy

SERVER, SPOOL, SENDER = "notifications.smtp_host", "notifications.spool", "notifications.sender"


class AnsweringServer(socketserver.StreamRequestHandler):
    """A mail server that answers each command as `replies` says, and 250 to the others."""

    def handle(self):
        server: Any = self.server
        replies = server.replies
        with suppress(OSError):
            self._say(replies.get("", "220 mail.example ESMTP"))
            while line := self.rfile.readline():
                word = line.split()[0].decode().upper() if line.split() else ""
                server.seen.append(word)
                self._say(replies.get(word, "221 bye" if word == "QUIT" else "250 OK"))
                if word == "QUIT":
                    return

    def _say(self, reply):
        for line in reply.split("|"):
            self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def answering(**replies):
    """A mail server on a port of its own; its commands' replies, with `greeting` for the first line."""
    server: Any
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), AnsweringServer) as server:
        server.daemon_threads = True
        server.replies = {("" if word == "greeting" else word): text for word, text in replies.items()}
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class PlantedMail(PlantedMachine):
    """A spool and a mail server with and without TLS."""

    def __init__(self, folder, mails, tls_port):
        spool = folder / "machine" / "mails"
        super().__init__(
            folder / "machine", notifications={"spool": spool, "smtp_host": "localhost", "smtp_port": mails.port}
        )
        self.mails, self.tls_port, self.spool = mails, tls_port, spool
        self.authority = folder / "tls" / "ca.pem"
        self.server: Any = None

    def mail(self, **values):
        self.set("notifications", **values)

    def answers(self, **replies):
        context = answering(**replies)
        server = context.__enter__()
        self.later(lambda: context.__exit__(None, None, None))
        self.mail(smtp_port=server.server_address[1])
        self.server = server
        return server

    def secured(self, made):
        """A mail server with STARTTLS and this certificate."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(made.certificate, made.key)
        server = SmtpServer(tls=context)
        server.start()
        self.later(server.stop)
        self.environment.setenv("SSL_CERT_FILE", str(made.authority))
        self.mail(smtp_port=server.port, smtp_security="starttls")


def mail(place):
    return check_mail(place.settings)


def certificates(place, *hosts, folder="tls", make=make_certificates):
    return make(place.made(folder), *hosts)


def stranger(place):
    made = certificates(place, "localhost")
    place.secured(made)
    other = certificates(place, "localhost", folder="other")
    place.environment.setenv("SSL_CERT_FILE", str(other.authority))
    place.authority = made.authority


def other_name(place):
    place.secured(certificates(place, "localhost"))
    place.mail(smtp_host="127.0.0.1")


def old_mails(place):
    folder = place.made("mails/new")
    place.made("mails/cur")
    place.made("mails/tmp")
    file = folder / "1.mail"
    file.write_text("Subject: a\n\nb")
    os.utime(file, (time.time() - 8000, time.time() - 8000))


def old_text_messages(place):
    place.made("mails/new")
    (place.made("mails/sms/new") / f"msg_{int(1000 * (time.time() - 8000))}_0a").write_text("{}")


def closed_spool(place):
    place.give_processes_users()
    place.made("mails", mode=0o700)


def full_spool(place):
    place.mail(spool=place.small_disk("mails", "1m"))


def enlarge(place):
    place.run("mount", "-o", "remount,size=300m,nr_inodes=20000", place.folder / "mails")


LOGIN = {"smtp_user": "gateway", "smtp_password": "Pw-2026!"}
OFFERS_LOGIN = "250-mail.example|250 AUTH PLAIN LOGIN"
MISTAKES = (
    Mistake(
        name="stopped",
        plant=lambda place: place.mail(smtp_port=free_port()),
        level=Level.WARN,
        subject=SERVER,
        message=["no program listens"],
        hint=["smtp_port: 25, 587 for starttls, 465 for tls"],
        fix=lambda place: place.mail(smtp_port=place.mails.port),
        check=mail,
    ),
    Mistake(
        name="stopped, and codes go by mail",
        plant=lambda place: (
            place.mail(smtp_port=free_port()),
            place.set("second_factor", methods=["mail"]),
            place.set("people", private_mail="privateMail"),
        ),
        subject=SERVER,
        message=["nobody who needs a code by mail can reset"],
        hint=["start the mail server"],
        fix=lambda place: place.mail(smtp_port=place.mails.port),
        check=mail,
    ),
    Mistake(
        name="host unknown",
        plant=lambda place: place.mail(smtp_host="mail.invalid", smtp_security="starttls"),
        level=Level.WARN,
        subject=SERVER,
        message=["mail.invalid is unknown"],
        hint=["correct the name"],
        fix=lambda place: place.mail(smtp_host="localhost", smtp_security="none"),
        check=mail,
    ),
    Mistake(
        name="host with an empty part",
        plant=lambda place: place.mail(smtp_host="mail..test", smtp_security="starttls"),
        level=Level.WARN,
        subject=SERVER,
        message=["mail..test is no host name"],
        hint=["correct the name"],
        fix=lambda place: place.mail(smtp_host="localhost", smtp_security="none"),
        check=mail,
    ),
    Mistake(
        name="no STARTTLS",
        plant=lambda place: place.mail(smtp_security="starttls"),
        level=Level.WARN,
        subject=SERVER,
        message=["does not offer STARTTLS"],
        hint=['smtp_security = "tls"'],
        fix=lambda place: (
            place.environment.setenv("SSL_CERT_FILE", str(place.authority)),
            place.mail(smtp_security="tls", smtp_port=place.tls_port),
        ),
        check=mail,
    ),
    Mistake(
        name="TLS at a port without TLS",
        plant=lambda place: place.mail(smtp_security="tls"),
        level=Level.WARN,
        subject=SERVER,
        message=["answers without TLS"],
        hint=['the port for "tls": 465'],
        fix=lambda place: (
            place.environment.setenv("SSL_CERT_FILE", str(place.authority)),
            place.mail(smtp_port=place.tls_port),
        ),
        check=mail,
    ),
    Mistake(
        name="no TLS at a port with TLS",
        plant=lambda place: (
            place.mail(smtp_port=place.tls_port),
            place.environment.setattr(mail_module, "SMTP_SECONDS", 1),
        ),
        level=Level.WARN,
        subject=SERVER,
        message=["says nothing"],
        hint=['smtp_security = "tls"'],
        fix=lambda place: (
            place.environment.setenv("SSL_CERT_FILE", str(place.authority)),
            place.mail(smtp_security="tls"),
        ),
        check=mail,
    ),
    Mistake(
        name="authority unknown",
        plant=stranger,
        subject=SERVER,
        message=["certificate is refused"],
        hint=["the system must trust its authority"],
        fix=lambda place: place.environment.setenv("SSL_CERT_FILE", str(place.authority)),
        check=mail,
    ),
    Mistake(
        name="certificate of an old authority",
        plant=lambda place: place.secured(certificates(place, "localhost", make=make_old_certificates)),
        subject=SERVER,
        message=["RFC 5280"],
        hint=["notifications.smtp_tls_strict = false"],
        fix=lambda place: place.mail(smtp_tls_strict=False),
        check=mail,
    ),
    Mistake(
        name="name not in the certificate",
        plant=other_name,
        subject=SERVER,
        message=["address mismatch"],
        hint=["the name that is in its certificate into the settings"],
        fix=lambda place: place.mail(smtp_host="localhost"),
        check=mail,
    ),
    Mistake(
        name="password refused",
        plant=lambda place: (place.answers(EHLO=OFFERS_LOGIN, AUTH="535 5.7.8 no"), place.mail(**LOGIN)),
        level=Level.WARN,
        subject=SERVER,
        message=["refuses gateway or its password"],
        hint=["smtp_password_file"],
        fix=lambda place: place.server.replies.update(AUTH="235 2.7.0 OK"),
        check=mail,
    ),
    Mistake(
        name="password over TLS only",
        plant=lambda place: (
            place.answers(EHLO=OFFERS_LOGIN, AUTH="538 5.7.11 encryption required"),
            place.mail(**LOGIN),
        ),
        level=Level.WARN,
        subject=SERVER,
        message=["over TLS only"],
        hint=['smtp_security = "starttls"'],
        fix=lambda place: place.secured(certificates(place, "localhost")),
        check=mail,
    ),
    Mistake(
        name="no authentication offered",
        plant=lambda place: (place.answers(EHLO="250 mail.example"), place.mail(**LOGIN)),
        level=Level.WARN,
        subject=SERVER,
        message=["offers no authentication"],
        hint=['smtp_security = "starttls"'],
        fix=lambda place: place.secured(certificates(place, "localhost")),
        check=mail,
    ),
    Mistake(
        name="user without a password",
        plant=lambda place: place.mail(smtp_user="gateway"),
        level=Level.WARN,
        subject=SERVER,
        message=["there is no password"],
        hint=["smtp_password_file", "no smtp_user"],
        fix=lambda place: place.mail(smtp_user=None),
        check=mail,
    ),
    Mistake(
        name="authentication wanted",
        plant=lambda place: (
            place.answers(EHLO=OFFERS_LOGIN, AUTH="235 OK", MAIL="530 5.7.0 authenticate first"),
            place.mail(smtp_security="none"),
        ),
        level=Level.WARN,
        subject=SENDER,
        message=["530"],
        hint=["port 587"],
        fix=lambda place: place.secured(certificates(place, "localhost")),
        check=mail,
    ),
    Mistake(
        name="sender refused",
        plant=lambda place: place.answers(MAIL="553 5.7.1 not your address"),
        level=Level.WARN,
        subject=SENDER,
        message=["refuses mails of ne-pas-repondre@ac-example.fr"],
        hint=["an address that localhost lets this machine use"],
        fix=lambda place: place.server.replies.clear(),
        check=mail,
    ),
    Mistake(
        name="mail server full",
        plant=lambda place: place.answers(MAIL="452 4.3.1 insufficient storage"),
        level=Level.WARN,
        subject=SENDER,
        message=["452"],
        hint=["make room"],
        fix=lambda place: place.server.replies.clear(),
        check=mail,
    ),
    Mistake(
        name="no relay for this machine",
        plant=lambda place: place.answers(RCPT="554 5.7.1 Relay access denied"),
        level=Level.WARN,
        subject=SENDER,
        message=["Relay access denied"],
        hint=["mynetworks"],
        fix=lambda place: place.server.replies.clear(),
        check=mail,
    ),
    Mistake(
        name="this machine refused",
        plant=lambda place: place.answers(greeting="554 5.7.1 go away"),
        level=Level.WARN,
        subject=SERVER,
        message=["refuses this machine"],
        hint=["its log says why"],
        fix=lambda place: place.server.replies.clear(),
        check=mail,
    ),
    Mistake(
        name="spool's parent missing",
        plant=lambda place: place.mail(spool=place.folder / "none" / "mails"),
        subject=SPOOL,
        message=["is missing: the service does not start"],
        hint=["install -d"],
        fix=lambda place: place.shell(next(mail(place)).hint),
        check=mail,
    ),
    Mistake(
        name="spool of root",
        plant=closed_spool,
        subject=SPOOL,
        message=[f"can't be written by {FOREIGN_USER}"],
        hint=[f"chown -R {FOREIGN_USER}"],
        fix=lambda place: place.shell(next(mail(place)).hint),
        check=mail,
    ),
    Mistake(
        name="spool full",
        plant=full_spool,
        subject=SPOOL,
        message=["the disk is full"],
        hint=["enlarge it"],
        fix=enlarge,
        check=mail,
    ),
    Mistake(
        name="mails wait",
        plant=old_mails,
        level=Level.WARN,
        subject=SPOOL,
        message=["1 mails wait for more than an hour, the oldest for 2 h"],
        hint=["journalctl -u mamia"],
        fix=lambda place: (place.folder / "mails" / "new" / "1.mail").unlink(),
        check=mail,
    ),
    Mistake(
        name="text messages wait",
        plant=old_text_messages,
        level=Level.WARN,
        subject=SPOOL,
        message=["1 text messages wait for more than an hour, the oldest for 2 h", "new recovery methods"],
        hint=["second_factor.sms_gateway_url", "journalctl -u mamia"],
        fix=lambda place: [file.unlink() for file in (place.folder / "mails/sms/new").iterdir()],
        check=mail,
    ),
    Mistake(
        name="no mails at all",
        plant=lambda place: place.mail(spool=None),
        level=Level.WARN,
        subject="notifications",
        message=["no mail about a changed password"],
        hint=["notifications.spool"],
        fix=lambda place: place.mail(spool=place.spool),
        check=mail,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    (folder / "machine").mkdir()
    (folder / "tls").mkdir()
    made = make_certificates(folder / "tls", "localhost")
    mails = SmtpServer()
    mails.start()
    with tls_proxy(made, mails.port) as port:
        yield PlantedMail(folder, mails, port)
    mails.stop()


def test_when_nothing_is_wrong_then_nothing_is_found_and_no_mail_is_sent(place):
    server = place.answers()
    try:
        assert problems(mail(place)) == []
        assert server.seen[-4:] == ["MAIL", "RCPT", "RSET", "QUIT"]
        assert not place.spool.exists()
    finally:
        place.restore()
    assert place.mails.mails == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    authority = place.authority
    try:
        prove(mistake, place)
    finally:
        place.authority = authority
