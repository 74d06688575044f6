"""Debian's Chromium before a gateway that serves on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.composition.web import Gateway

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATIENCE_MILLISECONDS = 120_000
POLL_SECONDS = 0.02
"""How long a server may take to notice that it is to stop."""
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def serve(build: Callable[..., Gateway]) -> Iterator[Callable[..., str]]:
    """Serves a gateway with these settings; its address: `serve(captcha={…})`. `line` stands for a slow line."""
    stops: list[Callable[[], None]] = []

    def start(line: Callable[[WSGIApplication], WSGIApplication] = lambda app: app, **sections: Any) -> str:
        server = make_server("127.0.0.1", 0, line(whole(create_app(build(**sections)))), threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS})
        thread.start()
        stops.extend((server.shutdown, thread.join, server.server_close))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for stop in stops:
        stop()


def whole(app: WSGIApplication) -> WSGIApplication:
    """Close each response before it is sent. Werkzeug's server leaves it open where the browser resets the line."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        response = app(environ, start_response)
        try:
            return list(response)
        finally:
            if hasattr(response, "close"):
                response.close()

    return answer


@pytest.fixture
def open_page(chromium: Browser, serve: Callable[..., str]) -> Iterator[Callable[..., Page]]:
    """Opens a page of its own session; it fails the test on any script error or refused resource.

    It stands on `serve`, so that its pages, which may ask again and again, are closed before the service is.
    """
    contexts = []
    errors: list[str] = []

    def opener(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "fr-FR", **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if is_error(message) else None)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert errors == []


def is_error(message: Any) -> bool:
    """Refused forms are answered with 4xx on purpose; Chromium reports each as an error."""
    return message.type == "error" and "the server responded with a status of" not in message.text
