"""The page of the recovery methods: confirmed before they count, announced, at rest, renamed and removed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyotp
import pytest

from tests.support.browser import RESET, Browser, Page
from tests.support.http_server import QuietHandler, serving
from tests.support.polling import wait_until
from tests.support.recovery_values import put
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer

RECOVERY = "/mes-moyens-de-secours"
PRIVATE, PHONE = "moi@exemple.org", "06 12 34 56 78"
PROFESSIONAL = "fdurand4@ac-example.fr"
NEW = "Nouveau-2025"
KEY = "the same for every front end of a test, 1234"


class Phones:
    """An academy's service for text messages, and what it was sent."""

    def __init__(self) -> None:
        self.address = ""
        self.texts: list[str] = []


@pytest.fixture
def phones() -> Iterator[Phones]:
    received = Phones()

    class Hook(QuietHandler):
        def do_POST(self) -> None:
            received.texts.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

    with serving(Hook) as address:
        received.address = f"{address}/sms"
        yield received


@pytest.fixture
def open_site(
    directory: SlapdServer,
    open_browser: Callable[..., Browser],
    mail_server: SmtpServer,
    phones: Phones,
    tmp_path: Any,
) -> Callable[..., Browser]:
    directory.add_person("fdurand4")

    def site(**recovery: Any) -> Browser:
        return open_browser(
            recovery={
                "methods": ["mail", "mobile", "totp"],
                **recovery,
            },
            second_factor={"sms_gateway_url": phones.address},
            web={"secret_keys": [KEY]},
            notifications={"spool": tmp_path / "mails", "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )

    return site


def sign_in(browser: Browser, password: str = PASSWORD, login: str = "fdurand4") -> Page:
    return browser.fill_in(RECOVERY, login=login, current_password=password)


def fields_of(page: Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "ticket")}


def do(browser: Browser, page: Page, action: str, **typed: str) -> Page:
    return browser.post(RECOVERY, {**fields_of(page), "action": action, **typed})


def add(browser: Browser, page: Page, kind: str, **typed: str) -> Page:
    return do(browser, page, "add", kind=kind, **typed)


def confirm(browser: Browser, page: Page, answer: str) -> Page:
    return browser.post(RECOVERY, {**fields_of(page), "answer": answer})


def add_app(browser: Browser, page: Page, name: str = "Mon téléphone") -> tuple[Page, pyotp.TOTP]:
    asked = add(browser, page, "totp", method_name=name)
    app = pyotp.TOTP(key_in(asked))
    return confirm(browser, asked, app.now()), app


def key_in(page: Page) -> str:
    found = re.search(r'class="key">([^<]*)<', page.source)
    assert found
    return re.sub(r"\s", "", found.group(1))


def code_in(text: str) -> str:
    found = re.search(r"\b\d{6}\b", text)
    assert found
    return found.group()


def mail_text(mail_server: SmtpServer, address: str) -> str:
    body = mail_server.to(address).get_body(("plain",))
    assert body
    return str(body.get_content())


def is_told(mail_server: SmtpServer, address: str, words: str) -> None:
    """Wait until a mail with these words has come to the address."""

    def has_come() -> bool:
        bodies = (mail.get_body(("plain",)) for mail in mail_server.mails if mail["To"] == address)
        return any(words in str(body.get_content()) for body in bodies if body)

    wait_until(has_come)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def method_of(page: Page) -> str:
    return page.fields["method"]


class TestSignIn:
    def test_when_login_and_password_are_right_then_the_list_is_shown_without_the_password(
        self, open_site: Callable[..., Browser]
    ) -> None:
        page = sign_in(open_site())

        assert page.path == f"{RECOVERY}/suite"
        assert "Aucun moyen de secours" in page.main
        assert PASSWORD not in page.source

    @pytest.mark.parametrize(("login", "password"), [("fdurand4", "wrong"), ("nobody", PASSWORD)])
    def test_when_one_of_them_is_wrong_then_the_answer_is_the_same(
        self, open_site: Callable[..., Browser], login: str, password: str
    ) -> None:
        page = sign_in(open_site(), password, login)

        assert page.status == 422
        assert "Identifiant ou mot de passe incorrect" in page.main

    def test_when_wrong_passwords_are_tried_here_and_at_the_change_then_they_count_together(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        for _ in range(3):
            sign_in(browser, "wrong")
        for _ in range(2):
            browser.change("fdurand4", "wrong", NEW)

        assert sign_in(browser, "wrong").status == 429
        assert "pwdAccountLockedTime" not in directory.read("fdurand4")

    def test_when_the_settings_offer_no_method_then_there_is_no_page(
        self, open_browser: Callable[..., Browser]
    ) -> None:
        assert open_browser().open(RECOVERY).status == 404

    def test_when_the_password_changes_then_the_sign_in_is_over(self, open_site: Callable[..., Browser]) -> None:
        browser = open_site()
        page = sign_in(browser)

        browser.change("fdurand4", PASSWORD, NEW)

        assert "moyens de secours est écoulé" in do(browser, page, "remove", method="x").main

    def test_when_the_directory_is_down_then_the_page_says_so_and_keeps_nothing(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        page = sign_in(browser)
        directory.slapd.stop()

        answer = add(browser, page, "mail", address=PRIVATE)

        assert answer.status == 503


class TestMailAndMobile:
    def test_when_the_code_is_right_then_the_address_is_added_masked_and_sealed(
        self, open_site: Callable[..., Browser], mail_server: SmtpServer, directory: SlapdServer
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "mail", address=PRIVATE, method_name="Chez moi")
        code = code_in(mail_text(mail_server, PRIVATE))
        assert code not in asked.source
        assert "mamiaRecovery" not in directory.read("fdurand4")

        page = confirm(browser, asked, code)

        assert "Chez moi" in page.main
        assert "m•••@exemple.org" in page.main
        assert PRIVATE not in page.source
        [value] = directory.read_raw("fdurand4")["mamiaRecovery"]
        assert b"exemple" not in value

    def test_when_the_code_is_right_then_a_phone_is_added(
        self, open_site: Callable[..., Browser], phones: Phones, directory: SlapdServer
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "mobile", address=PHONE)

        page = confirm(browser, asked, code_in(phones.texts[-1]))

        assert "•• •• •• •• 78" in page.main
        assert len(directory.read_raw("fdurand4")["mamiaRecovery"]) == 1

    def test_when_the_code_is_wrong_five_times_then_nothing_is_added(
        self, open_site: Callable[..., Browser], mail_server: SmtpServer, directory: SlapdServer
    ) -> None:
        browser = open_site()
        page = add(browser, sign_in(browser), "mail", address=PRIVATE)
        code = code_in(mail_text(mail_server, PRIVATE))

        for _ in range(5):
            page = confirm(browser, page, wrong(code))

        assert "Aucun moyen de secours" in page.main
        assert confirm(browser, page, code).status != 500
        assert "mamiaRecovery" not in directory.read("fdurand4")

    @pytest.mark.parametrize(
        ("kind", "address"),
        [("mail", "moi"), ("mail", "a@b.fr, c@d.fr"), ("mail", ""), ("mobile", "12"), ("mobile", "")],
    )
    def test_when_it_is_no_address_then_nothing_is_sent(
        self, open_site: Callable[..., Browser], phones: Phones, kind: str, address: str
    ) -> None:
        browser = open_site()

        page = add(browser, sign_in(browser), kind, address=address)

        assert page.status == 422
        assert phones.texts == []

    @pytest.mark.parametrize("address", ["X@AC-Example.fr", "fdurand4@example.net"], ids=["domain", "own"])
    def test_when_the_address_is_of_the_academy_then_nothing_is_sent(
        self, open_site: Callable[..., Browser], directory: SlapdServer, mail_server: SmtpServer, address: str
    ) -> None:
        directory.set("fdurand4", "mail", "fdurand4@example.net")
        browser = open_site()

        page = add(browser, sign_in(browser), "mail", address=address)

        assert "C’est une adresse de l’académie" in page.main
        assert mail_server.mails == []

    def test_when_it_is_added_then_the_addresses_known_before_are_told_and_it_rests(
        self, open_site: Callable[..., Browser], mail_server: SmtpServer
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "mail", address=PRIVATE)

        page = confirm(browser, asked, code_in(mail_text(mail_server, PRIVATE)))

        is_told(mail_server, PROFESSIONAL, "a été ajouté")
        assert "Vous pourrez l’utiliser à partir du" in page.main


class TestApp:
    def test_when_its_code_is_right_then_it_is_added_without_its_secret_in_the_list(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()

        page, app = add_app(browser, sign_in(browser))

        assert "Mon téléphone" in page.main
        assert app.secret not in page.source
        assert app.secret.encode() not in directory.read_raw("fdurand4")["mamiaRecovery"][0]

    @pytest.mark.parametrize(("seconds", "is_accepted"), [(-30, True), (30, True), (-90, False), (90, False)])
    def test_when_the_phones_clock_is_wrong_then_half_a_minute_is_accepted(
        self, open_site: Callable[..., Browser], directory: SlapdServer, seconds: int, is_accepted: bool
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "totp")
        wait_for_a_young_step()

        confirm(browser, asked, pyotp.TOTP(key_in(asked)).at(int(time.time()) + seconds))

        assert ("mamiaRecovery" in directory.read("fdurand4")) is is_accepted


def wait_for_a_young_step() -> None:
    """A step that ends between code and answer would make another code right."""
    while time.time() % 30 > 20:
        time.sleep(0.1)


class TestList:
    def test_when_a_method_is_renamed_then_it_has_the_name(self, open_site: Callable[..., Browser]) -> None:
        browser = open_site()
        page, _ = add_app(browser, sign_in(browser))

        page = do(browser, page, "rename", method=method_of(page), method_name="Tablette")

        assert "Tablette" in page.main
        assert "Mon téléphone" not in page.main

    def test_when_a_method_is_removed_then_it_is_gone_and_everybody_known_is_told(
        self, open_site: Callable[..., Browser], directory: SlapdServer, mail_server: SmtpServer
    ) -> None:
        browser = open_site()
        asked = add(browser, sign_in(browser), "mail", address=PRIVATE)
        page = confirm(browser, asked, code_in(mail_text(mail_server, PRIVATE)))

        do(browser, page, "remove", method=method_of(page))

        assert "mamiaRecovery" not in directory.read("fdurand4")
        is_told(mail_server, PRIVATE, "a été supprimé")
        is_told(mail_server, PROFESSIONAL, "a été supprimé")

    def test_when_two_browsers_remove_the_same_method_then_the_second_one_is_told(
        self, open_site: Callable[..., Browser]
    ) -> None:
        browser = open_site()
        page, _ = add_app(browser, sign_in(browser))
        other = Browser(browser.app)
        same = sign_in(other)

        do(browser, page, "remove", method=method_of(page))

        assert "modifié ou supprimé" in do(other, same, "remove", method=method_of(same)).main

    def test_when_ten_are_there_then_no_more_is_added(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        page, _ = add_app(browser, sign_in(browser))
        [value] = directory.read_raw("fdurand4")["mamiaRecovery"]
        directory.set("fdurand4", "mamiaRecovery", [value.hex() + str(number) for number in range(10)])

        page = add(browser, sign_in(browser), "totp")

        assert "autant de moyens" in page.main

    def test_when_another_persons_ticket_is_used_then_only_their_own_methods_are_reached(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        directory.add_person("jmartin")
        page, _ = add_app(browser, sign_in(browser))
        stranger = Browser(browser.app)

        do(stranger, sign_in(stranger, login="jmartin"), "remove", method=method_of(page))

        assert len(directory.read_raw("fdurand4")["mamiaRecovery"]) == 1


class TestNewPassword:
    def test_when_the_owner_resets_then_what_somebody_added_before_is_gone_and_all_are_told(
        self, open_site: Callable[..., Browser], directory: SlapdServer, mail_server: SmtpServer
    ) -> None:
        thief, owner = open_site(), open_site()
        asked = add(thief, sign_in(thief), "mail", address=PRIVATE)
        page = confirm(thief, asked, code_in(mail_text(mail_server, PRIVATE)))
        add_app(thief, page)

        owner.choose(owner.prove("fdurand4"), NEW)

        assert "mamiaRecovery" not in directory.read("fdurand4")
        is_told(mail_server, PROFESSIONAL, "a été retiré en même temps")

    def test_when_the_owner_changes_it_then_too(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        add_app(browser, sign_in(browser))

        browser.change("fdurand4", PASSWORD, NEW)

        assert "mamiaRecovery" not in directory.read("fdurand4")

    def test_when_a_method_has_rested_then_it_stays(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site(rest_hours=0)
        add_app(browser, sign_in(browser))

        browser.change("fdurand4", PASSWORD, NEW)

        assert len(directory.read_raw("fdurand4")["mamiaRecovery"]) == 1


class TestUnreadable:
    """A key of web.secret_keys is gone, or somebody wrote values by hand: slapd accepts anything."""

    GARBAGE = (
        b"",
        b"\x00",
        b"\x01",
        b"\x01" + bytes(72),
        b"\xff\xfe" * 40,
        b"{}",
        b"mail;moi@exemple.org",
        b"\x02" * 5000,
    )

    @pytest.fixture
    def spoilt(self, open_site: Callable[..., Browser], directory: SlapdServer) -> Callable[..., Browser]:
        values = [*filter(None, self.GARBAGE), *(b"\x01" + str(number).encode() * 30 for number in range(100))]
        put(directory, "fdurand4", values)
        return open_site

    def test_when_no_value_can_be_opened_then_every_page_works_and_the_list_says_so(
        self, spoilt: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = spoilt()

        page = sign_in(browser)
        choosing = browser.prove("fdurand4")
        browser.choose(choosing, NEW)

        assert "107 moyens de secours ne peuvent plus être lus" in page.main
        assert "new_password" in choosing.fields
        assert directory.binds("fdurand4", NEW)

    def test_when_the_person_removes_them_then_others_can_be_added_again(
        self, spoilt: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = spoilt()
        page = sign_in(browser)
        assert "autant de moyens" in add(browser, page, "totp").main

        page = do(browser, sign_in(browser), "unreadable")
        assert "mamiaRecovery" not in directory.read("fdurand4")
        add_app(browser, page)

        assert len(directory.read_raw("fdurand4")["mamiaRecovery"]) == 1

    def test_when_a_readable_one_is_among_them_then_it_stays(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site()
        add_app(browser, sign_in(browser))
        [kept] = directory.read_raw("fdurand4")["mamiaRecovery"]
        put(directory, "fdurand4", [kept, b"garbage"])

        do(browser, sign_in(browser), "unreadable")

        assert directory.read_raw("fdurand4")["mamiaRecovery"] == [kept]

    def test_when_keys_are_rotated_then_the_method_stays_and_the_old_key_can_go_after_the_next_sign_in(
        self, open_browser: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        directory.add_person("fdurand4")
        old, new = "an old key of the tests, long enough", "a new key of the tests, long enough"

        def site(*keys: str) -> Browser:
            return open_browser(recovery={"methods": ["totp"]}, web={"secret_keys": list(keys)})

        first = site(old)
        add_app(first, sign_in(first))

        assert "ne peut plus être lu" in sign_in(site(new)).main
        assert "Mon téléphone" in sign_in(site(new, old)).main
        assert "Mon téléphone" in sign_in(site(new)).main


class TestResetByCode:
    def test_when_the_method_still_rests_then_it_serves_no_reset(self, open_site: Callable[..., Browser]) -> None:
        browser = open_site()
        add_app(browser, sign_in(browser))

        assert "new_password" in browser.prove("fdurand4").fields

    def test_when_it_has_rested_then_the_app_confirms_the_reset_and_each_code_works_once(
        self, open_site: Callable[..., Browser], directory: SlapdServer
    ) -> None:
        browser = open_site(rest_hours=0)
        _, app = add_app(browser, sign_in(browser))
        wait_for_a_young_step()
        used = app.now()
        asked = browser.prove("fdurand4")
        assert "Mon téléphone" in asked.main

        refused = browser.send(RESET, asked, code=used)
        page = browser.send(RESET, refused, code=app.at(int(time.time()) + 30))
        browser.choose(page, NEW)

        assert refused.status == 422
        assert directory.binds("fdurand4", NEW)

    def test_when_there_are_several_channels_then_the_person_chooses_and_can_change_the_choice(
        self, open_site: Callable[..., Browser], mail_server: SmtpServer, phones: Phones, directory: SlapdServer
    ) -> None:
        browser = open_site(rest_hours=0)
        asked = add(browser, sign_in(browser), "mail", address=PRIVATE)
        page = confirm(browser, asked, code_in(mail_text(mail_server, PRIVATE)))
        asked = add(browser, page, "mobile", address=PHONE)
        confirm(browser, asked, code_in(phones.texts[-1]))

        choose = browser.prove("fdurand4")
        assert "m•••@exemple.org" in choose.main
        by_phone = choose.main.index("•• 78") < choose.main.index("m•••@")
        phone, mail = ("0", "1") if by_phone else ("1", "0")
        first = browser.send(RESET, choose, channel=mail)
        second = browser.send(RESET, first, channel=phone)
        page = browser.send(RESET, second, code=code_in(phones.texts[-1]))
        browser.choose(page, NEW)

        assert directory.binds("fdurand4", NEW)

    def test_when_one_of_them_is_an_app_then_nothing_says_that_a_code_is_sent(
        self, open_site: Callable[..., Browser], mail_server: SmtpServer
    ) -> None:
        browser = open_site(rest_hours=0)
        asked = add(browser, sign_in(browser), "mail", address=PRIVATE)
        page = confirm(browser, asked, code_in(mail_text(mail_server, PRIVATE)))
        add_app(browser, page)

        choose = browser.prove("fdurand4")

        assert "Comment voulez-vous confirmer que c’est vous" in choose.main
        assert "Envoyer le code" not in choose.main

    def test_when_a_reset_used_it_then_the_list_says_when(
        self, open_site: Callable[..., Browser], phones: Phones
    ) -> None:
        browser = open_site(rest_hours=0)
        asked = add(browser, sign_in(browser), "mobile", address=PHONE)
        assert "Dernière utilisation : jamais" in confirm(browser, asked, code_in(phones.texts[-1])).main

        page = browser.prove("fdurand4")
        browser.choose(browser.send(RESET, page, code=code_in(phones.texts[-1])), NEW)

        assert "Dernière utilisation : jamais" not in sign_in(browser, NEW).main


class TestWaiting:
    @pytest.mark.parametrize("hours, is_explained", [(48, True), (0, False)])
    def test_when_methods_rest_then_the_page_explains_why(
        self, open_site: Callable[..., Browser], hours: int, is_explained: bool
    ) -> None:
        page = open_site(rest_hours=hours).open(RECOVERY)

        assert ("Pourquoi attendre" in page.source) is is_explained


class TestOffer:
    def test_when_a_password_was_changed_then_the_result_offers_the_page(
        self, open_site: Callable[..., Browser]
    ) -> None:
        page = open_site().change("fdurand4", PASSWORD, NEW)

        assert f'href="{RECOVERY}"' in page.source

    def test_when_the_settings_offer_none_then_it_does_not(
        self, directory: SlapdServer, open_browser: Callable[..., Browser]
    ) -> None:
        directory.add_person("fdurand4")

        assert RECOVERY not in open_browser().change("fdurand4", PASSWORD, NEW).source
