"""What 100,000 GETs of a form without cookies cost one web process in memory: python -m tests.bench.memory"""

from __future__ import annotations

import http.client
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.figures import record
from tests.support.ports import free_port
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import SlapdServer

REQUESTS = 100_000
WARM_UP = 5_000
AT_ONCE = 4
PATH = "/reinitialiser-mon-mot-de-passe"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder, port = Path(name), free_port()
        directory = SlapdServer(folder / "slapd")
        config = write_settings_file(folder, directory, in_web=f"port = {port}\nsecure_cookies = false")
        service = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.main", "serve", "--config", str(config)],
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port)
            ask(port, WARM_UP)
            process = children(service.pid)[0]
            before = resident(process)
            started = time.perf_counter()
            ask(port, REQUESTS)
            rate = REQUESTS / (time.perf_counter() - started)
            after = resident(process)
            grown = (after - before) / 1e6
            record("memory of a web process", before / 1e6, "MB")
            record(f"memory: growth over {REQUESTS} GETs without cookies", grown, "MB", at_most=5)
            record("memory: private part of that process", private(process) / 1e6, "MB", at_most=70)
            record("pages with a form", rate, "a second")
        finally:
            service.terminate()
            service.wait(15)
            directory.slapd.stop()


def ask(port: int, times: int) -> None:
    def many(count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(count):
            connection.request("GET", PATH)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(many, [times // AT_ONCE] * AT_ONCE))


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            ask(port, AT_ONCE)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the service does not start")


def children(parent: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def resident(process: int) -> int:
    """Bytes."""
    [connection] = [
        connection
        for connection in Path(f"/proc/{process}/status").read_text().splitlines()
        if connection.startswith("VmRSS")
    ]
    return int(connection.split()[1]) * 1024


def private(process: int) -> int:
    """Bytes that no other process shares, as what was loaded before the fork is shared."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


if __name__ == "__main__":
    main()
