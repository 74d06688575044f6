"""Check that `mamia remind` runs each morning on this machine, and that its digest can arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.checks import sandbox
from gateway.checks.finding import Finding, ok, warn
from gateway.checks.process_role import can_read
from gateway.settings import Settings
from gateway.settings.host_names import canonical

DIGEST, TIMER = "reminders.digest_to", "mamia-remind.timer"
RUNNING = Path("/run/systemd/system")
"""Exists while systemd manages the machine (sd_booted(3))."""
WANTS = "timers.target.wants"
"""Folder of the links that `systemctl enable` makes for timers."""


def check_reminder_runs(settings: Settings) -> Iterator[Finding]:
    """Yield findings about digest and timer; the timer where systemd runs and the account's password can be read."""
    if not settings.reminders.is_on:
        return
    yield from _digest(settings.reminders.digest_to)
    if RUNNING.is_dir() and can_read(settings.reminders.bind_password_file):
        yield _timer()


def _digest(address: str) -> Iterator[Finding]:
    domain = canonical(address.rpartition("@")[2])
    if address and "." not in domain.strip("."):
        text = f"{address} has no domain to which mail servers deliver: the helpdesk may get no digest"
        yield warn(DIGEST, text, "the helpdesk's whole mail address, such as assistance@ac-example.fr")


def _timer() -> Finding:
    folders = (sandbox.FOLDER, sandbox.PACKAGED_FOLDER)
    # The link of an enabled unit may point to a file that is gone; a unit that is masked is a link to /dev/null.
    is_masked = (sandbox.FOLDER / TIMER).resolve() == Path("/dev/null")
    if not is_masked and any((folder / WANTS / TIMER).exists() for folder in folders):
        return ok(TIMER, "it is enabled: reminders are sent each morning")
    text = "it is not enabled on this machine: unless another one runs mamia remind, nobody is reminded"
    unmask = f"systemctl unmask {TIMER}, then " if is_masked else ""
    return warn(TIMER, text, f"{unmask}systemctl enable --now {TIMER}")
