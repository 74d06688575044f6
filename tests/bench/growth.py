"""What grows with the number of people: processor time and memory of commands and of the worker.

    python -m tests.bench.growth     PEOPLE=60000 WAITING=10000 ROUNDS=5
BEFORE= names the folder of another checkout, whose figures are taken in turn with ours, since only that is fair on a
busy machine. Processor time is that of the process, without slapd's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from gateway.cli.exit_codes import ExitCode
from gateway.demo.private_slapd import ADMIN
from tests.bench.figures import record
from tests.support.settings_file import write_settings_file
from tests.support.slapd_server import PEOPLE as BASE
from tests.support.slapd_server import SUFFIX, SlapdServer
from tests.support.workstation_settings import ABSENT_DOMAIN, worker_section

PEOPLE, WAITING = int(os.environ.get("PEOPLE", "60000")), int(os.environ.get("WAITING", "10000"))
ROUNDS = int(os.environ.get("ROUNDS", "5"))
HERE = Path(__file__).parents[2]
CHECKOUTS = {"": HERE, **({"before: ": Path(before)} if (before := os.environ.get("BEFORE")) else {})}
REST_SECONDS, WARM_UP_SECONDS = 40, 12
HEAD = "surname;birth_name;given_name;birth_date;numen;temporary_agent_number;department\n"
SECRET = f"mamiaPendingSecret:: {'A' * 400}\n"


@dataclass(frozen=True)
class Used:
    """What a process took."""

    cpu_seconds: float
    peak_mb: float


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="b-") as name:
        folder = Path(name)
        with filled(folder / "all", PEOPLE, waits=False) as config:
            commands(config)
        with filled(folder / "waiting", WAITING, waits=True) as config:
            at_rest = defaultdict[str, list[float]](list)
            for _ in range(ROUNDS):
                for label, checkout in CHECKOUTS.items():
                    at_rest[label].append(resting(checkout, config))
            for label, cores in at_rest.items():
                aim = None if label else 0.039
                record(f"{label}growth: worker at rest, {WAITING} waiting", cores, "cores", at_most=aim)


def commands(config: Path) -> None:
    file = config.parent / "staff.csv"
    file.write_text(HEAD + "".join(map(csv_row, range(PEOPLE))))
    operator = ["--bind-dn", ADMIN, "--bind-password-file", str(config.parent / "admin")]
    asked = {
        "nothing (mamia settings)": (["settings"], None, None),
        f"sync status, {PEOPLE} states": (["sync", "status"], 1.5, 60),
        f"sync status --json, {PEOPLE} states": (["sync", "status", "--json"], 1.5, 60),
        f"sync retry of one in {PEOPLE}": (["sync", "retry", "personne7"], 1.5, 60),
        f"people import, {PEOPLE} unchanged": (["people", "import", str(file), *operator], 6.2, 93),
    }
    for what, (words, cpu_aim, memory_aim) in asked.items():
        used = defaultdict[str, list[Used]](list)
        for _ in range(ROUNDS):
            for label, checkout in CHECKOUTS.items():
                used[label].append(run(checkout, [*words, *(["--config", str(config)] if cpu_aim else [])]))
        for label, rounds in used.items():
            aims = (None, None) if label else (cpu_aim, memory_aim)
            record(f"{label}growth: {what}", [one.cpu_seconds for one in rounds], "s of CPU", at_most=aims[0])
            record(f"{label}growth: {what}", [one.peak_mb for one in rounds], "MB", at_most=aims[1])


def run(checkout: Path, words: list[str]) -> Used:
    """`mamia` of a checkout; the process is a child of a small one, so that the peak is its own."""
    program = [sys.executable, "-c", MEASURE, sys.executable, "-m", "gateway.cli.main", *words]
    done = subprocess.run(program, cwd=checkout, capture_output=True, text=True, check=True)
    code, cpu, peak = done.stdout.split()
    # Nothing waits for anybody here, so there is nothing to try again.
    if int(code) != (ExitCode.PROBLEM if "retry" in words else ExitCode.DONE):
        raise SystemExit(f"mamia {' '.join(words)} ended with {code}: {done.stderr}")
    return Used(float(cpu), float(peak))


MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def resting(checkout: Path, config: Path) -> float:
    """Cores that the worker takes while nothing is due."""
    words = [sys.executable, "-m", "gateway.cli.main", "sync", "--config", str(config)]
    with subprocess.Popen(words, cwd=checkout, stderr=subprocess.DEVNULL) as worker:
        try:
            time.sleep(WARM_UP_SECONDS)
            started, began = cpu_seconds(worker.pid), time.monotonic()
            time.sleep(REST_SECONDS)
            return (cpu_seconds(worker.pid) - started) / (time.monotonic() - began)
        finally:
            worker.terminate()


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def filled(folder: Path, count: int, *, waits: bool) -> Iterator[Path]:
    """A directory with `count` people, loaded by slapadd, and the settings for it."""
    folder.mkdir()
    directory = SlapdServer(folder / "slapd", max_size=1 << 30)
    try:
        directory.slapd.stop()
        ldif = folder / "people.ldif"
        ldif.write_text("\n".join(entry(number, waits=waits) for number in range(count)))
        command = ["/usr/sbin/slapadd", "-q", "-F", str(folder / "slapd" / "config"), "-b", SUFFIX, "-l", str(ldif)]
        subprocess.run(command, check=True)
        directory.slapd.start()
        (folder / "admin").write_text(directory.slapd.password("admin"))
        more = f"[metrics]\nworker_port = 39871\n{worker_section(folder, directory)}{ABSENT_DOMAIN}"
        yield write_settings_file(folder, directory, more=more)
    finally:
        directory.slapd.stop()


def entry(number: int, *, waits: bool) -> str:
    """Somebody whose password came to the workstation; with `waits`, one for whom the next try is in ten minutes."""
    now = datetime.now(UTC)
    since, last = now - timedelta(hours=1, minutes=number % 600), now
    status, attempts = ("pending", 12) if waits else ("done", 1)
    state = f"domain;{status};{number:012x};{since:%Y%m%dT%H%M%SZ};{attempts};{last:%Y%m%dT%H%M%SZ};normal;"
    return f"""dn: uid=personne{number},{BASE}
objectClass: inetOrgPerson
objectClass: mamiaPerson
structuralObjectClass: inetOrgPerson
uid: personne{number}
cn: Prénom Nom{number}
sn: Nom{number}
givenName: Prénom
mail: prenom.nom{number}@ac-example.fr
birthDate: 19{50 + number % 50}03{1 + number % 28:02}
numen: 12E{number:07}ABC
departmentNumber: rectorat
entryUUID: {UUID(int=number + 1)}
createTimestamp: 20250101000000Z
modifyTimestamp: 20250101000000Z
pwdChangedTime: {since:%Y%m%d%H%M%SZ}
mamiaSyncState: {state}
{SECRET if waits else ""}"""


def csv_row(number: int) -> str:
    return f"Nom{number};;Prénom;{1 + number % 28:02}/03/19{50 + number % 50};12E{number:07}ABC;;rectorat\n"


if __name__ == "__main__":
    main()
