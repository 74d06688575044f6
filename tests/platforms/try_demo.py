"""Start `make demo` as a new user does, ask for a page, stop it with Ctrl-C, and look for what still runs.

For `tests/platforms/run`, in a system without anything else: the standard library alone. The exit code is 1, and the
last line says why, where something is not as README.md promises.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 30
OWN_PROCESSES = ("slapd", "gateway.cli.main", "mamia")


def main() -> None:
    # A session of its own stands for a terminal: Ctrl-C reaches make and the demo.
    demo = subprocess.Popen(
        ["make", "demo"], stdout=subprocess.PIPE, text=True, start_new_session=True,
        # A shell starts what it puts in the background with SIGINT ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    address = wait_for_ready(demo)
    with urllib.request.urlopen(f"{address}/retrouver-mon-compte") as page:
        if page.status != 200:
            sys.exit(f"the page answers {page.status}")
    os.killpg(demo.pid, signal.SIGINT)
    rest, _ = demo.communicate(timeout=STOP_SECONDS)
    say(rest)
    if "stopped" not in rest:
        sys.exit("Ctrl-C did not stop the demo")
    if left := still_running():
        sys.exit(f"these still run: {left}")


def wait_for_ready(demo: subprocess.Popen[str]) -> str:
    """The address on the line `ready …`, which says that all of the demo serves."""
    assert demo.stdout
    for line in demo.stdout:
        say(line)
        if line.startswith("ready "):
            return line.split()[1]
    sys.exit("the demo ended before it was ready")


def still_running() -> list[str]:
    """The command lines of the demo's processes."""
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        # Some end meanwhile.
        with suppress(OSError):
            commands.append(file.read_bytes().replace(b"\0", b" ").decode())
    return [command for command in commands if any(name in command for name in OWN_PROCESSES)]


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
