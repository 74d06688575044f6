"""Every state of the recovery methods' pages, and the links to them: nothing for axe-core, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest

from gateway.demo.post_office import PostOffice, post_office
from tests.support.accessibility import problems_of
from tests.support.authenticator import Authenticator
from tests.support.browser import CHANGE, RESET
from tests.support.chromium_pages import PHONE, ChromiumPages
from tests.support.page_actions import choose, fill, send
from tests.support.ports import free_port
from tests.support.recovery_browser import LOGIN, RECOVERY, Methods, recovery_settings
from tests.support.served_gateways import ServedGateways
from tests.support.slapd_server import PASSWORD, SlapdServer

NEW = "Nouveau-2025"
KEY = "the same for every gateway of a test, 1234"


@pytest.fixture
def post(tmp_path: Path) -> Iterator[PostOffice]:
    with post_office(tmp_path / "post", lambda *_: None) as office:
        yield office


@pytest.fixture(params=["fr", "en"])
def methods(
    request: pytest.FixtureRequest,
    directory: SlapdServer,
    serve: ServedGateways,
    open_page: ChromiumPages,
    post: PostOffice,
    tmp_path: Path,
) -> Methods:
    directory.add_person(LOGIN)
    port = free_port()
    address = f"http://localhost:{port}"
    serve(port=port, web={"secret_keys": [KEY]}, **recovery_settings(address, post, tmp_path / "spool", rest_hours=0))
    return Methods(open_page(viewport=PHONE, locale=request.param), address, post)


class TestStates:
    def test_when_addresses_are_added_then_nothing_is_wrong_with_any_step(self, methods: Methods) -> None:
        page = methods.page
        page.goto(methods.address + RECOVERY)
        faults = problems_of(page, "recovery-sign-in")
        methods.sign_in()
        faults += problems_of(page, "recovery-none")
        methods.begin("mail", "no address")
        faults += problems_of(page, "recovery-mail-error")
        methods.begin("mail", "francois@exemple.org")
        faults += problems_of(page, "recovery-mail-code")
        methods.confirm("000000x")
        faults += problems_of(page, "recovery-mail-code-wrong")
        methods.confirm(methods.code_to("francois@exemple.org"))
        faults += problems_of(page, "recovery-mail-added")
        methods.begin("mobile", "06 12 34 56 99")
        faults += problems_of(page, "recovery-mobile-code")
        methods.confirm(methods.code_to("0612345699"))

        assert page.locator(".recovery-methods > li").count() == 2
        assert faults == []

    def test_when_app_and_passkey_are_added_and_the_passkey_resets_then_nothing_is_wrong_with_any_step(
        self, methods: Methods, directory: SlapdServer
    ) -> None:
        page = methods.page
        Authenticator(page)
        methods.sign_in()
        methods.begin("totp")
        faults = problems_of(page, "recovery-totp")
        methods.confirm(pyotp.TOTP(re.sub(r"\s", "", page.inner_text(".key"))).now())
        methods.begin("passkey")
        faults += problems_of(page, "recovery-passkey")
        page.click("#service button.btn-brand")
        page.wait_for_selector(".alert-success")
        page.locator(".recovery-methods summary").first.click()
        faults += problems_of(page, "recovery-rename")
        with page.expect_navigation():
            page.locator("[name=action][value=remove]").first.click()
        faults += problems_of(page, "recovery-removed")

        page.goto(methods.address + RESET)
        fill(page, login=LOGIN)
        page.click("#cle button")
        page.wait_for_selector("[name=new_password]")
        faults += problems_of(page, "recovery-reset-choose")
        choose(page, NEW)

        assert directory.binds(LOGIN, NEW)
        assert faults == []


class TestLinks:
    @pytest.mark.parametrize("path", ["/", CHANGE, "/questions-frequentes"])
    def test_when_a_page_of_the_service_is_open_then_a_link_leads_to_the_methods(
        self, methods: Methods, path: str
    ) -> None:
        page = methods.page
        page.goto(methods.address + path)
        faults = problems_of(page, f"recovery-link{path.replace('/', '-')}")
        page.locator(".menu summary").click()
        page.locator(f".menu a[href='{RECOVERY}']").click()
        page.wait_for_url(f"**{RECOVERY}")

        assert faults == []

    def test_when_a_password_was_changed_then_the_result_offers_them(self, methods: Methods) -> None:
        page = methods.page
        page.goto(methods.address + CHANGE)
        fill(page, login=LOGIN, current_password=PASSWORD, new_password=NEW, confirmation=NEW)
        send(page)
        faults = problems_of(page, "recovery-offered")
        page.click(f"main a[href='{RECOVERY}']")
        page.wait_for_url(f"**{RECOVERY}")

        assert faults == []


class TestWithout:
    def test_when_the_settings_offer_no_method_then_no_page_leads_to_them(
        self, serve: ServedGateways, open_page: ChromiumPages
    ) -> None:
        page, address = open_page(), serve()

        for path in ("/", CHANGE, "/questions-frequentes"):
            page.goto(address + path)
            assert page.locator(f"a[href='{RECOVERY}']").count() == 0


class TestAtAnotherAddress:
    def test_when_a_passkey_is_made_there_then_the_page_says_where_passkeys_work(self, methods: Methods) -> None:
        page = methods.page
        Authenticator(page)
        there = Methods(page, methods.address.replace("localhost", "127.0.0.1"), methods.post)
        there.sign_in()
        there.begin("passkey")
        page.click("#service button.btn-brand")

        page.wait_for_selector(f"#passkey-message >> text={methods.address}{RECOVERY}")
