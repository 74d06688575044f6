"""Certificates of an old authority: refused, named by `mamia check`, and taken where a setting says so.

Python 3.13 refuses them by default, so the gateway does on every Python.
"""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.account.model import Secret
from gateway.checks.finding import Level
from gateway.checks.machine import check_machine
from gateway.checks.servers import check_servers
from gateway.checks.workstations import check_workstations
from gateway.composition.rules import password_rules
from gateway.composition.web import build_gateway
from gateway.notifications.errors import DeliveryFailed
from gateway.notifications.sms import SmsGateway
from gateway.notifications.spool import Spool
from gateway.protection.rate_limiting.store import Store, StoreUnavailable
from gateway.protection.seal import make_key_pair
from gateway.settings import Settings
from gateway.tls import verifying_context
from tests.support.certificates import Certificates, make_certificates, make_old_certificates
from tests.support.gateway_settings import settings_for
from tests.support.http_server import QuietHandler, serving
from tests.support.slapd_server import SlapdServer
from tests.support.smtp_server import SmtpServer
from tests.support.tls_proxy import tls_proxy

REASON = "does not follow RFC 5280"


@dataclass
class Service:
    """Somebody's server with a certificate of the authority in `made`, and how the gateway uses it."""

    subject: str
    strict: str
    """The setting that is about it."""
    settings: Callable[..., Settings]
    """With further values of the section."""
    check: Callable[[Settings], Iterator[Any]]
    works: Callable[[Settings], bool]

    def with_strictness(self, strict: bool) -> Settings:
        return self.settings(**{self.strict.rpartition(".")[2]: strict})

    def found(self, settings: Settings) -> list[Any]:
        return [finding for finding in self.check(settings) if finding.subject == self.subject]


class Answering(QuietHandler):
    def do_GET(self) -> None:
        self._answer(b"0018A45C4D1DEF81644B54AB7F969B88D65:1")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"")

    def _answer(self, text: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """What the servers show; this machine trusts its authority."""
    made = make_old_certificates(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(made.authority))
    return made


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def ldaps(old: Certificates, directory: SlapdServer, running: ExitStack) -> Service:
    port = running.enter_context(tls_proxy(old, urlsplit(directory.url).port or 0))
    return directory_service(directory, f"ldaps://localhost:{port}", start_tls=False)


@pytest.fixture
def start_tls(old: Certificates, tmp_path: Path, running: ExitStack) -> Service:
    tls = f"olcTLSCertificateFile: {old.certificate}\nolcTLSCertificateKeyFile: {old.key}"
    own = SlapdServer(tmp_path / "state", tls=tls)
    running.callback(own.slapd.stop)
    return directory_service(own, own.url.replace("127.0.0.1", "localhost"), start_tls=True)


def directory_service(server: SlapdServer, url: str, *, start_tls: bool) -> Service:
    def is_reached(settings: Settings) -> bool:
        gateway = build_gateway(settings)
        try:
            gateway.directory.people.check()
        except Exception:
            return False
        finally:
            gateway.close()
        return True

    return Service(
        subject=url,
        strict="directory.tls_strict",
        settings=lambda **more: settings_for(server, directory={"servers": [url], "start_tls": start_tls, **more}),
        check=check_servers,
        works=is_reached,
    )


@pytest.fixture
def https(old: Certificates, running: ExitStack) -> str:
    address = running.enter_context(serving(Answering))
    return f"https://localhost:{running.enter_context(tls_proxy(old, urlsplit(address).port or 0))}"


@pytest.fixture
def sms(https: str, server: SlapdServer, tmp_path: Path) -> Service:
    def is_sent(settings: Settings) -> bool:
        strict = settings.second_factor.sms_gateway_tls_strict
        try:
            SmsGateway(https, "", 5, verifying_context(strict=strict)).send("+33 6 00 00 00 00", "123456")
        except DeliveryFailed:
            return False
        return True

    return Service(
        subject="second_factor.sms_gateway_url",
        strict="second_factor.sms_gateway_tls_strict",
        settings=lambda **more: settings_for(server, second_factor={"sms_gateway_url": https, **more}),
        check=check_machine,
        works=is_sent,
    )


@pytest.fixture
def stolen_passwords(https: str, server: SlapdServer) -> Service:
    def is_known(settings: Settings) -> bool:
        is_breached = password_rules(settings).is_breached
        assert is_breached
        return is_breached(Secret("lauragpe"))

    return Service(
        subject="password.pwned_url",
        strict="password.pwned_tls_strict",
        settings=lambda **more: settings_for(
            server, password={"pwned_url": https, "pwned_timeout_seconds": 5, **more}
        ),
        check=check_machine,
        works=is_known,
    )


@pytest.fixture
def mail_by_tls(old: Certificates, running: ExitStack, server: SlapdServer, tmp_path: Path) -> Service:
    mails = SmtpServer()
    mails.start()
    running.callback(mails.stop)
    return mail_service(mails, running.enter_context(tls_proxy(old, mails.port)), "tls", server, tmp_path)


@pytest.fixture
def mail_by_starttls(old: Certificates, running: ExitStack, server: SlapdServer, tmp_path: Path) -> Service:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(old.certificate, old.key)
    mails = SmtpServer(tls=context)
    mails.start()
    running.callback(mails.stop)
    return mail_service(mails, mails.port, "starttls", server, tmp_path)


def mail_service(mails: SmtpServer, port: int, security: str, server: SlapdServer, folder: Path) -> Service:
    notices = {"spool": folder / "mails", "smtp_host": "localhost", "smtp_port": port, "smtp_security": security}

    def is_sent(settings: Settings) -> bool:
        message = EmailMessage()
        message["From"], message["To"] = "a@ac-example.fr", "b@ac-example.fr"
        try:
            Spool(settings.notifications, folder / "mails").send_now(message)
        except DeliveryFailed:
            return False
        return len(mails.mails) == 1

    return Service(
        subject="notifications.smtp_host",
        strict="notifications.smtp_tls_strict",
        settings=lambda **more: settings_for(server, notifications={**notices, **more}),
        check=check_machine,
        works=is_sent,
    )


@pytest.fixture
def store(old: Certificates, redis: Any, running: ExitStack, server: SlapdServer) -> Service:
    url = f"rediss://localhost:{running.enter_context(tls_proxy(old, redis.port))}/0"

    def counts(settings: Settings) -> bool:
        try:
            with Store(url, tls_strict=settings.rate_limits.store_tls_strict).use() as storage:
                return storage.incr("a key", 60) == 1
        except StoreUnavailable:
            return False

    return Service(
        subject="rate_limits.store",
        strict="rate_limits.store_tls_strict",
        settings=lambda **more: settings_for(server, rate_limits={"store": url, **more}),
        check=check_machine,
        works=counts,
    )


@pytest.fixture(params=["ldaps", "start_tls", "sms", "stolen_passwords", "mail_by_tls", "mail_by_starttls", "store"])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.getfixturevalue(request.param)
    return found


class TestCertificate:
    def test_when_an_old_authority_made_it_then_check_names_reason_and_setting_and_nothing_is_sent(self, service):
        settings = service.with_strictness(True)

        [refused] = [finding for finding in service.found(settings) if REASON in finding.message]

        assert refused.level is Level.FAIL
        assert f"{service.strict} = false" in refused.hint
        assert not service.works(settings)

    def test_when_its_setting_is_off_then_it_is_accepted(self, service):
        settings = service.with_strictness(False)

        assert service.works(settings)
        assert [finding.level for finding in service.found(settings)] in ([], [Level.OK])

    def test_when_nobody_vouches_for_it_then_no_setting_accepts_it(self, service, tmp_path, monkeypatch):
        (tmp_path / "stranger").mkdir()
        monkeypatch.setenv("SSL_CERT_FILE", str(make_certificates(tmp_path / "stranger", "localhost").authority))
        settings = service.with_strictness(False)

        refused = service.found(settings)[-1]

        assert refused.level is Level.FAIL
        assert REASON not in refused.message
        assert "tls_strict" not in refused.hint
        assert not service.works(settings)

    @pytest.mark.xdist_group("samba_ad")
    @pytest.mark.parametrize("strict", [True, False])
    def test_when_a_domain_shows_an_old_one_then_check_and_delivery_follow_the_setting(
        self, old, domain_controller, directory, running, tmp_path, strict
    ):
        from gateway.demo.private_samba import PEOPLE, REALM, SERVICE

        port = running.enter_context(tls_proxy(old, 636, domain_controller.ip, onwards="tls"))
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
        domain = {
            "type": "active_directory",
            "servers": [f"ldaps://localhost:{port}"],
            "ca_file": old.authority,
            "tls_strict": strict,
            "bind_dn": f"{SERVICE}@{REALM.lower()}",
            "bind_password_file": domain_controller.password_file(SERVICE),
            "base": PEOPLE,
        }
        settings = settings_for(
            directory, workstation={"targets": {"domain": domain}, "public_key_file": tmp_path / "worker.pub"}
        )

        findings = check_workstations(settings, password_rules(settings))

        [found] = [finding for finding in findings if finding.subject == "workstation.targets.domain"]
        assert (found.level is Level.FAIL) is strict
        assert ("workstation.targets.domain.tls_strict = false" in found.hint) is strict


@contextmanager
def recording_by_tls(made: Certificates) -> Iterator[tuple[int, list[bytes]]]:
    """The port of a server that never answers, and what came to it after a handshake."""
    context, received = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), []
    context.load_cert_chain(made.certificate, made.key)

    class Recorder(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError), context.wrap_socket(self.request, server_side=True) as line:
                if something := line.recv(4096):
                    received.append(something)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Recorder) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        try:
            yield server.server_address[1], received
        finally:
            server.shutdown()
            thread.join()


class TestCheck:
    def test_when_a_domain_shows_an_old_certificate_then_its_accounts_password_is_not_sent(
        self, old, directory, tmp_path
    ):
        make_key_pair(tmp_path / "worker.key", tmp_path / "worker.pub")
        (tmp_path / "password").write_text("Secret-Pw-2026!")
        with recording_by_tls(old) as (port, received):
            domain = {
                "type": "active_directory",
                "servers": [f"ldaps://localhost:{port}"],
                "ca_file": old.authority,
                "bind_dn": "svc-gateway@ad.ac-example.fr",
                "bind_password_file": tmp_path / "password",
                "base": "DC=ad,DC=ac-example,DC=fr",
            }
            settings = settings_for(
                directory, workstation={"targets": {"domain": domain}, "public_key_file": tmp_path / "worker.pub"}
            )

            findings = list(check_workstations(settings, password_rules(settings)))

        assert "workstation.targets.domain.tls_strict = false" in findings[0].hint
        assert received == []

    @pytest.mark.parametrize("strict, logins", [(True, 0), (False, 1)])
    def test_when_the_mail_server_shows_an_old_certificate_then_nobody_logs_in_to_it(
        self, old, running, directory, tmp_path, strict, logins
    ):
        mails = SmtpServer()
        mails.start()
        running.callback(mails.stop)
        service = mail_service(mails, running.enter_context(tls_proxy(old, mails.port)), "tls", directory, tmp_path)

        findings = service.found(
            service.settings(smtp_tls_strict=strict, smtp_user="gateway", smtp_password="Pw-2026!")
        )

        assert [finding.level for finding in findings] == [Level.FAIL if strict else Level.OK]
        assert mails.logins == logins

    def test_when_a_proxy_is_between_then_the_certificate_is_not_tried(self, server, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
        settings = settings_for(server, second_factor={"sms_gateway_url": "https://sms.invalid/"})

        [finding] = [
            finding for finding in check_machine(settings) if finding.subject == "second_factor.sms_gateway_url"
        ]

        assert finding.level is Level.OK
        assert "proxy" in finding.message
