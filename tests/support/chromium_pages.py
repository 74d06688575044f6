"""Debian's Chromium, and pages of it that report what is wrong with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

EXECUTABLE = os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell")
"""The engine without the browser's windows: a quarter of the processor time. CHROMIUM=/usr/bin/chromium has both."""
PATIENCE_MILLISECONDS = 120_000
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@contextmanager
def running_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class ChromiumPages:
    """Call it to open a page of a session of its own; its options are those of a Playwright context."""

    browser: Browser
    errors: list[str] = field(default_factory=list)
    """Errors of scripts and refused resources, of all pages."""
    _contexts: list[BrowserContext] = field(default_factory=list)

    def __call__(self, **options: Any) -> Page:
        context = self.browser.new_context(**{"viewport": DESKTOP, "locale": "fr-FR", **options})
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if is_error(message) else None)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def is_error(message: ConsoleMessage) -> bool:
    """Refused forms are answered with 4xx on purpose; Chromium reports each as an error."""
    return message.type == "error" and "the server responded with a status of" not in message.text
