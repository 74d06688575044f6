"""Lynx, which shows text alone: somebody finds the account by the keyboard."""

from __future__ import annotations

import re

import requests

from tests.engines.conftest import LOGIN
from tests.support.browser import FIND
from tests.support.terminal import run_on_a_terminal

NAMES = {"surname": "Durand", "given_name": "Francois", "birth_date": "27/03/1985"}
STOPS = re.compile(r"<a [^>]*href|<button|<input(?![^>]*type=\"?hidden)")
"""Where the key Down halts."""


def stops(html):
    """How many places to halt at there are."""
    return len(STOPS.findall(html))


def keys_that_fill_in(html, saved):
    """In Lynx's names of keys: from the top of the page to the form's button and Enter, then the answer to a file."""
    keys, at = [], 0
    for name, text in NAMES.items():
        place = html.index(f'name="{name}"')
        there = stops(html[: html.rindex("<", 0, place)])
        keys += ["Down Arrow"] * (there - at) + list(text)
        at = there
    button = next(found for found in re.finditer(r"<button([^>]*)>", html[place:]) if "name=" not in found[1])
    return [
        *keys,
        *["Down Arrow"] * (stops(html[: place + button.start()]) - at),
        "^J",
        "p",
        "^J",
        "^U",
        *saved,
        "^J",
        "q",
        "y",
    ]


class TestFind:
    def test_when_the_form_is_filled_in_then_login_and_address_are_read(self, serve, tmp_path):
        address = serve(web={"secure_cookies": False, "languages": ["fr"]}) + FIND
        # What is drawn on the screen depends on how fast the keys come.
        script, saved = tmp_path / "keys", tmp_path / "page.txt"
        keys = keys_that_fill_in(requests.get(address, timeout=120).text, str(saved))
        script.write_text("".join(f"key {key}\n" for key in keys))

        lynx = ["lynx", "-accept_all_cookies", "-nopause", "-display_charset=utf-8", f"-cmd_script={script}", address]
        run_on_a_terminal(lynx, LANG="C.UTF-8", HOME=str(tmp_path))

        assert f"{LOGIN}@ac-example.fr" in saved.read_text()
