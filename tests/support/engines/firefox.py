"""Debian's Firefox, by WebDriver BiDi and without a driver: Debian 12 has no geckodriver.

https://w3c.github.io/webdriver-bidi/; Selenium has its commands.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.bidi.browser import Browser
from selenium.webdriver.common.bidi.browsing_context import BrowsingContext
from selenium.webdriver.common.bidi.input import Input
from selenium.webdriver.common.bidi.script import Script
from selenium.webdriver.common.bidi.session import Session
from selenium.webdriver.remote.websocket_connection import WebSocketConnection

from tests.support.engines.page import EnginePage
from tests.support.engines.processes import end, start
from tests.support.polling import wait_until

PATIENCE_SECONDS = 120
POLL_SECONDS = 0.005
CLOSED_PROXY = "127.0.0.1"
PREFERENCES: dict[str, bool | int | str] = {
    # Whatever is not on loopback goes to a proxy that does not exist.
    "network.proxy.type": 1,
    "network.proxy.http": CLOSED_PROXY,
    "network.proxy.http_port": 9,
    "network.proxy.share_proxy_settings": True,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class LogEntry:
    """https://w3c.github.io/webdriver-bidi/#event-log-entryAdded."""

    event_class = "log.entryAdded"

    @staticmethod
    def from_json(entry: dict[str, Any]) -> dict[str, Any]:
        return entry


class Firefox:
    """With its profile in `folder`."""

    def __init__(self, folder: Path, *, runs_scripts: bool) -> None:
        profile = folder / "profile"
        profile.mkdir(parents=True)
        wanted = {**PREFERENCES, "javascript.enabled": runs_scripts}
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items())
        )
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port=0"]
        with ExitStack() as opened:
            process = start(command, folder, {**os.environ, "HOME": str(folder)})
            opened.callback(end, process)
            self._connection = WebSocketConnection(address_of(process, profile), PATIENCE_SECONDS, POLL_SECONDS)
            opened.callback(self._connection.close)
            session = Session(self._connection)
            self.version = str(session.new(capabilities={})["capabilities"]["browserVersion"])
            session.subscribe(events=[LogEntry.event_class])
            self.close = opened.pop_all().close

    def new_page(self) -> EnginePage:
        return FirefoxPage(self._connection)


def address_of(process: subprocess.Popen[bytes], profile: Path) -> str:
    """The address of its remote end, as it writes it into its profile."""
    written = profile / "WebDriverBiDiServer.json"
    wait_until(lambda: process.poll() is not None or (written.exists() and written.read_text().strip()))
    assert process.poll() is None, "Firefox ended at once; its log says why"
    there = json.loads(written.read_text())
    return f"ws://{there['ws_host']}:{there['ws_port']}/session"


class FirefoxPage(EnginePage):
    passing: ClassVar = (WebDriverException,)

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection, self._browser = connection, Browser(connection)
        self._user = self._browser.create_user_context()
        self._tabs = BrowsingContext(connection)
        self._tab = self._tabs.create(type="tab", user_context=self._user)
        self._faults: list[str] = []
        self._listener = connection.add_callback(LogEntry, self._keep)

    def open(self, address: str) -> None:
        self._tabs.navigate(context=self._tab, url=address, wait="complete")

    def ask(self, question: str, *facts: str) -> Any:
        answer = Script(self._connection).call_function(
            f"(...facts) => JSON.stringify(({question})(...facts) ?? null)",
            await_promise=False,
            target={"context": self._tab},
            arguments=[{"type": "string", "value": fact} for fact in facts],
        )
        if answer["type"] != "success":
            raise WebDriverException(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def type_into(self, selector: str, text: str) -> None:
        self._focus(selector)
        self.ask("selector => { document.querySelector(selector).select() }", selector)
        self._type(text)

    def press_key(self, selector: str, key: str) -> None:
        self._focus(selector)
        self._type(key)

    def travel(self, steps: int) -> None:
        self._tabs.traverse_history(context=self._tab, delta=steps)

    def load_again(self) -> None:
        self._tabs.reload(context=self._tab, wait="complete")

    def faults(self) -> list[str]:
        return list(self._faults)

    def close(self) -> None:
        self._connection.remove_callback(LogEntry, self._listener)
        self._browser.remove_user_context(user_context=self._user)

    def _focus(self, selector: str) -> None:
        self.ask("selector => { document.querySelector(selector).focus() }", selector)

    def _type(self, text: str) -> None:
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": keys}
        Input(self._connection).perform_actions(context=self._tab, actions=[source])

    def _keep(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error" and entry["source"].get("context") == self._tab:
            places = (entry.get("stackTrace") or {}).get("callFrames", [])
            where = [f"{place['url']}:{place['lineNumber']}" for place in places]
            self._faults.append(" ".join([str(entry["text"]), *where]))
