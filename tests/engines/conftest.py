"""Each browser engine before a gateway that asks for the robot check everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.engines.chromium import Chromium
from tests.support.engines.firefox import Firefox
from tests.support.engines.page import EnginePage
from tests.support.engines.recorded_site import RecordedSite
from tests.support.engines.webkitgtk import WebKitGtk
from tests.support.served_gateways import ServedGateways
from tests.support.slapd_server import SlapdServer

Engine = Chromium | Firefox | WebKitGtk
KEY = "0123456789abcdefghijklmnopqrstuvwxyz"
SETTINGS = {
    "captcha": {"required": ["find", "reset", "change"]},
    # One language, so that what the browsers ask for does not matter.
    "web": {"secret_keys": [KEY], "secure_cookies": False, "languages": ["fr"]},
}
LOGIN = "fdurand4"
NAMES = ("chromium", "firefox", "webkitgtk")
"""All tests of an engine share one process of it, so they are for one worker."""


@pytest.fixture(scope="session")
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, bool], Engine]]:
    """Starts an engine when it is first asked for: `engines("firefox", runs_scripts)`."""
    running: dict[tuple[str, bool], Engine] = {}
    folder = tmp_path_factory.mktemp("engines")

    def started(name: str, runs_scripts: bool) -> Engine:
        if (name, runs_scripts) not in running:
            running[name, runs_scripts] = start(name, runs_scripts)
        return running[name, runs_scripts]

    def start(name: str, runs_scripts: bool) -> Engine:
        home: Path = folder / f"{name}-{runs_scripts}"
        match name:
            case "firefox":
                return Firefox(home, runs_scripts=runs_scripts)
            case "webkitgtk":
                return WebKitGtk(home, runs_scripts=runs_scripts)
        return Chromium(request.getfixturevalue("chromium"), runs_scripts=runs_scripts)

    yield started
    for engine in running.values():
        engine.close()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(f"engine {name}")) for name in NAMES])
def engine(request: pytest.FixtureRequest) -> str:
    """The name of an engine."""
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(autouse=True)
def person(directory: SlapdServer) -> None:
    directory.add_person(LOGIN)


@pytest.fixture
def site(serve: ServedGateways) -> RecordedSite:
    recorded = RecordedSite()
    recorded.address = serve(line=recorded.line, **SETTINGS)
    return recorded


@pytest.fixture
def page(
    engines: Callable[[str, bool], Engine], engine: str, javascript: bool, site: RecordedSite
) -> Iterator[EnginePage]:
    """A tab; it fails the test on any error of a script, and on any breach of the pages' policy."""
    tab = engines(engine, javascript).new_page()
    yield tab
    faults = tab.faults()
    breaches = site.breaches(tab)
    tab.close()
    assert faults == []
    assert breaches == []
