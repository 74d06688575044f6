"""A Debian that its own systemd boots, in a container with a loopback network alone (systemd-nspawn)."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.polling import wait_until

START = """
for group in $2; do echo 0 >"$group/cgroup.procs" || exit 1; done
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 1
mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd || exit 1
ended=133
while [ $ended = 133 ]; do
    systemd-nspawn --quiet --boot --directory="$1/root" --machine=mamia-test --register=no --keep-unit \
        --console=pipe --private-network --link-journal=no
    ended=$?
done
exit $ended
"""
"""Mounts and processes are in namespaces of their own: they end with the first process, however it ends. With
--keep-unit a reboot ends systemd-nspawn with 133, for its caller to start it again."""
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}
BOOT_SECONDS = 180
STOP_SECONDS = 90
CONTROL_GROUPS = Path("/sys/fs/cgroup")
NEW_NETWORK = 0x40000000
"""CLONE_NEWNET, for setns(2)."""


class CommandFailedInside(AssertionError):
    """A command inside the system ended with another status than 0; the text has its output."""


@dataclass
class BootedSystem:
    """One system. Its disk is an overlay: `lower` folders, the highest first, stay as they are."""

    lower: Sequence[Path]
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _leader: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        # A run that was killed leaves its disk.
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def upper(self) -> Path:
        """The folder with all that changed; write into it only while the system is off."""
        return self.folder / "upper"

    @property
    def root(self) -> Path:
        """The root of the running system, as this machine's root reads and writes it."""
        return Path(f"/proc/{self._leader}/root")

    def boot(self) -> float:
        """Boot, wait until all units have started or failed, and return the seconds that it took."""
        began = time.monotonic()
        layers = ":".join(str(one) for one in self.lower)
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL",
                 "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "bash", "-c", START, layers, str(self.folder), " ".join(map(str, self._make_control_groups()))],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
            )  # fmt: skip
        self._wait_until_booted(former=0)
        return time.monotonic() - began

    def reboot(self) -> float:
        """Reboot as an administrator does, and return the seconds until all units have started or failed."""
        began, former = time.monotonic(), self._leader
        self.run("systemctl", "reboot", check=False)
        self._wait_until_booted(former)
        return time.monotonic() - began

    def power_off(self) -> None:
        """Stop all units in order, as `systemctl poweroff` does; kill what does not end. Do nothing if it is off."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, CommandFailedInside):
            self.run("systemctl", "poweroff", check=False)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process, self._leader = None, 0
        _remove_control_groups(f"mamia-{os.getpid()}-")

    def discard(self) -> None:
        """Power off, and remove the disk."""
        self.power_off()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(
        self, *command: str | Path, check: bool = True, text: str = "", seconds: float = 300, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside as root. `text`: its standard input. Raises CommandFailedInside if `check`."""
        done = subprocess.run(
            [*self.enter(), *map(str, command)],
            input=text, capture_output=True, text=True, timeout=seconds, env={**ENVIRONMENT, **environment},
        )  # fmt: skip
        if check and done.returncode:
            words = " ".join(map(str, command))
            raise CommandFailedInside(f"{words}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done

    def shell(self, script: str, *, check: bool = True, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a script inside, as root's shell does."""
        return self.run("bash", "-c", script, check=check, seconds=seconds)

    def enter(self) -> list[str]:
        """Return the words before a command that runs it inside; run it in `ENVIRONMENT`."""
        return ["nsenter", "--target", str(self._leader), "--all", "--root", "--wdns=/root", "--"]

    def write(self, path: str, text: str, mode: int = 0o644, owner: str = "root:root") -> None:
        """Write a file inside."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        file.chmod(0o600)
        file.write_text(text)
        self.run("chown", owner, path)
        file.chmod(mode)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()

    def journal(self, *options: str) -> str:
        """Return the journal's messages, one per line, as `journalctl` with these options prints them."""
        return self.run("journalctl", "--no-pager", "--output=short-monotonic", *options).stdout

    def end_of_journal(self) -> str:
        """Return a mark for `journal("--after-cursor", mark)`."""
        return self.run("journalctl", "--lines=0", "--show-cursor").stdout.split("-- cursor: ")[1].strip()

    def property(self, unit: str, name: str) -> str:
        """Return one property of a unit, such as ActiveState."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).stdout.strip()

    def wait_for_state(self, unit: str, *states: str, seconds: float = 60) -> None:
        """Wait until the unit's ActiveState is one of `states`."""
        try:
            wait_until(lambda: self.property(unit, "ActiveState") in states, seconds)
        except AssertionError:
            raise AssertionError(f"{unit}: {self.property(unit, 'ActiveState')}\n{self.status(unit)}") from None

    def status(self, unit: str) -> str:
        return self.run("systemctl", "status", "--no-pager", "--full", "--lines=50", unit, check=False).stdout

    @contextmanager
    def network(self) -> Iterator[None]:
        """Let this thread, and what it starts, open sockets at the system's loopback addresses."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        theirs = os.open(f"/proc/{self._leader}/ns/net", os.O_RDONLY)
        try:
            _set_network(theirs)
            yield
        finally:
            _set_network(own)
            os.close(own)
            os.close(theirs)

    def _make_control_groups(self) -> list[Path]:
        """Make a control group in each hierarchy that systemd uses, and remove those of processes that have ended."""
        _remove_control_groups("mamia-", of_dead=True)
        hierarchies = [CONTROL_GROUPS / name for name in ("systemd", "unified") if (CONTROL_GROUPS / name).is_dir()]
        groups = [one / f"mamia-{os.getpid()}-{id(self)}" for one in hierarchies or [CONTROL_GROUPS]]
        for group in groups:
            group.mkdir(exist_ok=True)
        return groups

    def _wait_until_booted(self, former: int) -> None:
        def is_up() -> bool:
            assert self._process
            assert self._process.poll() is None, (self.folder / "console").read_text()[-3000:]
            leader = _leader_of(self._process.pid)
            if not leader or leader == former:
                return False
            self._leader = leader
            return self._state() in ("running", "degraded")

        wait_until(is_up, BOOT_SECONDS)

    def _state(self) -> str:
        try:
            return self.run("systemctl", "is-system-running", check=False).stdout.strip()
        except subprocess.TimeoutExpired:
            return ""


def _leader_of(process: int) -> int:
    """Return the process that is number 1 of the innermost PID namespace below `process`; 0 if there is none yet."""
    for child in _descendants(process):
        with suppress(OSError):
            status = Path(f"/proc/{child}/status").read_text()
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
            # One namespace of `unshare`, one of systemd-nspawn.
            if len(numbers) - _depth() == 2 and numbers[-1] == "1":
                return child
    return 0


def _remove_control_groups(prefix: str, *, of_dead: bool = False) -> None:
    """Remove the empty control groups whose names begin with `prefix`; of processes that have ended, if `of_dead`."""
    for group in [*CONTROL_GROUPS.glob(f"{prefix}*"), *CONTROL_GROUPS.glob(f"*/{prefix}*")]:
        if of_dead and Path("/proc", group.name.split("-")[1]).exists():
            continue
        for folder, _, _ in os.walk(group, topdown=False):
            # A process of it may still be ending.
            with suppress(OSError):
                os.rmdir(folder)


def _depth() -> int:
    """Return in how many PID namespaces this process has a number."""
    status = Path("/proc/self/status").read_text()
    return len(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()) - 1


def _descendants(process: int) -> Iterator[int]:
    yield process
    with suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            yield from _descendants(int(child))


def _set_network(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def booted(system: BootedSystem, prepare: Callable[[], None] | None = None) -> Iterator[BootedSystem]:
    """Boot the system for as long as the block lasts; then its disk is removed."""
    try:
        if prepare:
            prepare()
        system.boot()
        yield system
    finally:
        system.discard()
