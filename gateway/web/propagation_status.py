"""The state of a password change at each target of the workstation, in words for people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from gateway.account.errors import DirectoryUnavailable
from gateway.settings import AnyTarget
from gateway.web.result_summary import STEPS, Summary, summarize
from gateway.web.result_texts import CASES, Case, Stage, Step, case_of
from gateway.workstation.state import CLOCKS_APART, DeliveryState

log = logging.getLogger(__name__)

WORKSTATION = _("Windows workstation")


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target as people see it; its texts are in the page's language."""

    name: str
    label: str
    case: Case

    @property
    def status(self) -> Stage:
        """Return the state for API clients; it is also the name of the CSS class."""
        return CASES[self.case].stage

    @property
    def badge(self) -> str:
        """Return the state in one or two words."""
        return str(CASES[self.case].badge)

    @property
    def sentence(self) -> str:
        """Return the state in a sentence."""
        return str(CASES[self.case].fact)

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
    phone: str
    """The helpdesk's."""

    def views(self, payload: Mapping[str, Any]) -> list[TargetView]:
        """Return one view per target of the change; none for people without a workstation.

        `payload`: the content of the result's ticket, with `saved_at` in seconds since 1970 and `propagation`
        (`uuid` of the entry, `change`, `targets`). If the directory cannot be read, each status is "unknown" and
        nothing is raised.
        """
        propagation = payload.get("propagation")
        if not propagation:
            return []
        return [TargetView(name, self._label(name), case) for name, case in self._cases(propagation, payload)]

    def summary(self, payload: Mapping[str, Any], views: list[TargetView]) -> Summary:
        """Return what the result page says of the change as a whole. `views`: of the same payload."""
        cases = [view.case for view in views]
        return summarize(cases, outcome=payload["outcome"], login=payload["login"], phone=self.phone)

    def sentence(self, view: TargetView) -> str:
        """Return the state of one target and what the person does about it, for programs that show nothing else."""
        texts = CASES[view.case]
        if texts.step is Step.DEVICES:
            return view.sentence
        return f"{view.sentence} {str(STEPS[texts.step].sentence) % {'phone': self.phone}}"

    def _cases(self, propagation: Mapping[str, Any], payload: Mapping[str, Any]) -> list[tuple[str, Case]]:
        names = propagation["targets"]
        try:
            states = self.states(propagation["uuid"])
        except DirectoryUnavailable as error:
            log.error("result: directory unavailable: %s", error)
            return [(name, Case.UNKNOWN) for name in names]
        except Exception as error:
            # The password is saved, so this page must not report an error whatever the directory contains.
            log.error("result: the states can't be read: %s", type(error).__name__)
            return [(name, Case.UNKNOWN) for name in names]
        own = {state.target: case_of(state) for state in states if state.change == propagation["change"]}
        newest_known = payload["saved_at"] - CLOCKS_APART.total_seconds()
        # A change replaces the states of all targets: where one is left of this change, no later one came.
        is_replaced = not own and any(state.since.timestamp() >= newest_known for state in states)
        return [(name, own.get(name, Case.SUPERSEDED if is_replaced else Case.LOST)) for name in names]

    def _label(self, name: str) -> str:
        target = self.targets.get(name)
        return (target.label if target else "") or str(WORKSTATION)
