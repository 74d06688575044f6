"""A reset by passkey: one answer for whatever is wrong, and none that is used twice, copied or of another site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from webauthn.helpers import bytes_to_base64url

from gateway.protection.passkeys import Passkeys
from tests.support.browser import RESET, Browser, Page
from tests.support.polling import wait_until
from tests.support.recovery_values import set_age
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer
from tests.support.software_passkey import PRESENT, VERIFIED, SoftwarePasskey
from tests.web import test_uniform_answers

RECOVERY = "/mes-moyens-de-secours"
LOGIN, OTHER, NEW = "fdurand4", "jmartin", "Nouveau-2025"
KEY = "the same for every front end of a test, 1234"
REFUSED = "n’ouvre pas ce compte"
SITE = {"methods": ["passkey"], "rp_id": "localhost", "origin": "http://localhost"}
WIDE = dict.fromkeys(
    ("per_login", "per_login_reset", "per_person", "per_address", "per_service", "overall"), "100000/minute"
)

OpenSite = Callable[..., Browser]


@pytest.fixture
def open_site(directory: SlapdServer, open_browser: Callable[..., Browser]) -> OpenSite:
    directory.add_person(LOGIN)
    directory.add_person(OTHER)

    def site(rates: dict[str, str] | None = None, **recovery: Any) -> Browser:
        chosen = {**SITE, "rest_hours": 0, **recovery}
        return open_browser(recovery=chosen, web={"secret_keys": [KEY]}, rate_limits=rates or {})

    return site


def options_in(page: Page, id_: str) -> dict[str, Any]:
    found = re.search(rf'id="passkey-{id_}">(.*?)</script>', page.source, re.DOTALL)
    assert found
    options: dict[str, Any] = json.loads(unescape(found.group(1)))
    return options


def sealed(page: Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "ticket")}


def begin(browser: Browser, login: str = LOGIN) -> Page:
    page = browser.fill_in(RECOVERY, login=login, current_password=PASSWORD)
    return browser.post(RECOVERY, {**sealed(page), "action": "add", "kind": "passkey"})


def add(browser: Browser, passkey: SoftwarePasskey, login: str = LOGIN, **answered: Any) -> Page:
    page = begin(browser, login)
    answer = passkey.made(options_in(page, "create"), **answered)
    return browser.post(RECOVERY, {**sealed(page), "answer": answer})


def prove(browser: Browser, passkey: SoftwarePasskey, login: str = LOGIN, **answered: Any) -> Page:
    page = browser.open(RESET)
    return answer_with(browser, page, passkey.proved(options_in(page, "get"), **answered), login)


def answer_with(browser: Browser, page: Page, answer: str, login: str = LOGIN) -> Page:
    fields = {name: page.fields[name] for name in ("csrf_token", "question")}
    return browser.post(RESET, {**fields, "login": login, "answer": answer})


def bare(answer: Any) -> tuple[int, dict[str, str], str]:
    """The answer without what differs each time."""
    status, headers, body = test_uniform_answers.bare(answer)
    return status, headers, re.sub(r'("challenge": )"[^"]*"', r"\1", body)


class TestRight:
    def test_when_it_is_right_then_the_person_chooses_a_password_without_any_other_proof(
        self, open_site: OpenSite, directory: SlapdServer
    ) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        add(browser, passkey)

        browser.choose(prove(browser, passkey), NEW)

        assert directory.binds(LOGIN, NEW)

    def test_when_the_robot_check_is_on_then_a_passkey_needs_none(
        self, open_browser: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        directory.add_person(LOGIN)
        sections = {"recovery": {**SITE, "rest_hours": 0}, "web": {"secret_keys": [KEY]}}
        passkey = SoftwarePasskey()
        add(open_browser(**sections), passkey)

        page = prove(open_browser(**sections, captcha={"required": ["reset"]}), passkey)

        assert "new_password" in page.fields

    def test_when_it_has_no_counter_then_it_works_again_and_again(self, open_site: OpenSite) -> None:
        browser, synchronised = open_site(), SoftwarePasskey(counter=0)
        add(browser, synchronised)

        assert all("new_password" in prove(browser, synchronised).fields for _ in range(2))

    def test_when_it_was_used_then_the_list_says_when(self, open_site: OpenSite) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        assert "Dernière utilisation : jamais" in add(browser, passkey).main

        browser.choose(prove(browser, passkey), NEW)

        page = browser.fill_in(RECOVERY, login=LOGIN, current_password=NEW)
        assert "Dernière utilisation : jamais" not in page.main

    def test_when_it_was_removed_then_it_opens_nothing(self, open_site: OpenSite) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        page = add(browser, passkey)

        browser.post(RECOVERY, {**sealed(page), "action": "remove", "method": page.fields["method"]})

        assert REFUSED in prove(browser, passkey).main


class TestUniformAnswers:
    def test_when_it_is_refused_then_the_answer_is_the_same_byte_for_byte(
        self, open_site: OpenSite, directory: SlapdServer
    ) -> None:
        for login in ("resting", "closed", "locked"):
            directory.add_person(login)
        passkeys = {login: SoftwarePasskey() for login in (LOGIN, "resting", "closed")}
        for login, passkey in passkeys.items():
            add(open_site(), passkey, login)
        directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
        directory.lock("locked")

        def refused(login: str, passkey: SoftwarePasskey, **answered: Any) -> object:
            # All under one rest, which is in the sentence.
            return bare(prove(open_site(rest_hours=24), passkey, login, **answered).answer)

        for login in passkeys:
            set_age(directory, login, KEY, hours=1 if login == "resting" else 100)
        unknown = refused("nobody", SoftwarePasskey())
        tried = {
            "none registered": refused(OTHER, SoftwarePasskey()),
            "another passkey": refused("closed", SoftwarePasskey()),
            "of another person": refused(OTHER, passkeys[LOGIN]),
            "at rest": refused("resting", passkeys["resting"]),
            "closed account": refused("closed", passkeys["closed"]),
            "locked, none registered": refused("locked", SoftwarePasskey()),
            "person not verified": refused(LOGIN, passkeys[LOGIN], flags=PRESENT),
            "person not present": refused(LOGIN, passkeys[LOGIN], flags=VERIFIED),
            "answer of a registration": refused(LOGIN, passkeys[LOGIN], type_="webauthn.create"),
        }

        assert {name for name, answer in tried.items() if answer != unknown} == set()

    def test_when_the_page_is_opened_then_the_question_names_no_passkey(self, open_site: OpenSite) -> None:
        browser = open_site()
        add(browser, SoftwarePasskey())

        options = options_in(browser.open(RESET), "get")

        assert not options.get("allowCredentials")
        assert options["userVerification"] == "required"

    def test_when_the_person_is_protected_then_it_is_refused_as_for_an_unknown_login(
        self, open_site: OpenSite, open_browser: Callable[..., Browser]
    ) -> None:
        passkey = SoftwarePasskey()
        add(open_site(), passkey)
        recovery, web = {**SITE, "rest_hours": 0}, {"secret_keys": [KEY]}
        guarded = open_browser(recovery=recovery, web=web, people={"protected_filter": f"(uid={LOGIN})"})

        assert bare(prove(guarded, passkey).answer) == bare(prove(guarded, passkey, "nobody").answer)


class TestStolenAnswers:
    def test_when_an_answer_is_sent_twice_then_the_second_one_is_refused(self, open_site: OpenSite) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        add(browser, passkey)
        page = browser.open(RESET)
        answer = passkey.proved(options_in(page, "get"))

        first, second = answer_with(browser, page, answer), answer_with(browser, page, answer)

        assert "new_password" in first.fields
        assert "new_password" not in second.fields

    def test_when_an_answer_to_one_question_is_sent_for_another_then_it_is_refused(self, open_site: OpenSite) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        add(browser, passkey)
        answer = passkey.proved(options_in(browser.open(RESET), "get"))

        assert REFUSED in answer_with(browser, browser.open(RESET), answer).main

    def test_when_a_copy_is_behind_the_counter_then_it_is_refused_and_the_audit_says_so(
        self, open_site: OpenSite, capfd: pytest.CaptureFixture[str]
    ) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        add(browser, passkey)
        prove(browser, passkey)
        passkey.counter -= 1

        assert REFUSED in prove(browser, passkey).main
        assert "passkey_cloned" in capfd.readouterr().err

    def test_when_a_copy_is_behind_the_counter_then_its_owner_is_told(
        self, open_browser: Callable[..., Browser], directory: SlapdServer, mail_server: SmtpServer, tmp_path: Path
    ) -> None:
        directory.add_person(LOGIN)
        mails = {"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port}
        browser, passkey = open_browser(recovery={**SITE, "rest_hours": 0}, notifications=mails), SoftwarePasskey()
        add(browser, passkey)
        prove(browser, passkey)
        passkey.counter -= 1

        prove(browser, passkey)

        wait_until(lambda: any("copie" in str(mail["Subject"]) for mail in mail_server.mails))

    @pytest.mark.parametrize(
        "elsewhere", [{"origin": "https://localhost.example.org"}, {"rp_id": "example.org"}, {"origin": "null"}]
    )
    def test_when_another_site_asked_for_it_then_it_is_refused_here(
        self, open_site: OpenSite, elsewhere: dict[str, str]
    ) -> None:
        browser, passkey = open_site(), SoftwarePasskey()
        add(browser, passkey)

        for name, value in elsewhere.items():
            setattr(passkey, name, value)

        assert REFUSED in prove(browser, passkey).main

    def test_when_it_was_made_for_another_site_then_it_is_not_added(
        self, open_site: OpenSite, directory: SlapdServer
    ) -> None:
        browser = open_site()

        for passkey in (SoftwarePasskey(origin="https://example.org"), SoftwarePasskey(rp_id="example.org")):
            assert "n’a pas pu être utilisée" in add(browser, passkey).main

        assert "mamiaRecovery" not in directory.read(LOGIN)

    def test_when_it_was_made_without_the_person_then_it_is_not_added(
        self, open_site: OpenSite, directory: SlapdServer
    ) -> None:
        add(open_site(), SoftwarePasskey(), flags=PRESENT)

        assert "mamiaRecovery" not in directory.read(LOGIN)

    def test_when_many_are_tried_then_the_rate_limit_of_the_login_stops_them(self, open_site: OpenSite) -> None:
        browser, passkey = open_site(), SoftwarePasskey()

        statuses = [prove(browser, passkey).status for _ in range(11)]

        assert statuses[0] == 422
        assert statuses[-1] == 429


class TestAnythingElse:
    """Whatever is sent as an answer: a refusal, and no error page."""

    EMPTY = '{"id": "AA", "rawId": "AA", "type": "public-key", "response": %s}'
    PARTS = '{"clientDataJSON": "%s", "authenticatorData": "AA", "signature": "AA", "attestationObject": "%s"}'
    NASTY = (
        "", "{", "[]", "null", '"x"', "1", "[" * 8000, '{"id": [1]}', '{"id": "x", "rawId": "y"}', EMPTY % "[]",
        EMPTY % (PARTS % ("W10", "AA")), EMPTY % (PARTS % ("bnVsbA", "_____w")), "\ud800", "é" * 100,
    )  # fmt: skip

    @pytest.mark.parametrize("answer", NASTY, ids=range(len(NASTY)))
    def test_when_it_is_no_answer_then_it_is_refused(
        self, open_site: OpenSite, directory: SlapdServer, answer: str
    ) -> None:
        browser = open_site(rates=WIDE)
        typed = answer.encode("utf-8", "surrogatepass").decode("utf-8", "replace")

        proved = answer_with(browser, browser.open(RESET), typed)
        made = browser.post(RECOVERY, {**sealed(begin(browser)), "answer": typed})

        assert proved.status == 422
        assert made.status in (200, 422)
        assert "mamiaRecovery" not in directory.read(LOGIN)

    def test_when_the_browser_sends_none_then_the_list_says_what_it_needs(self, open_site: OpenSite) -> None:
        browser = open_site()

        page = browser.post(RECOVERY, {**sealed(begin(browser)), "answer": ""})

        assert "Autorisez JavaScript" in page.main

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.binary(max_size=200), where=st.sampled_from(["clientDataJSON", "attestationObject"]))
    def test_when_a_part_of_it_is_noise_then_there_is_no_error(self, passkeys: Any, data: bytes, where: str) -> None:
        options = passkeys.creation("AAAA", LOGIN, "uuid", [])
        made = json.loads(SoftwarePasskey().made(options))
        made["response"][where] = bytes_to_base64url(data)

        assert passkeys.created(json.dumps(made), "AAAA") is None

    @pytest.fixture
    def passkeys(self) -> Any:
        return Passkeys("localhost", "Académie", "http://localhost")
