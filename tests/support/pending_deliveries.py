"""A workstation whose worker never comes: what waits for it stays until a test moves it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.protection.seal import make_key_pair
from gateway.workstation.state import DeliveryStatus, read_state
from tests.support.slapd_server import SlapdServer


def pending_deliveries(folder: Path, **more_targets: dict[str, Any]) -> dict[str, Any]:
    """The section [workstation] with one target, `domain`; makes the worker's key pair in `folder`."""
    make_key_pair(folder / "worker.key", folder / "worker.pub")
    domain = {
        "type": "kerberos",
        "label": "Poste de travail",
        "realm": "EXAMPLE.TEST",
        "admin_principal": "gateway/admin",
        "keytab_file": folder / "keytab",
        "krb5_conf": folder / "krb5.conf",
    }
    return {"targets": {**more_targets, "domain": domain}, "public_key_file": folder / "worker.pub"}


def move_to(directory: SlapdServer, login: str, step: DeliveryStatus, reason: str = "") -> None:
    """What a worker would record."""
    [value] = directory.read(login)["mamiaSyncState"]
    state = read_state(value)
    assert state
    directory.set(login, "mamiaSyncState", str(state.to(step, at=state.at, reason=reason)))
