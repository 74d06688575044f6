"""What a service did, told by a ticket that grants nothing: the page can be reloaded for an hour.

For people with a workstation it follows the password there: a script asks `etat` for the one part that changes, and
without JavaScript a link loads the page again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from gateway.account.errors import DirectoryUnavailable
from gateway.protection.tickets import Void
from gateway.web import content, wording
from gateway.web.desk import Desk
from gateway.workstation.state import Step, SyncState

log = logging.getLogger(__name__)

Progress = Callable[[str, str], tuple[SyncState, ...]]
"""From an entry's identity and a change to its states."""
GONE = 410


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target as the page shows it."""

    label: str
    step: str
    """pending, done, rejected, expired, superseded or unknown: also the name of its style."""
    sentence: str


class ResultPage:
    def __init__(self, desk: Desk, progress: Progress) -> None:
        self.desk = desk
        self.progress = progress

    def page(self, ticket: str) -> ResponseReturnValue:
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, Void):
            return render_template("pages/result_gone.html"), GONE
        return render_template(
            "pages/result.html",
            ticket=ticket,
            targets=self._targets(opened.payload),
            panel=content.text("help"),
            **opened.payload,
        )

    def state(self, ticket: str) -> ResponseReturnValue:
        """The part of the page that changes, and whether it still will."""
        opened = self.desk.tickets.open("result", ticket)
        if isinstance(opened, Void):
            return {"html": "", "waiting": False}, GONE
        targets = self._targets(opened.payload)
        html = render_template("parts/targets.html", targets=targets)
        return {"html": html, "waiting": any(target.step in ("pending", "unknown") for target in targets)}

    def _targets(self, payload: Mapping[str, Any]) -> list[TargetView]:
        propagation = payload.get("propagation")
        if not propagation:
            return []
        names = propagation["targets"]
        try:
            states = {state.target: state for state in self.progress(propagation["identity"], propagation["change"])}
        except DirectoryUnavailable as error:
            log.error("result: directory unavailable: %s", error)
            return [TargetView(self._label(name), "unknown", str(wording.STATE_UNKNOWN)) for name in names]
        return [self._view(name, states.get(name)) for name in names]

    def _view(self, name: str, state: SyncState | None) -> TargetView:
        if state is None:
            return TargetView(self._label(name), "superseded", str(wording.STATE_SUPERSEDED))
        step = Step.DONE if state.step is Step.SETTLING else state.step
        return TargetView(self._label(name), step, wording.target_state(state))

    def _label(self, name: str) -> str:
        target = self.desk.settings.workstation.targets.get(name)
        return (target.label if target else "") or str(wording.WORKSTATION)
