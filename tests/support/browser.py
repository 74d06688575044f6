"""A browser without JavaScript: it fills in the form that it was shown, hidden fields and cookies included."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from werkzeug.test import TestResponse

FIND = "/retrouver-mon-compte"
RESET = "/reinitialiser-mon-mot-de-passe"
CHANGE = "/modifier-mon-mot-de-passe"
PAGES = (
    "/",
    FIND,
    RESET,
    CHANGE,
    "/assistance",
    "/questions-frequentes",
    "/donnees-personnelles",
    "/accessibilite",
    "/mentions-legales",
)
"""Every page that can be opened by its address."""


@dataclass
class Page(HTMLParser):
    """A page as it was read: its status, words, and the values of its fields."""

    answer: TestResponse | requests.Response
    fields: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.answer.text)
        # What a service does once the answer is out.
        self.answer.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if tag == "input" and values.get("name"):
            self.fields[str(values["name"])] = values.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def path(self) -> str:
        """The path of its address."""
        return urlsplit(self.answer.request.url or "").path

    @property
    def text(self) -> str:
        """The words of the page, blanks folded (also the ones that don't break)."""
        return re.sub(r"\s+", " ", " ".join(self.words))

    @property
    def main(self) -> str:
        """The words of the page's main part."""
        inside = re.search(r"<main.*?</main>", self.answer.text, re.DOTALL)
        assert inside
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", inside.group(0))))

    @property
    def source(self) -> str:
        return self.answer.text


class Browser:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self.client = app.test_client()

    def open(self, path: str) -> Page:
        return Page(self.client.get(path))

    def fill_in(self, path: str, **typed: str) -> Page:
        """Open the page, type, send, and follow to where the answer leads."""
        return self.send(path, self.open(path), **typed)

    def send(self, path: str, page: Page, **typed: str) -> Page:
        """Send the form of a page that is open already."""
        return self.post(path, {**page.fields, **typed})

    def post(self, path: str, data: Any, **options: Any) -> Page:
        return Page(self.client.post(path, data=data, follow_redirects=True, **options))

    def change(self, login: str, current: str, new: str, confirmation: str | None = None, **typed: str) -> Page:
        return self.fill_in(
            CHANGE,
            login=login,
            current_password=current,
            new_password=new,
            confirmation=new if confirmation is None else confirmation,
            **typed,
        )

    def find(self, surname: str, given_name: str, birth_date: str = "27/03/1985") -> Page:
        return self.fill_in(FIND, surname=surname, given_name=given_name, birth_date=birth_date)

    def prove(self, login: str, proof: str = "12E8534567ABC", birth_date: str = "27/03/1985") -> Page:
        """The first step of a reset."""
        return self.fill_in(RESET, login=login, proof=proof, birth_date=birth_date)

    def choose(self, page: Page, new: str, confirmation: str | None = None, **typed: str) -> Page:
        """The second, on the page that the first one gave."""
        confirmed = new if confirmation is None else confirmation
        return self.send(RESET, page, new_password=new, confirmation=confirmed, **typed)
