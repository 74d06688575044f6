"""The state of a password change at each target of the workstation, in words for people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.account.errors import DirectoryUnavailable
from gateway.settings import AnyTarget
from gateway.web import messages
from gateway.workstation.state import CLOCKS_APART, DeliveryState, DeliveryStatus

log = logging.getLogger(__name__)

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
    """One target as people see it; `label` and `sentence` are in the page's language."""

    name: str
    label: str
    status: Stage
    """It is also the name of the CSS class."""
    sentence: str

    @property
    def may_move(self) -> bool:
        """Return whether the state can still change, so that it is worth asking again."""
        return self.status in ("pending", "unknown")


@dataclass(frozen=True, slots=True)
class PropagationStatus:
    """Reads the states of changes, for the result page and for API clients."""

    states: Callable[[str], tuple[DeliveryState, ...]]
    """Returns the states in the entry with this uuid, of any change. Raises DirectoryUnavailable."""
    targets: Mapping[str, AnyTarget]

    def views(self, payload: Mapping[str, Any]) -> list[TargetView]:
        """Return one view per target of the change; none for people without a workstation.

        `payload`: the content of the result's ticket, with `saved_at` in seconds since 1970 and `propagation`
        (`uuid` of the entry, `change`, `targets`). If the directory cannot be read, each status is "unknown" and
        nothing is raised.
        """
        propagation = payload.get("propagation")
        if not propagation:
            return []
        names = propagation["targets"]
        try:
            states = self.states(propagation["uuid"])
        except DirectoryUnavailable as error:
            log.error("result: directory unavailable: %s", error)
            return [self._unknown(name) for name in names]
        except Exception as error:
            # The password is saved, so this page must not report an error whatever the directory contains.
            log.error("result: the states can't be read: %s", type(error).__name__)
            return [self._unknown(name) for name in names]
        own = {state.target: state for state in states if state.change == propagation["change"]}
        newest_known = payload["saved_at"] - CLOCKS_APART.total_seconds()
        is_newer = any(state.since.timestamp() >= newest_known for state in states)
        replaced = messages.STATE_SUPERSEDED if is_newer else messages.STATE_LOST
        return [self._view(name, own[name]) if name in own else self._replaced(name, str(replaced)) for name in names]

    def _replaced(self, name: str, sentence: str) -> TargetView:
        """Return the view of a change that a later one replaced, or that a restored backup of the directory lacks."""
        return TargetView(name, self._label(name), "superseded", sentence)

    def _view(self, name: str, state: DeliveryState) -> TargetView:
        return TargetView(name, self._label(name), _STAGES[state.status], messages.target_state(state))

    def _unknown(self, name: str) -> TargetView:
        return TargetView(name, self._label(name), "unknown", str(messages.STATE_UNKNOWN))

    def _label(self, name: str) -> str:
        target = self.targets.get(name)
        return (target.label if target else "") or str(messages.WORKSTATION)
