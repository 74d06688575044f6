"""New and removed recovery methods are told to every phone that was known before, by the academy's SMS gateway."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.account.recovery import RecoveryKind, RecoveryMethod
from gateway.notifications.outgoing_queue import OutgoingQueue
from gateway.notifications.outgoing_sender import OutgoingSender
from gateway.notifications.sms import SmsGateway
from gateway.notifications.sms_notices import SmsNotices, SmsPost
from gateway.protection.rate_limiting.limiter import RateLimiter
from gateway.protection.rate_limiting.store import Store
from gateway.protection.recovery_seal import RecoverySeals
from gateway.settings import RateLimits as Rates
from gateway.tls import verifying_context
from tests.support.browser import Browser
from tests.support.http_server import QuietHandler, serving
from tests.support.polling import wait_until
from tests.support.recovery_values import put
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.web.test_recovery_page import add, add_app, code_in, confirm, do, method_of, sign_in

LOGIN, KEY = "fdurand4", "the same for every front end of a test, 1234"
OF_DIRECTORY, SAME_NUMBER, OWN = "06 12 34 56 42", "+33 6 12 34 56 42", "07 98 76 54 31"
ADDED, REMOVED = "Compte académique : un moyen de secours a été ajouté.", "un moyen de secours a été supprimé."
NEW = "Nouveau-2025"


class SmsServer:
    """An SMS gateway: what it took, and the status with which it answers."""

    def __init__(self) -> None:
        self.address, self.status = "", 204
        self.taken: list[dict[str, str]] = []
        self.asked = 0


@pytest.fixture
def gateway() -> Iterator[SmsServer]:
    server = SmsServer()

    class Hook(QuietHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            server.asked += 1
            if server.status < 300:
                server.taken.append(json.loads(text))
            self.send_response(server.status)
            self.end_headers()

    with serving(Hook) as address:
        server.address = f"{address}/sms"
        yield server


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "mails"


@pytest.fixture
def open_site(
    directory: SlapdServer,
    open_browser: Callable[..., Browser],
    gateway: SmsServer,
    spool: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Browser]:
    directory.add_person(LOGIN, mobile=[OF_DIRECTORY, SAME_NUMBER])
    # That a notice waits some seconds before it is sent is tested with mails.
    monkeypatch.setattr("gateway.composition.web.MAX_DELAY_SECONDS", 0.0)

    def site(**rate_limits: str) -> Browser:
        return open_browser(
            recovery={"methods": ["mobile", "totp"]},
            people={"phone": "mobile"},
            second_factor={"sms_gateway_url": gateway.address},
            web={"secret_keys": [KEY]},
            notifications={"spool": spool, "smtp_host": ""},
            rate_limits=rate_limits,
        )

    return site


def waiting(spool: Path) -> list[dict[str, str]]:
    """What waits for the gateway, in order. While the gateway is out of order it stays there."""
    return [json.loads(file.read_bytes()) for file in sorted((spool / "sms" / "new").iterdir())]


def is_empty(spool: Path) -> bool:
    """Whether nothing waits, by names alone: a file may be sent and deleted before it is read."""
    return not list((spool / "sms" / "new").iterdir())


def told(spool: Path) -> list[str]:
    return [notice["to"] for notice in waiting(spool)]


class TestAnnouncement:
    def test_when_a_method_is_added_then_the_phone_known_before_gets_one_message(
        self, open_site: Callable[..., Browser], gateway: SmsServer, spool: Path
    ) -> None:
        browser = open_site()
        add_app(browser, sign_in(browser))

        wait_until(lambda: gateway.taken)

        [notice] = gateway.taken
        assert notice["to"] == OF_DIRECTORY
        assert notice["text"].startswith(ADDED)
        wait_until(lambda: is_empty(spool))

    def test_when_a_phone_is_added_then_it_gets_no_notice_about_itself(
        self, open_site: Callable[..., Browser], gateway: SmsServer, spool: Path
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "mobile", address=OWN)
        gateway.status = 503

        confirm(browser, asked, code_in(gateway.taken.pop()["text"]))

        assert told(spool) == [OF_DIRECTORY]

    @pytest.mark.parametrize(("hours", "phones"), [(49, [OF_DIRECTORY, OWN]), (47, [OF_DIRECTORY])])
    def test_when_an_own_phone_has_rested_then_it_is_told_and_not_before(
        self,
        open_site: Callable[..., Browser],
        directory: SlapdServer,
        gateway: SmsServer,
        spool: Path,
        hours: int,
        phones: list[str],
    ) -> None:
        keep_phone(directory, hours)
        gateway.status = 503
        browser = open_site()

        add_app(browser, sign_in(browser))

        assert told(spool) == phones

    def test_when_a_phone_is_removed_then_it_is_told_too(
        self, open_site: Callable[..., Browser], directory: SlapdServer, gateway: SmsServer, spool: Path
    ) -> None:
        keep_phone(directory, hours=49)
        gateway.status = 503
        browser = open_site()
        page = sign_in(browser)

        do(browser, page, "remove", method=method_of(page))

        assert told(spool) == [OF_DIRECTORY, OWN]
        assert all(REMOVED in notice["text"] for notice in waiting(spool))

    def test_when_a_new_password_removes_what_rests_then_phones_are_told(
        self, open_site: Callable[..., Browser], directory: SlapdServer, gateway: SmsServer, spool: Path
    ) -> None:
        keep_phone(directory, hours=1)
        gateway.status = 503

        open_site().change(LOGIN, PASSWORD, NEW)

        assert told(spool) == [OF_DIRECTORY]
        assert "un moyen de secours récent supprimé" in waiting(spool)[0]["text"]

    def test_when_methods_that_no_key_opens_are_removed_then_phones_are_told(
        self, open_site: Callable[..., Browser], directory: SlapdServer, gateway: SmsServer, spool: Path
    ) -> None:
        browser = open_site()
        put(directory, LOGIN, [b"of a key that is gone"])
        gateway.status = 503

        do(browser, sign_in(browser), "unreadable")

        assert told(spool) == [OF_DIRECTORY]

    def test_when_the_person_reads_english_then_so_is_the_message(
        self, open_site: Callable[..., Browser], directory: SlapdServer, gateway: SmsServer, spool: Path
    ) -> None:
        browser = open_site()
        directory.set(LOGIN, "preferredLanguage", "en")
        gateway.status = 503

        add_app(browser, sign_in(browser))

        assert waiting(spool)[0]["text"].startswith("Academy account: a recovery method was added.")

    def test_when_the_directory_holds_no_number_then_nothing_is_sent(
        self, open_site: Callable[..., Browser], directory: SlapdServer, spool: Path
    ) -> None:
        browser = open_site()
        directory.set(LOGIN, "mobile", "secretariat")

        page, _ = add_app(browser, sign_in(browser))

        assert "Mon téléphone" in page.main
        assert told(spool) == []


class TestOutage:
    def test_when_the_gateway_is_down_then_it_is_done_and_the_notice_is_sent_later(
        self,
        open_site: Callable[..., Browser],
        gateway: SmsServer,
        spool: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        gateway.status = 503
        browser = open_site()

        page, _ = add_app(browser, sign_in(browser))

        assert "Mon téléphone" in page.main
        wait_until(lambda: "they wait" in caplog.text)
        assert told(spool) == [OF_DIRECTORY]
        gateway.status = 204
        make_due(spool)
        send_from(spool, gateway)
        assert [notice["to"] for notice in gateway.taken] == [OF_DIRECTORY]
        assert "does not take text messages (503): they wait" in caplog.text
        assert OF_DIRECTORY not in caplog.text

    def test_when_the_folder_cannot_be_written_then_it_is_done_all_the_same(
        self, open_site: Callable[..., Browser], spool: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser = open_site()
        page = sign_in(browser)
        (spool / "sms" / "tmp").rmdir()

        page, _ = add_app(browser, page)

        assert "Mon téléphone" in page.main
        assert "a notice by text message could not be stored: FileNotFoundError" in caplog.text

    @pytest.mark.parametrize("status", [400, 422])
    def test_when_the_gateway_refuses_a_number_for_good_then_it_is_dropped_and_logged_without_it(
        self, gateway: SmsServer, spool: Path, caplog: pytest.LogCaptureFixture, status: int
    ) -> None:
        gateway.status = status
        queue = OutgoingQueue(_made(spool), gateway.address)
        queue.enqueue(json.dumps({"to": "06 1", "text": ADDED}).encode())

        send_from(spool, gateway)

        assert gateway.asked == 1
        assert "refuses a text message for good" in caplog.text
        assert "06 1" not in caplog.text


class TestLimits:
    def test_when_a_phone_got_too_many_then_it_gets_no_more_and_the_method_is_added(
        self, open_site: Callable[..., Browser], directory: SlapdServer, gateway: SmsServer, spool: Path
    ) -> None:
        gateway.status = 503
        browser = open_site(codes_per_recipient="2/hour")
        page = sign_in(browser)

        for _ in range(3):
            page, _ = add_app(browser, page)

        assert len(directory.read_raw(LOGIN)["mamiaRecovery"]) == 3
        assert told(spool) == [OF_DIRECTORY] * 2

    def test_when_notices_of_removals_used_up_theirs_then_that_of_an_addition_goes_out_all_the_same(
        self, gateway: SmsServer, spool: Path
    ) -> None:
        limiter = RateLimiter(Rates(codes_per_recipient="1/hour"), Store("memory://"), KEY)
        queue = OutgoingQueue(_made(spool), gateway.address)
        notices = SmsNotices(queue, lambda phone, kind: limiter.admit_notice(phone, kind) is None, lambda: None)

        for notice in ("recovery_removed", "recovery_removed", "recovery_added"):
            notices.enqueue(notice, OWN, notice)

        assert [json.loads(file.read_bytes())["text"] for file in sorted((spool / "sms" / "new").iterdir())] == [
            "recovery_removed",
            "recovery_added",
        ]

    def test_when_one_waited_too_long_while_nothing_ran_then_it_is_dropped(
        self, gateway: SmsServer, spool: Path
    ) -> None:
        queue = OutgoingQueue(_made(spool), gateway.address)
        queue.enqueue(json.dumps({"to": OWN, "text": ADDED}).encode())
        [file] = (spool / "sms" / "new").iterdir()
        file.rename(file.with_name(re.sub(r"_\d+_", "_1000_", file.name)))

        send_from(spool, gateway)

        assert gateway.asked == 0

    def test_when_codes_used_up_their_limit_then_notices_go_out_all_the_same(
        self, open_site: Callable[..., Browser], gateway: SmsServer, spool: Path
    ) -> None:
        browser = open_site(codes_per_recipient="1/hour", codes_per_person="1/hour")
        page = sign_in(browser)
        asked = add(browser, page, "mobile", address=SAME_NUMBER)
        gateway.status = 503

        confirm(browser, asked, code_in(gateway.taken.pop()["text"]))

        assert told(spool) == [OF_DIRECTORY]

    def test_when_all_text_messages_are_used_up_then_a_notice_waits(self, gateway: SmsServer, spool: Path) -> None:
        queue, admitted = OutgoingQueue(_made(spool), gateway.address), iter([False, True])
        queue.enqueue(json.dumps({"to": OWN, "text": ADDED}).encode())

        send_from(spool, gateway, lambda: next(admitted, False))

        assert gateway.asked == 1
        assert next(admitted, None) is None


def keep_phone(directory: SlapdServer, hours: float) -> None:
    """Let the person have added the own phone so many hours ago."""
    added_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
    method = RecoveryMethod("aa", RecoveryKind.MOBILE, "Le mien", added_at, address=OWN)
    put(directory, LOGIN, [RecoverySeals([KEY]).seal(method, directory.read(LOGIN)["entryUUID"][0])])


def _made(spool: Path) -> Path:
    spool.mkdir()
    return spool / "sms"


def make_due(spool: Path) -> None:
    """Let what waits for its next attempt be due now."""
    for file in (spool / "sms" / "new").iterdir():
        os.utime(file)


def send_from(spool: Path, gateway: SmsServer, admits: Callable[[], bool] = lambda: True) -> None:
    """Send what waits, with short pauses between the attempts, until nothing waits."""
    client = SmsGateway(gateway.address, "", 5, verifying_context())
    ages = [0.05 * number for number in range(1, 200)]
    sender = OutgoingSender(
        OutgoingQueue(spool / "sms", gateway.address),
        SmsPost(client, admits).send,
        "sms.example",
        1,
        ages,
        what="text message",
        sends_late=False,
    )
    sender.start()
    wait_until(lambda: is_empty(spool))
    sender.close()
