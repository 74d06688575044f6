"""The result of a saved password as a whole: its heading, what it means for the mail, and the next step."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from gateway.web.result_texts import Case, Effect, Stage, Step, effect_of, step_of

INITIAL_RESTORED = "initial_restored"
"""The outcome of a reset that restores the initial password; all others save a password that the person chose."""
_CHANGED, _RESTORED = _("Password changed"), _("Initial password restored")


@dataclass(frozen=True, slots=True)
class EffectTexts:
    """The row of one effect. `heading` is for one target, `heading_of_several` for more."""

    heading: LazyString | str
    heading_of_several: LazyString | str
    summary: LazyString
    initial_summary: LazyString
    stage: Stage
    """Of the line about mail and applications."""
    badge: LazyString
    mail: LazyString
    alert: str = "alert-success"

    @property
    def is_valid(self) -> bool:
        """Whether the password opens the account now, as far as the directory says."""
        return self.stage == "done"


_ACTIVE, _TO_CHECK = _("active"), _("to be checked")
_CHANGED_NOW = _("The password of the account %(login)s has been changed. The old one no longer works.")
_INITIAL_NOW = _(
    "The password of the account %(login)s is the initial one again: your NUMEN (or your temporary agent number), in "
    "capitals. The old one no longer works."
)
_MAIL_NOW = _("The new password of the account %(login)s works for mail and applications.")
_INITIAL_MAIL = _(
    "For mail and applications, the password of the account %(login)s is the initial one again: your NUMEN (or your "
    "temporary agent number), in capitals."
)
_USE_IT = _("Use it from now on for the webmail, I-Prof, ARENA and every service that asks for your academy login.")
_INITIAL_USE = _("It must be changed at the next login; some services ask for that first.")
_NO_LONGER = _("This password is no longer valid there.")
_SINCE = _("The password of the account %(login)s was changed again after this operation, or the account was closed.")
_AGAIN = _("The password of the account %(login)s was changed again after this operation.")
_RESTORED_BACKUP = _(
    "The directory was probably restored from a backup: the password of the account %(login)s may be the old one "
    "again."
)
_SAVED = _("The new password of the account %(login)s has been saved.")
_INITIAL_SAVED = _(
    "The initial password of the account %(login)s has been saved: your NUMEN (or your temporary agent number), in "
    "capitals."
)
EFFECTS: Mapping[Effect, EffectTexts] = {
    Effect.EVERYWHERE: EffectTexts("%(done)s", "%(done)s", _CHANGED_NOW, _INITIAL_NOW, "done", _ACTIVE, _USE_IT),
    Effect.MAIL_ONLY: EffectTexts(
        _("%(done)s for mail and applications"),
        _("%(done)s for mail and applications"),
        _MAIL_NOW,
        _INITIAL_MAIL,
        "done",
        _ACTIVE,
        _USE_IT,
    ),
    Effect.STATE_UNKNOWN: EffectTexts(
        _("%(done)s; the state of the workstation is not known"),
        _("%(done)s; the state of the workstations is not known"),
        _SAVED,
        _INITIAL_SAVED,
        "unknown",
        _("saved"),
        _("The directory has the new password, but does not answer at the moment."),
        "alert-warning",
    ),
    Effect.NOT_YET: EffectTexts(
        _("%(done)s, but not yet at the workstation"),
        _("%(done)s, but not yet everywhere"),
        _MAIL_NOW,
        _INITIAL_MAIL,
        "done",
        _ACTIVE,
        _USE_IT,
    ),
    Effect.NOT_THERE: EffectTexts(
        _("%(done)s, but not at the workstation"),
        _("%(done)s, but not everywhere"),
        _MAIL_NOW,
        _INITIAL_MAIL,
        "done",
        _ACTIVE,
        _USE_IT,
        "alert-warning",
    ),
    Effect.NOT_IN_FORCE: EffectTexts(
        _("This password no longer opens your account"),
        _("This password no longer opens your account"),
        _SINCE,
        _SINCE,
        "superseded",
        _TO_CHECK,
        _NO_LONGER,
        "alert-warning",
    ),
    Effect.SUPERSEDED: EffectTexts(
        _("A more recent password has replaced this one"),
        _("A more recent password has replaced this one"),
        _AGAIN,
        _AGAIN,
        "superseded",
        _("replaced"),
        _NO_LONGER,
        "alert-warning",
    ),
    Effect.LOST: EffectTexts(
        _("The directory no longer has this change of password"),
        _("The directory no longer has this change of password"),
        _RESTORED_BACKUP,
        _RESTORED_BACKUP,
        "superseded",
        _TO_CHECK,
        _("Perhaps the old password is valid there again."),
        "alert-warning",
    ),
}


@dataclass(frozen=True, slots=True)
class StepTexts:
    """What comes next: one sentence, and the name of the link to the page of changes if that is where it is done."""

    sentence: LazyString
    link: LazyString | str = ""


STEPS: Mapping[Step, StepTexts] = {
    Step.DEVICES: StepTexts(
        _(
            "Replace the old password in your phone and your mail program: they remember it, and could lock your "
            "account."
        )
    ),
    Step.CHANGE_AGAIN: StepTexts(
        _(
            "Change your password again to have the same everywhere, then enter it in your phone and your mail "
            "program. If the problem persists, call the helpdesk: %(phone)s."
        ),
        _("Change my password"),
    ),
    Step.CHOOSE_ANOTHER: StepTexts(
        _("Choose another password to have the same everywhere, then enter it in your phone and your mail program."),
        _("Choose another password"),
    ),
    Step.CHANGE_INITIAL: StepTexts(
        _("Change this initial password now: it must be changed at the next login."), _("Change it now")
    ),
    Step.CHANGE_ONCE_MORE: StepTexts(
        _(
            "If you chose a more recent password, change it here once more to have the same everywhere. If you did "
            "not, call the helpdesk at once: %(phone)s."
        ),
        _("Change my password"),
    ),
    Step.USE_LATEST: StepTexts(
        _(
            "Use your most recent password, in your phone and your mail program too. If you did not change it, call "
            "the helpdesk at once: %(phone)s."
        )
    ),
    Step.TRY: StepTexts(
        _(
            "Try the new password, for example in the webmail. If it does not work and you have not changed it "
            "since, call the helpdesk: %(phone)s."
        )
    ),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What the result page says first, in the page's language."""

    heading: str
    texts: EffectTexts
    summary: str
    mail: str
    """The sentence about mail and applications."""
    step: str
    """The one thing to do next."""
    link: str
    """Name of the link to the page of changes; empty if that is not the next step."""
    opens_services: bool
    """Whether links to the webmail and other services help: not before an initial password was changed."""


def summarize(cases: Collection[Case], *, outcome: str, login: str, phone: str) -> Summary:
    """Return what is said of a password whose deliveries are in these states.

    `cases`: one per target; none for people without a workstation. `outcome`: of the service. `phone`: the
    helpdesk's.
    """
    is_initial = outcome == INITIAL_RESTORED
    effect, step = effect_of(cases), STEPS[step_of(cases, initial=is_initial)]
    texts = EFFECTS[effect]
    heading = texts.heading_of_several if len(cases) > 1 else texts.heading
    summary = texts.initial_summary if is_initial else texts.summary
    return Summary(
        heading=str(heading) % {"done": _RESTORED if is_initial else _CHANGED},
        texts=texts,
        summary=str(summary) % {"login": login},
        mail=str(_INITIAL_USE if is_initial and texts.is_valid else texts.mail),
        step=str(step.sentence) % {"phone": phone},
        link=str(step.link),
        opens_services=not is_initial and effect not in (Effect.NOT_IN_FORCE, Effect.STATE_UNKNOWN),
    )
