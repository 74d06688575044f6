"""Debian's Chromium, by Playwright."""

from __future__ import annotations

from typing import Any, ClassVar

from playwright.sync_api import Browser, Error

from tests.support.engines.page import ENTER, SPACE, EnginePage

PATIENCE_MILLISECONDS = 120_000
NAMES = {ENTER: "Enter", SPACE: "Space"}
"""What Playwright calls the keys."""


class ChromiumPage(EnginePage):
    passing: ClassVar = (Error,)

    def __init__(self, browser: Browser, *, runs_scripts: bool) -> None:
        self._context = browser.new_context(java_script_enabled=runs_scripts)
        self._context.set_default_timeout(PATIENCE_MILLISECONDS)
        self._page = self._context.new_page()
        self._faults: list[str] = []
        self._page.on("pageerror", lambda error: self._faults.append(str(error)))
        self._page.on("console", lambda message: self._keep(message.type, message.text))

    def open(self, address: str) -> None:
        self._page.goto(address)

    def ask(self, question: str, *facts: str) -> Any:
        return self._page.evaluate(f"facts => ({question})(...facts)", list(facts))

    def type_into(self, selector: str, text: str) -> None:
        self._page.fill(selector, "")
        self._page.type(selector, text)

    def press_key(self, selector: str, key: str) -> None:
        self._page.press(selector, NAMES[key], no_wait_after=True)

    def travel(self, steps: int) -> None:
        if steps < 0:
            self._page.go_back()
        else:
            self._page.go_forward()

    def load_again(self) -> None:
        self._page.reload()

    def faults(self) -> list[str]:
        return list(self._faults)

    def close(self) -> None:
        self._context.close()

    def _keep(self, kind: str, text: str) -> None:
        # Refused forms are answered with 4xx on purpose.
        if kind == "error" and "the server responded with a status of" not in text:
            self._faults.append(text)


class Chromium:
    """The one of all tests of this worker."""

    def __init__(self, browser: Browser, *, runs_scripts: bool) -> None:
        self._browser, self._runs_scripts = browser, runs_scripts
        self.version = browser.version

    def new_page(self) -> EnginePage:
        return ChromiumPage(self._browser, runs_scripts=self._runs_scripts)

    def close(self) -> None:
        """Nothing: who started it ends it."""
