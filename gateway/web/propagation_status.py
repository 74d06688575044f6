"""How far a change has come at each target, as people are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.account.errors import DirectoryUnavailable
from gateway.web import messages
from gateway.web.desk import Desk
from gateway.workstation.state import CLOCKS_APART, DeliveryState, DeliveryStatus

log = logging.getLogger(__name__)

Progress = Callable[[str], tuple[DeliveryState, ...]]
"""From an entry's identity to its states, of whichever change."""
Stage = Literal["pending", "done", "rejected", "expired", "superseded", "unknown"]
_STAGES: Mapping[DeliveryStatus, Stage] = {
    DeliveryStatus.PENDING: "pending",
    DeliveryStatus.HELD: "pending",
    DeliveryStatus.CONFIRMING: "done",
    DeliveryStatus.DONE: "done",
    DeliveryStatus.REJECTED: "rejected",
    DeliveryStatus.EXPIRED: "expired",
}


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target as people see it."""

    name: str
    label: str
    status: Stage
    """Also the name of its style."""
    sentence: str

    @property
    def may_move(self) -> bool:
        return self.status in ("pending", "unknown")


def views_of(desk: Desk, payload: Mapping[str, Any], progress: Progress) -> list[TargetView]:
    """`payload`: of the ticket that tells an outcome."""
    propagation = payload.get("propagation")
    if not propagation:
        return []
    names = propagation["targets"]
    try:
        states = progress(propagation["identity"])
    except DirectoryUnavailable as error:
        log.error("result: directory unavailable: %s", error)
        return [_unknown(desk, name) for name in names]
    except Exception as error:
        # The password is saved: whatever the directory holds, this page must not say that something went wrong.
        log.error("result: the states can't be read: %s", type(error).__name__)
        return [_unknown(desk, name) for name in names]
    own = {state.target: state for state in states if state.change == propagation["change"]}
    is_newer = any(state.since.timestamp() >= payload["saved_at"] - CLOCKS_APART.total_seconds() for state in states)
    replaced = messages.STATE_SUPERSEDED if is_newer else messages.STATE_LOST
    return [_view(desk, name, own[name]) if name in own else _replaced(desk, name, str(replaced)) for name in names]


def _replaced(desk: Desk, name: str, sentence: str) -> TargetView:
    """By a later change; or lost, where the directory was restored from a backup that has an earlier one."""
    return TargetView(name, _label(desk, name), "superseded", sentence)


def _view(desk: Desk, name: str, state: DeliveryState) -> TargetView:
    return TargetView(name, _label(desk, name), _STAGES[state.status], messages.target_state(state))


def _unknown(desk: Desk, name: str) -> TargetView:
    return TargetView(name, _label(desk, name), "unknown", str(messages.STATE_UNKNOWN))


def _label(desk: Desk, name: str) -> str:
    target = desk.settings.workstation.targets.get(name)
    return (target.label if target else "") or str(messages.WORKSTATION)
