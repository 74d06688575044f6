"""What the strength meter costs on a slow phone: python -m tests.bench.strength_phone

The page "Modifier mon mot de passe" in Chromium, 360 pixels wide, with a processor four times slower, over a line of
400 kbit/s with a round trip of 400 ms. The CAPTCHA is off: its own work is no part of this. BEFORE=folder measures
another checkout, with its assets and its .venv, in turn with this one.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Request, sync_playwright

from tests.bench.figures import record
from tests.support.browser import CHANGE
from tests.support.serve_process import ServeProcess
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer
from tests.support.slow_line import slow_line

HERE = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SLOWER = 4
BITS_PER_SECOND, ROUND_TRIP_SECONDS = 400_000, 0.4
TYPED = "Tramontane-velours-2026-Soleil!"
KEY_MILLISECONDS = 150
MAX_TBT, MAX_KEY, MAX_FIRST_USE_SECONDS = 300, 50, 3
PATIENCE_MILLISECONDS = 120_000
OBSERVE = """
    window.tasks = []; window.keys = [];
    new PerformanceObserver(list => tasks.push(...list.getEntries().map(one => one.duration)))
        .observe({type: "longtask", buffered: true});
    new PerformanceObserver(list => keys.push(...list.getEntries()
        .filter(one => ["keydown", "keypress", "input", "keyup"].includes(one.name))
        .map(one => one.processingEnd - one.startTime)))
        .observe({type: "event", durationThreshold: 16, buffered: true});
"""
FIRST_USE = """text => new Promise(done => {
    const field = document.getElementById("new_password"), started = performance.now();
    const meter = document.querySelector("[data-strength-of=new_password] meter");
    field.focus();
    field.value = text;
    field.dispatchEvent(new Event("input", {bubbles: true}));
    const look = () => meter.value > 0 ? done((performance.now() - started) / 1000) : setTimeout(look, 20);
    look();
})"""
BLOCKED = "tasks => tasks.reduce((sum, one) => sum + Math.max(0, one - 50), 0)"

Measures = dict[str, list[float]]


def main() -> None:
    trees = {"": HERE}
    if former := os.environ.get("BEFORE"):
        trees = {" before": Path(former).resolve(), **trees}
    measures: dict[str, Measures] = {name: defaultdict(list) for name in trees}
    with tempfile.TemporaryDirectory(prefix="b-") as name, sync_playwright() as playwright:
        directory = SlapdServer(Path(name) / "slapd")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        services = {tree: serve(Path(name), directory, folder) for tree, folder in trees.items()}
        try:
            for _ in range(ROUNDS):
                for tree, service in services.items():
                    measure(browser, service.port, measures[tree])
        finally:
            for service in services.values():
                service.stop()
            browser.close()
            directory.slapd.stop()
    for tree in trees:
        report(f"strength{tree}", measures[tree])


def serve(folder: Path, directory: SlapdServer, tree: Path) -> ServeProcess:
    def configure(port: int) -> Path:
        place = folder / f"service-{port}"
        place.mkdir()
        in_web = f"port = {port}\nsecure_cookies = false"
        return write_settings_file(place, directory, in_web=in_web, more="[captcha]\nrequired = []\n")

    service = ServeProcess.on_a_free_port(configure)
    # Of another checkout templates and libraries would be ours.
    python = sys.executable if tree == HERE else tree / ".venv" / "bin" / "python"
    service.program = ("env", f"--chdir={tree}", str(python), "-m", "gateway.cli.main")
    service.start()
    return service


def measure(browser: Browser, port: int, into: Measures) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="fr-FR")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    with slow_line(port, bits_per_second=BITS_PER_SECOND, round_trip_seconds=ROUND_TRIP_SECONDS) as line:
        page = context.new_page()
        finished: list[Request] = []
        page.on("requestfinished", lambda request: finished.append(request))
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.add_init_script(OBSERVE)
        page.goto(f"http://127.0.0.1:{line}{CHANGE}")
        into["first use"].append(page.evaluate(FIRST_USE, TYPED[:12]))
        into["TBT"].append(page.evaluate(f"({BLOCKED})(tasks)"))
        page.evaluate("tasks.length = keys.length = 0")
        page.fill("#new_password", "")
        page.focus("#new_password")
        costs = []
        for key in TYPED:
            busy = busy_seconds(session)
            page.keyboard.press(key)
            costs.append(1000 * (busy_seconds(session) - busy))
            page.wait_for_timeout(KEY_MILLISECONDS)
        page.wait_for_function("() => document.querySelector('[data-strength-of=new_password] meter').value === 100")
        page.wait_for_timeout(1000)
        into["key"].append(page.evaluate("Math.max(16, ...keys)"))
        into["key cost"].append(max(costs))
        into["TBT of typing"].append(page.evaluate(f"({BLOCKED})(tasks)"))
        into["kB"].append(sum(one.sizes()["responseBodySize"] for one in finished if "/static/" in one.url) / 1000)
        context.close()


def busy_seconds(session: CDPSession) -> float:
    """Processor time of the page's thread, slowed as it is: it does not depend on what else the machine does."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def report(name: str, found: Measures) -> None:
    record(f"{name}: TBT of the page, until the bar shows", found["TBT"], "ms", at_most=MAX_TBT)
    record(f"{name}: TBT while 31 characters are typed", found["TBT of typing"], "ms")
    record(f"{name}: the longest wait of 31 keys", found["key"], "ms", at_most=MAX_KEY)
    record(f"{name}: the longest processor time of 31 keys", found["key cost"], "ms", at_most=MAX_KEY)
    record(f"{name}: from the focus to the first bar", found["first use"], "s", at_most=MAX_FIRST_USE_SECONDS)
    record(f"{name}: scripts, styles and lists of the page", found["kB"], "kB")


if __name__ == "__main__":
    main()
