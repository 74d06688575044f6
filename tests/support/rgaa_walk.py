"""A walk over every page and state of the service, and what RGAA can ask about each."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.composition.web import Gateway, build_gateway
from tests.support.accessibility import NARROWEST
from tests.support.browser import CHANGE, FIND, RESET
from tests.support.gateway_settings import settings_for
from tests.support.page_actions import change, fill, prove, send
from tests.support.pending_deliveries import pending_deliveries
from tests.support.slapd_server import PASSWORD, SlapdServer
from tests.support.smtp_server import SmtpServer

FACTS = (Path(__file__).parent / "page_facts.js").read_text(encoding="utf-8")
LOGIN, NEW = "fdurand4", "Nouveau-2025"
NOBODY = {"surname": "Nemo", "given_name": "Nobody", "birth_date": "27/03/1985"}
MAX_TABS = 150
SPACED = """* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-bottom: 2em !important; }"""
"""What a person may set by criterion 10.12."""
READ_PAGES = {
    "home": "/",
    "find": FIND,
    "reset": RESET,
    "change": CHANGE,
    "help": "/assistance",
    "faq": "/questions-frequentes",
    "privacy": "/donnees-personnelles",
    "accessibility": "/accessibilite",
    "legal": "/mentions-legales",
    "not-found": "/nowhere",
    "result-gone": "/resultat/AAAA",
}
CLIPPED = """() => {
  const unmeasured = '.visually-hidden, .visually-hidden *, .first, .skip, input, audio, meter, select';
  return [...document.querySelectorAll('main *, header *, footer *, nav *')].filter((one) =>
    one.checkVisibility() && !one.matches(unmeasured) && getComputedStyle(one).overflowX !== 'visible'
    && one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML.slice(0, 90));
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  return {
    what: one.outerHTML.slice(0, 80), order: [...document.querySelectorAll('*')].indexOf(one),
    outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    height: one.getBoundingClientRect().height,
  };
}"""
UNSTYLED = """() => {
  for (const sheet of document.styleSheets) sheet.disabled = true;
  const text = document.body.innerText;
  for (const sheet of document.styleSheets) sheet.disabled = false;
  return text;
}"""
FROM_THE_START = """() => {
  document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0);
  document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex');
}"""
SET_STYLES = """css => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [sheet];
}"""
LINKS = {"home_url": "https://www.ac-example.fr/", "webmail_url": "https://webmail.ac-example.fr/"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One page in one state and language, as it was found."""

    name: str
    language: str
    status: int
    source: str
    """The page as the browser has it after its scripts ran, as HTML."""
    facts: dict[str, Any]
    dark_edges: list[float]
    """Contrast of the edge of each field in dark mode."""
    focus: list[dict[str, Any]]
    """What has the focus after each Tab, until it leaves the page."""
    over: dict[str, int]
    """How many pixels the page runs over the edge of narrow windows, with big letters, wide spacing, in landscape."""
    clipped: list[str]
    """Elements whose text is cut off with big letters or wide spacing."""
    unstyled: str
    """The words of the page without any stylesheet."""

    def __str__(self) -> str:
        return f"{self.name}-{self.language}"


class Sites:
    """Gateways on loopback with different settings, on one directory."""

    def __init__(self, directory: SlapdServer, folder: Path, mail_server: SmtpServer) -> None:
        self._directory = directory
        self._folder = folder
        self._mails = mail_server
        self._closing = contextlib.ExitStack()

    def serve(self, **sections: Any) -> str:
        """Return the address of a gateway with these settings."""
        gateway: Gateway = build_gateway(settings_for(self._directory, **sections))
        self._closing.callback(gateway.close)
        app: Flask = create_app(gateway)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        for stop in (server.server_close, thread.join, server.shutdown):
            self._closing.callback(stop)
        return f"http://127.0.0.1:{server.server_port}"

    def plain(self) -> str:
        """A site without CAPTCHA, whose result page has a workstation that waits."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        return self.serve(workstation=pending_deliveries(folder), academy=LINKS)

    def with_characters(self) -> str:
        """A site whose forms all ask for the CAPTCHA."""
        return self.serve(captcha={"required": ["find", "reset", "change"]})

    def with_code(self) -> str:
        """A site that asks for a code, at one of two mail addresses."""
        notifications = {"spool": self._folder / "mails", "smtp_host": "127.0.0.1", "smtp_port": self._mails.port}
        return self.serve(
            people={"private_mail": "mail"}, second_factor={"methods": ["mail"]}, notifications=notifications
        )

    def limited(self) -> str:
        """A site that accepts one attempt per minute."""
        return self.serve(rate_limits={"per_address": "1/minute"})

    def close(self) -> None:
        """Stop them all."""
        self._closing.close()


def walk(browser: Browser, sites: Sites, directory: SlapdServer, language: str) -> Iterator[Visit]:
    """Yield every page and state in this language."""

    def opened(**options: Any) -> BrowserContext:
        return browser.new_context(locale=language, viewport={"width": 1280, "height": 900}, **options)

    with contextlib.closing(opened()) as context:
        for name, page, status in _states(context, sites, directory):
            yield _visit(page, name, language, status)
    with contextlib.closing(opened(java_script_enabled=False)) as context:
        yield from _without_script(context, sites, language)


def _states(context: BrowserContext, sites: Sites, directory: SlapdServer) -> Iterator[tuple[str, Page, int]]:
    directory.remove_everybody()
    directory.add_person(LOGIN, departmentNumber="rectorat", mail=[f"{LOGIN}@ac-example.fr", "moi@exemple.org"])
    page, plain = context.new_page(), sites.plain()
    for name, path in READ_PAGES.items():
        answer = page.goto(plain + path)
        assert answer
        yield name, page, answer.status
    for name, path in (("find", FIND), ("reset", RESET), ("change", CHANGE)):
        page.goto(plain + path)
        send(page)
        yield f"{name}-errors", page, 422
    page.goto(plain + FIND)
    fill(page, surname="Durand", given_name="François", birth_date="27/03/1985")
    send(page)
    yield "found", page, 200
    prove(page, plain + RESET)
    yield "choose", page, 200
    fill(page, new_password="abc", confirmation="abd")
    send(page)
    yield "choose-errors", page, 422
    change(page, plain + CHANGE, PASSWORD, NEW)
    yield "result", page, 200
    yield from _of_codes(page, sites)
    page.goto((limited := sites.limited()) + FIND)
    for _ in range(2):
        fill(page, **NOBODY)
        send(page)
        if page.locator("[name=surname]").count() == 0:
            break
    assert limited in page.url
    yield "rate-limited", page, 429


def _of_codes(page: Page, sites: Sites) -> Iterator[tuple[str, Page, int]]:
    prove(page, sites.with_code() + RESET)
    yield "channel", page, 200
    page.locator("[name=channel]").nth(1).check()
    send(page)
    yield "code", page, 200
    fill(page, code="000000")
    send(page)
    yield "code-errors", page, 422


def _without_script(context: BrowserContext, sites: Sites, language: str) -> Iterator[Visit]:
    """Yield the forms with the CAPTCHA as picture and sound. Scripts of the page do not run, ours do."""
    page, address = context.new_page(), sites.with_characters()
    for name, path in (("find", FIND), ("reset", RESET), ("change", CHANGE)):
        page.goto(address + path)
        yield _visit(page, f"{name}-without-script", language, 200)


def _visit(page: Page, name: str, language: str, status: int) -> Visit:
    facts = page.evaluate(FACTS)
    source = page.content()
    page.emulate_media(color_scheme="dark")
    edges = [field["edge"] for field in page.evaluate(FACTS)["fields"]]
    page.emulate_media(color_scheme="light")
    focus = list(_tabs(page))
    over, clipped = _stretched(page)
    unstyled = " ".join(str(page.evaluate(UNSTYLED)).split())
    return Visit(name, language, status, source, facts, edges, focus, over, clipped, unstyled)


def _tabs(page: Page) -> Iterator[dict[str, Any]]:
    """Yield what has the focus after each Tab, once around the page."""
    page.evaluate(FROM_THE_START)
    seen: set[int] = set()
    for _ in range(MAX_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        # The controls of a player are several stops in one element.
        if focused is None or (focused["order"] in seen and not focused["what"].startswith("<audio")):
            return
        seen.add(focused["order"])
        yield focused


def _stretched(page: Page) -> tuple[dict[str, int], list[str]]:
    """Measure the page in narrow windows, with letters of twice the size, and with wide spacing; then undo it."""
    normal = page.viewport_size
    assert normal
    over = {"narrow": _over_the_edge(page, NARROWEST, 256)}
    page.evaluate(SET_STYLES, SPACED)
    over["narrow and spaced"] = _over_the_edge(page, NARROWEST, 256)
    clipped = page.evaluate(CLIPPED)
    over["spaced"] = _over_the_edge(page, 1280, 900)
    clipped += page.evaluate(CLIPPED)
    page.evaluate(SET_STYLES, "html { font-size: 200% !important }")
    over["big letters"] = _over_the_edge(page, 1280, 900)
    clipped += page.evaluate(CLIPPED)
    page.evaluate(SET_STYLES, "")
    over["landscape"] = _over_the_edge(page, 740, 360)
    page.set_viewport_size(normal)
    return over, clipped


def _over_the_edge(page: Page, width: int, height: int) -> int:
    page.set_viewport_size({"width": width, "height": height})
    return int(page.evaluate("() => document.documentElement.scrollWidth")) - width
