"""Contrast of what a page shows, as its browser computed it: borders, focus, links, placeholders."""

from __future__ import annotations

import re
from collections.abc import Iterator

from playwright.sync_api import Page

from gateway.web.brand import Rgb, contrast

MIN_TEXT, MIN_SHAPE = 4.5, 3.0
"""Contrast ratios of text (WCAG 2.2, 1.4.3), and of what shows where a control or its focus is (1.4.11, 2.4.13)."""
TEXTS = "main a, header a, footer a, summary, .field-error, .btn, .languages button"
BORDERS = {
    ".form-control": "Bottom",
    ".form-control.is-invalid": "Bottom",
    ".faulty": "Left",
    ".alert": "Left",
    ".btn": "Bottom",
    ".menu summary": "Bottom",
    ".languages [aria-current]": "Bottom",
    "aside [aria-current]": "Left",
    ".target": "Left",
}
_COLOURS = """([texts, borders]) => {
    const opaque = colour => !/rgba\\(.*, 0\\)|transparent/.test(colour);
    const ground = element => {
        let at = element;
        while (at !== document.body && !opaque(getComputedStyle(at).backgroundColor)) at = at.parentElement;
        return getComputedStyle(at).backgroundColor;
    };
    const seen = element => element.checkVisibility();
    const found = [];
    for (const element of document.querySelectorAll(texts)) {
        if (!seen(element)) continue;
        found.push(["text", element.outerHTML.slice(0, 90), getComputedStyle(element).color, ground(element)]);
    }
    for (const [selector, side] of Object.entries(borders)) {
        for (const element of document.querySelectorAll(selector)) {
            if (!seen(element)) continue;
            const style = getComputedStyle(element);
            const around = ground(element.parentElement);
            const colour = parseFloat(style[`border${side}Width`]) ? style[`border${side}Color`] : around;
            found.push(["border", selector, colour, around]);
        }
    }
    for (const element of document.querySelectorAll("[placeholder]")) {
        found.push(["text", "placeholder", getComputedStyle(element, "::placeholder").color, ground(element)]);
    }
    return found;
}"""
_FOCUS = """element => {
    element.focus();
    const style = getComputedStyle(element);
    let at = element.parentElement;
    const isClear = colour => /rgba\\(.*, 0\\)/.test(colour);
    while (at !== document.body && isClear(getComputedStyle(at).backgroundColor)) at = at.parentElement;
    return ["focus", element.outerHTML.slice(0, 90), style.outlineColor, getComputedStyle(at).backgroundColor,
        style.outlineStyle, parseFloat(style.outlineWidth)];
}"""


def low_contrasts(page: Page) -> list[str]:
    """What is too faint on the page as it is, each in one line with its ratio."""
    found = page.evaluate(_COLOURS, [TEXTS, BORDERS])
    assert {kind for kind, *_ in found} == {"text", "border"}
    least = {"text": MIN_TEXT, "border": MIN_SHAPE}
    return [
        f"{kind} {what}: {ratio:.2f}"
        for kind, what, colour, ground in found
        if (ratio := contrast(_rgb(colour), _rgb(ground))) < least[kind]
    ] + list(_faint_focus(page))


def _faint_focus(page: Page) -> Iterator[str]:
    """Reach each element by its focus, as the keyboard does: only then `:focus-visible` applies."""
    page.keyboard.press("Tab")
    for element in page.locator("a, button:not(.first), input:not([type=hidden]), summary").all():
        if not element.is_visible():
            continue
        _kind, what, colour, ground, style, width = element.evaluate(_FOCUS)
        ratio = contrast(_rgb(colour), _rgb(ground))
        if style == "none" or width < 2 or ratio < MIN_SHAPE:
            yield f"focus {what}: {style} {width} {ratio:.2f}"


def _rgb(colour: str) -> Rgb:
    """Read what a browser computed: rgb(0, 0, 145). A part of transparency counts as none."""
    red, green, blue = map(int, re.findall(r"\d+", colour)[:3])
    return red, green, blue
