"""Check whether a restore of the directory from a backup would be noticed, and whose deliveries are held since
one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from ldap3 import BASE, Connection

from gateway.checks.declared_rights import may_write
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.worker_tokens import DECIDABLE, RIGHTS, TOKEN
from gateway.ldap import try_search
from gateway.settings import Settings
from gateway.workstation.ports import Waiting
from gateway.workstation.state import DeliveryStatus

CHECKED = "a restored directory"
NAMED = 5


def check_restored(settings: Settings, connection: Connection, known: Sequence[Waiting]) -> Iterator[Finding]:
    """Yield findings.

    `connection` is bound as the worker's account; `known` is everybody to whom something was sent.
    """
    held = [item.login for item in known if any(state.status is DeliveryStatus.HELD for state in item.states)]
    if held:
        names = ", ".join(islice(held, NAMED)) + (" …" if len(held) > NAMED else "")
        text = f"it was restored from a backup, and the passwords of {len(held)} people are held: {names}"
        yield warn(CHECKED, text, "mamia sync status; then mamia sync resume or forget (docs/restore.md)")
    yield _noticed(settings, connection)


def _noticed(settings: Settings, connection: Connection) -> Finding:
    who = str(settings.workstation.bind_dn)
    entries = try_search(connection, who, DECIDABLE, [TOKEN], BASE).entries
    if not entries or not may_write(connection, who, TOKEN, "nobody;0"):
        return fail(CHECKED, f"would not be noticed: {who} may not read and write its own {TOKEN}", RIGHTS)
    if not entries[0].all(TOKEN):
        text = f"would not be noticed yet: no worker has written its number into {who}"
        return warn(CHECKED, text, f"start mamia sync; if its log names {TOKEN}: {RIGHTS}")
    if settings.workstation.state_folder is None:
        text = "is noticed only while the worker runs: workstation.state_folder is not set"
        return warn(CHECKED, text, 'state_folder = "/var/lib/mamia-sync", on a disk that stays (docs/restore.md)')
    return ok(CHECKED, "would be noticed")
