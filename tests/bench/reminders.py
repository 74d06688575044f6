"""What `mamia remind` takes in an academy, of whom one in a hundred is due: seconds, processor time, memory.

    python -m tests.bench.reminders     PEOPLE=60000
One in a hundred has a password that ends in five days. A dry run reads everybody. A run also records, and writes
mails for 6,000 people a minute; a real one takes as long as reminders.per_minute says. In the last run nobody
is left.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.demo.private_slapd import HASH_COST
from tests.bench.figures import record
from tests.support.reminding import MAX_AGE, TIME, YEARLY, Reminding
from tests.support.slapd_server import SUFFIX, SlapdServer

PEOPLE = int(os.environ.get("PEOPLE", "60000"))
DUE_EVERY = 100
DAYS_LEFT = 5
ROUNDS = 3


@dataclass(frozen=True)
class Taken:
    seconds: float
    processor: float
    megabytes: float
    said: str


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        directory = SlapdServer(folder / "slapd", hash_cost=HASH_COST, max_size=1 << 30)
        try:
            fill(directory, folder / "staff.ldif")
            reminding = Reminding(folder, directory)
            looks = [taken(reminding, "--dry-run") for _ in range(ROUNDS)]
            run, again = taken(reminding), taken(reminding)
            mailed = len({mail["Message-ID"] for mail in reminding.mails()})
        finally:
            directory.slapd.stop()
    without_address = PEOPLE // DUE_EVERY - mailed
    assert run.said == f"{mailed} were reminded; {without_address} not"
    assert again.said == f"0 were reminded; {without_address} not"
    record(f"remind: of {PEOPLE // DUE_EVERY} people due, those who have a mail address", mailed)
    for what, runs in (("dry run", looks), ("run", [run]), ("a second run", [again])):
        title = f"remind: {what}, {PEOPLE} people, {PEOPLE // DUE_EVERY} due at first"
        record(title, [one.seconds for one in runs], "s")
        record(f"{title}: processor time", [one.processor for one in runs], "s")
        record(f"{title}: memory", [one.megabytes for one in runs], "MB")


def fill(directory: SlapdServer, file: Path) -> None:
    """Add invented staff with the server stopped; everybody's password is of yesterday, but of those who are due."""
    command = [sys.executable, "-m", "gateway.cli.main", "people", "sample", "--count", str(PEOPLE), "--seed", "1"]
    sample = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    now = datetime.now(UTC)
    fresh, due = ((now - age).strftime(TIME) for age in (timedelta(1), MAX_AGE - timedelta(DAYS_LEFT)))
    with file.open("w") as out:
        for number, entry in enumerate(sample.strip().split("\n\n")):
            changed_at = fresh if number % DUE_EVERY else due
            out.write(f"{entry}\npwdPolicySubentry: {YEARLY}\npwdChangedTime: {changed_at}\n\n")
    directory.slapd.stop()
    config = directory.slapd.state / "config"
    subprocess.run(["slapadd", "-q", "-F", config, "-b", SUFFIX, "-l", file], check=True, capture_output=True)
    directory.slapd.start()


def taken(reminding: Reminding, *options: str) -> Taken:
    """Run the command once."""
    command = [sys.executable, "-m", "gateway.cli.main", "remind", "--config", str(reminding.config), *options]
    started = time.perf_counter()
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said: list[str] = []
    assert running.stdout
    reader = threading.Thread(target=lambda stream: said.append(stream.read()), args=[running.stdout])
    reader.start()
    _, status, used = os.wait4(running.pid, 0)
    seconds = time.perf_counter() - started
    reader.join()
    running.stdout.close()
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, said
    return Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6, said[0].splitlines()[-1])


if __name__ == "__main__":
    main()
