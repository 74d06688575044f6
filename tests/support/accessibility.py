"""Look at a page as people see it: light and dark, on a phone and on a desktop, and with what axe-core knows."""

from __future__ import annotations

import os
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
WIDTHS = {"phone": 360, "desktop": 1280}
NARROWEST = 320
SCREENSHOTS = Path(__file__).parents[2] / "var" / "screenshots"
"""Kept for people who want to look; git ignores them."""
WANTS_PICTURES = bool(os.environ.get("PICTURES"))
"""`make test PICTURES=1`. Without it no time is spent on them."""


def problems_of(page: Page, name: str) -> list[str]:
    """What is wrong with the page as it stands, each in one line; its pictures are called `name`."""
    size = page.viewport_size
    assert size
    faults = []
    page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = page.evaluate("options => axe.run(document, options).then(results => results.violations)", OPTIONS)
        faults += [f"{scheme}: {fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]
        if WANTS_PICTURES:
            _take_pictures(page, f"{name}-{page.get_attribute('html', 'lang')}", scheme)
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    if wide > NARROWEST:
        faults.append(f"it runs over the edge of a window of {NARROWEST} pixels: {wide}")
    page.set_viewport_size(size)
    return faults


def _take_pictures(page: Page, name: str, scheme: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for place, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=SCREENSHOTS / f"{name}-{place}-{scheme}.png", full_page=True)
