"""A browser without JavaScript at a running `mamia serve` that asks for no CAPTCHA."""

from __future__ import annotations

import requests

from tests.support.browser import CHANGE, FIND, RESET, Page
from tests.support.slapd_server import NUMEN, PASSWORD


class Visitor:
    """A browser at the site; each request has a connection of its own."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"

    def open(self, path: str) -> Page:
        return Page(self._session.get(self._address + path, timeout=60))

    def send(self, path: str, page: Page, **typed: str) -> Page:
        return Page(self._session.post(self._address + path, data={**page.fields, **typed}, timeout=60))

    def find(self, surname: str, given_name: str = "François", birth_date: str = "27/03/1985") -> Page:
        typed = {"surname": surname, "given_name": given_name, "birth_date": birth_date}
        return self.send(FIND, self.open(FIND), **typed)

    def prove(self, login: str) -> Page:
        return self.send(RESET, self.open(RESET), login=login, proof=NUMEN, birth_date="27/03/1985")

    def choose(self, proved: Page, new: str) -> Page:
        return self.send(RESET, proved, new_password=new, confirmation=new)

    def change(self, login: str, new: str, page: Page | None = None, current: str = PASSWORD) -> Page:
        """By a page that is open already, or by a new one."""
        typed = {"login": login, "current_password": current, "new_password": new, "confirmation": new}
        return self.send(CHANGE, page or self.open(CHANGE), **typed)
