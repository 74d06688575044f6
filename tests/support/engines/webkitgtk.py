"""Debian's WebKitGTK in its small browser, by WebKitWebDriver, on a display that nobody sees."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import requests
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Remote
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options

from tests.support.engines.page import EnginePage
from tests.support.engines.processes import LOG, end, start
from tests.support.polling import wait_until
from tests.support.ports import free_port

PATIENCE_SECONDS = 120
CLOSED_PROXY = "http://127.0.0.1:9"
SCREEN = "1280x1024x24"
_ERROR = re.compile(r"^CONSOLE \S+ ERROR.*$", re.MULTILINE)


class WebKitGtk:
    """With all that it writes in `folder`. Its driver serves one tab at a time."""

    def __init__(self, folder: Path, *, runs_scripts: bool) -> None:
        self._log = folder / LOG
        folder.mkdir(parents=True)
        with ExitStack() as opened:
            display = opened.enter_context(display_in_memory())
            port = free_port()
            process = start(["WebKitWebDriver", f"--port={port}"], folder, environment(folder, display))
            opened.callback(end, process)
            address = f"http://127.0.0.1:{port}"
            wait_until(lambda: is_ready(process, address))
            config = ClientConfig(address, timeout=2 * PATIENCE_SECONDS)
            self._driver = Remote(RemoteConnection(client_config=config), options=options(runs_scripts))
            opened.callback(self._driver.quit)
            self._driver.set_page_load_timeout(PATIENCE_SECONDS)
            self.version = str(self._driver.capabilities["browserVersion"])
            self.close = opened.pop_all().close

    def new_page(self) -> EnginePage:
        return WebKitGtkPage(self._driver, self._log)


@contextmanager
def display_in_memory() -> Iterator[str]:
    """The name of a screen (Xvfb) that nobody else has."""
    reader, writer = os.pipe()
    command = ["setpriv", "--pdeathsig", "KILL", "Xvfb", "-displayfd", str(writer), "-nolisten", "tcp"]
    process = subprocess.Popen(
        [*command, "-screen", "0", SCREEN],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        number = answer.readline().strip()
    try:
        assert number, "Xvfb does not start"
        yield f":{number}"
    finally:
        end(process)


def is_ready(driver: subprocess.Popen[bytes], address: str) -> bool:
    assert driver.poll() is None, "WebKitWebDriver ended at once; its log says why"
    try:
        return requests.get(f"{address}/status", timeout=PATIENCE_SECONDS).ok
    except requests.ConnectionError:
        return False


def environment(folder: Path, display: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "DISPLAY": display,
        "LANG": "C.UTF-8",
        # Neither a bus, nor helpers for people who use a screen, nor a graphics card.
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
        "GDK_BACKEND": "x11",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    }


def options(runs_scripts: bool) -> Options:
    chosen = Options()
    # The newest interface of those that are installed.
    chosen.binary_location = str(sorted(Path("/usr/lib").glob("*/webkit*gtk*/MiniBrowser"))[-1])
    for argument in (
        "--automation",
        "--private",
        f"--proxy={CLOSED_PROXY}",
        "--ignore-host=127.0.0.1",
        "--ignore-host=localhost",
        "--enable-write-console-messages-to-stdout=true",
        # Without GStreamer's plugins, which no test needs, each player would hold the page for three seconds.
        "--enable-media=false",
        f"--enable-javascript={str(runs_scripts).lower()}",
    ):
        chosen.add_argument(argument)
    return chosen


class WebKitGtkPage(EnginePage):
    passing: ClassVar = (WebDriverException,)

    def __init__(self, driver: Remote, log: Path) -> None:
        self._driver, self._log = driver, log
        self._said = log.stat().st_size

    def open(self, address: str) -> None:
        self._driver.get(address)

    def ask(self, question: str, *facts: str) -> Any:
        return self._driver.execute_script(f"return ({question})(...arguments)", *facts)

    def type_into(self, selector: str, text: str) -> None:
        field = self._element(selector)
        field.clear()
        field.send_keys(text)

    def press_key(self, selector: str, key: str) -> None:
        self._element(selector).send_keys(key)

    def travel(self, steps: int) -> None:
        if steps < 0:
            self._driver.back()
        else:
            self._driver.forward()

    def load_again(self) -> None:
        self._driver.refresh()

    def faults(self) -> list[str]:
        said = self._log.read_bytes()[self._said :].decode(errors="replace")
        return _ERROR.findall(said)

    def close(self) -> None:
        self._driver.delete_all_cookies()
        self._driver.get("about:blank")

    def _element(self, selector: str) -> WebElement:
        self.bring_into_view(selector)
        return self._driver.find_element(By.CSS_SELECTOR, selector)
