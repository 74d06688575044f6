"""What people are told about a saved password at one target: a row per state of its delivery.

The page, its live update and the API take their sentences from these tables.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Literal

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from gateway.workstation.model import Reason
from gateway.workstation.state import DeliveryState, DeliveryStatus

Stage = Literal["pending", "done", "rejected", "expired", "superseded", "unknown"]
"""What API clients are told. It is also the name of the CSS class."""


class Effect(IntEnum):
    """What the delivery to a target means for the whole change. Of several targets, the highest one counts."""

    EVERYWHERE = 0
    MAIL_ONLY = 1
    """The person has no account at the target, so there may be no workstation either."""
    STATE_UNKNOWN = 2
    NOT_YET = 3
    NOT_THERE = 4
    NOT_IN_FORCE = 5
    """The password does not open the account in the directory any more."""
    SUPERSEDED = 6
    LOST = 7


class Step(IntEnum):
    """What the person does next. Of several targets, the highest one counts."""

    DEVICES = 0
    CHANGE_AGAIN = 1
    CHOOSE_ANOTHER = 2
    """It comes before the devices: a phone that got a password which is replaced at once would need it twice."""
    CHANGE_INITIAL = 3
    CHANGE_ONCE_MORE = 4
    USE_LATEST = 5
    TRY = 6


class Case(StrEnum):
    """One state of a delivery as people see it: a status, with its reason if the target refused."""

    DONE = "done"
    WAITING = "waiting"
    UNREACHABLE = "unreachable"
    HELD = "held"
    EXPIRED = "expired"
    TOO_SHORT = Reason.TOO_SHORT
    IN_HISTORY = Reason.IN_HISTORY
    TOO_SIMPLE = Reason.TOO_SIMPLE
    TOO_YOUNG = Reason.TOO_YOUNG
    POLICY = Reason.POLICY
    CONTROL_CHARACTER = Reason.CONTROL_CHARACTER
    NO_ACCOUNT = Reason.NO_ACCOUNT
    NO_WORKSTATION = Reason.NO_WORKSTATION
    PROTECTED = Reason.PROTECTED
    NOT_PLAIN_TEXT = Reason.NOT_PLAIN_TEXT
    NOT_FOR_THIS_ENTRY = Reason.NOT_FOR_THIS_ENTRY
    UNREADABLE = Reason.UNREADABLE
    NOT_IN_FORCE = Reason.NOT_IN_FORCE
    REFUSED = "refused"
    """For a reason that this version does not know."""
    SUPERSEDED = "superseded"
    LOST = "lost"
    """The directory has neither this change nor a later one: it was restored from a backup."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CaseTexts:
    """The row of one case."""

    stage: Stage
    badge: LazyString
    effect: Effect
    step: Step
    fact: LazyString
    """The state at this target, true for itself and beside every heading."""


_ACTIVE, _WAITING, _REFUSED, _FAILED = _("active"), _("waiting"), _("refused"), _("failed")
_NOT_SENT, _TO_CHECK = _("not sent"), _("to be checked")
_TECHNICAL = CaseTexts(
    "rejected",
    _FAILED,
    Effect.NOT_THERE,
    Step.CHANGE_AGAIN,
    _("The new password could not be sent there because of a technical problem: the old one stays valid there."),
)


def _refused(fact: LazyString, step: Step = Step.CHOOSE_ANOTHER) -> CaseTexts:
    return CaseTexts("rejected", _REFUSED, Effect.NOT_THERE, step, fact)


CASES: Mapping[Case, CaseTexts] = {
    Case.DONE: CaseTexts("done", _ACTIVE, Effect.EVERYWHERE, Step.DEVICES, _("The new password works there.")),
    Case.WAITING: CaseTexts(
        "pending",
        _WAITING,
        Effect.NOT_YET,
        Step.DEVICES,
        _("The new password will work there in a moment. Until then, use the old one there."),
    ),
    Case.UNREACHABLE: CaseTexts(
        "pending",
        _WAITING,
        Effect.NOT_YET,
        Step.DEVICES,
        _(
            "The Windows domain cannot be reached at the moment. We try again automatically. Until then, use the old "
            "password there."
        ),
    ),
    Case.HELD: CaseTexts(
        "pending",
        _WAITING,
        Effect.NOT_YET,
        Step.DEVICES,
        _(
            "The directory was restored from a backup, and this password waits until the helpdesk has looked at it. "
            "Until then, use the old one there. If you do not want to wait, change your password again."
        ),
    ),
    Case.EXPIRED: CaseTexts(
        "expired",
        _FAILED,
        Effect.NOT_THERE,
        Step.CHANGE_AGAIN,
        _("The new password could not be saved there in the time that was given: the old one stays valid there."),
    ),
    Case.TOO_SHORT: _refused(_("This password is too short for the Windows domain: the old one stays valid there.")),
    Case.IN_HISTORY: _refused(_("The Windows domain has had this password before: the old one stays valid there.")),
    Case.TOO_SIMPLE: _refused(
        _("The Windows domain asks for a more complex password: the old one stays valid there.")
    ),
    Case.POLICY: _refused(_("A rule of the Windows domain refuses this password: the old one stays valid there.")),
    Case.CONTROL_CHARACTER: _refused(
        _("This password has a character that cannot be typed at a workstation: the old one stays valid there.")
    ),
    # Another password would be refused today as well.
    Case.TOO_YOUNG: _refused(
        _(
            "The password was changed there too recently: the old one stays valid there. Change your password again "
            "tomorrow to have the same everywhere."
        ),
        Step.DEVICES,
    ),
    Case.REFUSED: _refused(_("This password was refused there: the old one stays valid there."), Step.CHANGE_AGAIN),
    Case.NO_ACCOUNT: CaseTexts(
        "rejected",
        _("no account"),
        Effect.MAIL_ONLY,
        Step.DEVICES,
        _("No Windows account was found for your login. If you have a workstation, call the helpdesk."),
    ),
    Case.NO_WORKSTATION: CaseTexts(
        "rejected",
        _NOT_SENT,
        Effect.MAIL_ONLY,
        Step.DEVICES,
        _("Your password is no longer sent to workstations. If you have one, call the helpdesk."),
    ),
    Case.PROTECTED: CaseTexts(
        "rejected",
        _NOT_SENT,
        Effect.NOT_THERE,
        Step.DEVICES,
        _(
            "This is a privileged account, whose password this service does not change there: the old one stays "
            "valid there. To change it, call the helpdesk."
        ),
    ),
    Case.NOT_PLAIN_TEXT: CaseTexts(
        "rejected",
        _NOT_SENT,
        Effect.NOT_THERE,
        Step.CHANGE_AGAIN,
        _("Another program saved this password in a form that cannot be sent there: the old one stays valid there."),
    ),
    Case.NOT_FOR_THIS_ENTRY: _TECHNICAL,
    Case.UNREADABLE: _TECHNICAL,
    Case.NOT_IN_FORCE: CaseTexts(
        "rejected",
        _NOT_SENT,
        Effect.NOT_IN_FORCE,
        Step.CHANGE_ONCE_MORE,
        _("This password was not sent there, because it no longer opens your account."),
    ),
    Case.SUPERSEDED: CaseTexts(
        "superseded",
        _("replaced"),
        Effect.SUPERSEDED,
        Step.USE_LATEST,
        _("A more recent change has replaced this one."),
    ),
    Case.LOST: CaseTexts(
        "superseded", _TO_CHECK, Effect.LOST, Step.TRY, _("The directory no longer has this change.")
    ),
    Case.UNKNOWN: CaseTexts(
        "unknown",
        _("unknown"),
        Effect.STATE_UNKNOWN,
        Step.DEVICES,
        _("The directory does not answer at the moment: the state will be shown as soon as it does."),
    ),
}
_STATUSES = {
    DeliveryStatus.HELD: Case.HELD,
    DeliveryStatus.CONFIRMING: Case.DONE,
    DeliveryStatus.DONE: Case.DONE,
    DeliveryStatus.EXPIRED: Case.EXPIRED,
}


def case_of(state: DeliveryState) -> Case:
    """Return the case of what the directory says about one delivery."""
    if state.status is DeliveryStatus.PENDING:
        return Case.UNREACHABLE if state.reason else Case.WAITING
    if state.status is not DeliveryStatus.REJECTED:
        return _STATUSES[state.status]
    return Case(state.reason) if state.reason in set(Reason) else Case.REFUSED


def effect_of(cases: Collection[Case]) -> Effect:
    """Return what deliveries in these states mean together; EVERYWHERE for people without a workstation."""
    effects = {CASES[case].effect for case in cases}
    if Effect.LOST in effects and len(effects) > 1:
        # The directory has this change: it only lacks the state at one target.
        effects = effects - {Effect.LOST} | {Effect.NOT_THERE}
    return max(effects, default=Effect.EVERYWHERE)


def step_of(cases: Collection[Case], *, initial: bool) -> Step:
    """Return the one step that comes next. `initial`: whether the initial password was restored."""
    step = max((CASES[case].step for case in cases), default=Step.DEVICES)
    return max(step, Step.CHANGE_INITIAL) if initial else step
