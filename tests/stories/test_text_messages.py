"""Every text message as it leaves, in both languages: one message each, without a link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.account.model import Person
from gateway.app import create_mail_app
from gateway.notifications.background import BackgroundTasks
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.sms import SmsGateway
from gateway.notifications.sms_notices import SmsNotices
from gateway.notifications.spool import Spool
from gateway.services.ports import Channel
from gateway.tls import verifying_context
from gateway.web import messages
from gateway.web.notifications import TemplateNotifications
from tests.support.approved_text import assert_approved
from tests.support.gateway_settings import settings_for
from tests.support.http_server import QuietHandler, serving
from tests.support.slapd_server import SlapdServer

HERE = Path(__file__).parent
PHONE, REFERENCE = "06 12 34 56 42", "0123456789abcdef"
FACTS = {"kind": "totp", "kinds": ["totp"], "ready_at": ""}
MAX_CHARS = 160
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters of which 160 are one message (GSM 03.38, 6.2.1)."""


@contextmanager
def sms_gateway() -> Iterator[tuple[SmsGateway, list[str]]]:
    taken: list[str] = []

    class Hook(QuietHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(204)
            self.end_headers()

    with serving(Hook) as address:
        yield SmsGateway(address, "", 5, verifying_context()), taken


@pytest.fixture(params=["fr", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def texts(directory: SlapdServer, tmp_path: Path, language: str) -> dict[str, str]:
    """Each text message, by what causes it."""
    settings = settings_for(directory, notifications={"spool": tmp_path / "mails"})
    spool = Spool(settings.notifications, tmp_path / "mails")
    queue = OutgoingQueue(tmp_path / "mails" / "sms", "http://127.0.0.1/")
    person = Person("fdurand4", ("Durand",), (), ("François",), "", False, phone=PHONE, preferred_language=language)
    told = {}
    with sms_gateway() as (gateway, taken), create_mail_app(settings).app_context():
        notices = SmsNotices(queue, lambda _phone, _notice: True, lambda: None)
        templates = TemplateNotifications(settings, spool, gateway, BackgroundTasks(), notices)
        for mail in ("code", "recovery_code"):
            templates.send_code(Channel("phone", PHONE, language), "123456", "fdurand4", REFERENCE, mail=mail)
            told[mail] = taken.pop()
        for notice in messages.NOTICES_BY_PHONE:
            templates.notify(notice, person, REFERENCE, **FACTS)
            [file] = (queue.folder / "new").iterdir()
            told[notice] = json.loads(file.read_bytes())["text"]
            file.unlink()
    return told


class TestTextMessages:
    def test_when_each_is_sent_then_it_says_what_was_approved(self, texts: dict[str, str], language: str) -> None:
        told = "".join(f"{name}\n{'=' * len(name)}\n{text}\n\n" for name, text in texts.items())

        assert_approved(told, HERE / f"text-messages.{language}.txt")

    def test_when_it_is_a_notice_then_one_message_holds_it_and_it_names_no_link(self, texts: dict[str, str]) -> None:
        for notice in messages.NOTICES_BY_PHONE:
            assert len(texts[notice]) <= MAX_CHARS
            assert set(texts[notice]) <= BASIC
            assert not re.search(r"https?:|www\.|\.fr\b|\d", texts[notice])
