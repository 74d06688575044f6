"""The buttons of the helpdesk's page about a person, and what became of what they ask for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from gateway.account.outcomes import Refusal
from gateway.services.agent_people import AgentAction, Obstacle
from gateway.services.known_outcomes import ROBOTS
from gateway.services.outcomes import OUTAGES
from gateway.services.reset_codes import CodeRefusal

ACTIONS = {
    AgentAction.UNLOCK: _("Unlock the account"),
    AgentAction.FORCE_CHANGE: _("Require a new password at the next login"),
    AgentAction.RETRY: _("Send to the workstation again now"),
    AgentAction.FORGET: _("Give up sending to the workstation"),
}
DONE = {
    AgentAction.UNLOCK: _("The account is unlocked."),
    AgentAction.FORCE_CHANGE: _("The person must choose a new password at the next login."),
    AgentAction.RETRY: _("The password is being sent to the workstation again."),
    AgentAction.FORGET: _(
        "Nothing waits for the workstation any more: it keeps the old password until the next change."
    ),
}
OBSTACLES = {
    Obstacle.PROTECTED: _("This account is protected: nothing can be changed here."),
    Obstacle.AGENT: _("This person is an agent of the helpdesk: nothing can be changed here."),
    Obstacle.CLOSED: _("An administrator has closed this account. Nothing was changed."),
    Obstacle.LOCK_STAYS: _("This lock cannot be lifted here. Nothing was changed."),
    Obstacle.NOT_LOCKED: _("The account is not locked. Nothing was changed."),
    Obstacle.NOTHING_WAITS: _("Nothing waits for the workstation. Nothing was changed."),
    Obstacle.HELD: _("This password is held until an administrator decides. Nothing was changed."),
    Obstacle.CHANGED_MEANWHILE: _("The account changed in the meantime. Nothing was changed: look again."),
    Obstacle.GONE: _("Nobody has this login any more."),
}
CODE_REFUSALS = {
    CodeRefusal.NOT_FOUND: _("Nobody has this login any more."),
    CodeRefusal.PROTECTED: _("This account is protected, or an agent’s: it gets no code."),
    CodeRefusal.CLOSED: _("This account is closed, and no reset opens it: it gets no code."),
    CodeRefusal.SAME_AGENT: _("You asked for this code yourself: another agent must approve it."),
    CodeRefusal.NO_REQUEST: _("That agent has not asked for a code within the last hour. Nothing was changed."),
    CodeRefusal.NONE_OPEN: _("There is no open code. Nothing was changed."),
}
SERVICES = {
    "find": _("Find my account"),
    "change": _("Change my password"),
    "reset": _("Reset, first step"),
    "choose": _("Reset, new password"),
    "code": _("Code by mail or text message"),
    "recovery": _("My recovery methods"),
    "notice": _("Directory"),
    "dispute": _("Report of a misuse"),
    "helpdesk": _("Helpdesk"),
}
"""Of each service of the event store its name."""
OUTCOMES = {
    "found": _("found"),
    "changed": _("password changed"),
    "proved": _("identity proved"),
    "proved_by_passkey": _("identity proved by a passkey"),
    "passkey_cloned": _("passkey refused: there is a copy of it"),
    "reset": _("password reset"),
    "initial_restored": _("initial password restored"),
    "extended": _("more time taken"),
    "code_sent_by_mail": _("code sent by mail"),
    "code_sent_by_phone": _("code sent by text message"),
    "code_asked_of_app": _("code of the app asked for"),
    "code_sent": _("code sent, to confirm a recovery method"),
    "code_not_sent": _("the code could not be sent"),
    "code_right": _("code right"),
    "code_wrong": _("code wrong"),
    "disputed": _("somebody else used the account"),
    "locked": _("account locked after wrong passwords"),
    "rate_limited": _("too many tries"),
    "looked": _("page opened by an agent"),
    "unlocked": _("unlocked by an agent"),
    "change_forced": _("new password required by an agent"),
    "delivery_retried": _("sent to the workstation again by an agent"),
    "delivery_forgotten": _("sending to the workstation given up by an agent"),
    "not_done": _("an agent’s change was refused"),
    "code_requested": _("code asked for by an agent; a second one must approve"),
    "code_approved": _("code approved by a second agent"),
    "code_refused": _("code refused to an agent"),
    "code_given": _("code given by an agent"),
    "code_closed": _("code closed by an agent"),
    "added": _("recovery method added"),
    "not_confirmed": _("new recovery method not confirmed"),
    "renamed": _("recovery method renamed"),
    "removed": _("recovery method removed"),
    "removed_at_rest": _("recent recovery method removed with a new password"),
    "unreadable_removed": _("unreadable recovery methods removed"),
    "recovery_exported": _("recovery methods exported on request"),
    "recovery_erased": _("recovery methods erased on request"),
    "signed_in": _("signed in"),
    "signed_out": _("signed out"),
    "passkey_right": _("passkey right"),
    "passkey_wrong": _("passkey wrong"),
    "no_agent": _("signed in although no agent"),
    "password_to_change": _("password must be changed first"),
    "session_refused": _("session ended"),
    Refusal.NOT_FOUND: _("nobody found"),
    Refusal.NOT_PROVED: _("login, number or date of birth wrong"),
    Refusal.CREDENTIALS: _("login or password wrong"),
    Refusal.GRANT_VOID: _("password changed meanwhile"),
    Refusal.RULES: _("the new password breaks a rule"),
    Refusal.IN_HISTORY: _("the new password was used before"),
    Refusal.TOO_YOUNG: _("the password is too new to be changed"),
    Refusal.TOO_SHORT: _("the new password is too short"),
    Refusal.TOO_LONG: _("the new password is too long"),
    Refusal.POOR_QUALITY: _("the new password is too simple"),
    Refusal.NOT_CHANGEABLE: _("the password may not be changed"),
    Refusal.LOCKED: _("account locked"),
    Refusal.CHARTER: _("acceptable use policy not accepted"),
    Refusal.DIRECTORY_RULE: _("refused by the directory"),
    **dict.fromkeys(ROBOTS, _("security check not passed")),
    **dict.fromkeys(OUTAGES, _("the service was disturbed")),
}
"""Of each outcome of the event store what happened; the others are shown by their code."""
