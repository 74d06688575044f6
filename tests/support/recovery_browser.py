"""The page of the recovery methods in Chromium, with the messages that people get from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from gateway.demo.post_office import PostOffice
from tests.support.matching import first_match
from tests.support.page_actions import fill, send
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

RECOVERY = "/mes-moyens-de-secours"
LOGIN = "fdurand4"
KINDS = ("mail", "mobile", "passkey", "totp")


def recovery_settings(address: str, post: PostOffice, spool: Path, rest_hours: int) -> dict[str, Any]:
    """Sections of a site at `address`, a name under localhost, whose messages go to `post`."""
    return {
        "recovery": {"methods": KINDS, "rp_id": "localhost", "origin": address, "rest_hours": rest_hours},
        "notifications": {"spool": spool, "smtp_host": "127.0.0.1", "smtp_port": post.smtp_port},
        "second_factor": {"sms_gateway_url": post.sms_url},
    }


@dataclass(frozen=True)
class Methods:
    """The page of the methods, in a browser whose language does not matter."""

    page: Page
    address: str
    post: PostOffice

    def sign_in(self, password: str = PASSWORD) -> None:
        self.page.goto(self.address + RECOVERY)
        fill(self.page, login=LOGIN, current_password=password)
        send(self.page)

    def begin(self, kind: str, typed: str = "") -> None:
        """Open the box of a kind, and press its button."""
        box = self.page.locator(f"details.add-method:has([name=kind][value={kind}])")
        if box.get_attribute("open") is None:
            box.locator("summary").click()
        if typed:
            box.locator("[name=address]").fill(typed)
        with self.page.expect_navigation():
            box.locator("button.btn-brand").click()

    def confirm(self, answer: str) -> None:
        fill(self.page, answer=answer)
        send(self.page)

    def code_to(self, recipient: str) -> str:
        """The code in the newest message to an address or a phone."""

        def messages() -> list[Path]:
            return sorted(self.post.folder.glob(f"*-{recipient}.txt"))

        wait_until(messages)
        return str(first_match(r"\b\d{6}\b", messages()[-1].read_text()).group())
