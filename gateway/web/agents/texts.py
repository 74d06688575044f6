"""The buttons of the helpdesk's page about a person, and what became of what they ask for."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from gateway.services.agent_people import AgentAction, Obstacle

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
