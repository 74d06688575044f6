"""The parts of the service that are off until they are chosen: which there are, and which of them are on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from gateway.settings import Events
from gateway.setup.answers import Answers
from gateway.setup.session import Session

INITIAL = "initial"


@dataclass(frozen=True, slots=True)
class Part:
    """One part, which has a section of mamia.toml."""

    name: str
    """Its section."""
    text: str
    """What people get by it, in one line."""
    switches: tuple[str, ...] = ()
    """Keys of the section, each of which switches it on. None: the section itself does."""


PARTS = (
    Part(
        "helpdesk",
        "agents of the helpdesk have pages (/guichet), and give codes in the place of a NUMEN",
        ("bind_dn", "agents_group", "agents_filter"),
    ),
    Part(
        "recovery",
        "people add passkeys, an app, an address or a phone, which reset their password later",
        ("methods",),
    ),
    Part("reminders", "people get mails before their password expires", ("bind_dn",)),
    Part("charter", "people accept the acceptable use policy with their next new password", ("version",)),
    Part("webhooks", "another program is told at once what happens to accounts, by signed events", ("url",)),
    Part("events", "the last tries of each person, for the helpdesk, and figures by day (mamia stats)"),
)
NAMES = tuple(part.name for part in PARTS)


def parts_on(answers: Answers) -> frozenset[str]:
    """Return the names of the parts that the answers switch on."""
    return frozenset(part.name for part in PARTS if _is_on(part, answers.get(part.name)))


def chosen_parts(session: Session) -> frozenset[str]:
    """Return the names of the parts that were chosen; as long as nothing was, of those that are on."""
    return parts_on(session.answers) if session.parts is None else frozenset(session.parts)


def keep_chosen(session: Session, names: Iterable[str]) -> None:
    """Take the parts `names` and no others: a section that comes or goes is as mamia.toml has it, or not at all."""
    session.parts = [name for name in NAMES if name in set(names)]
    on = parts_on(session.answers)
    for name in NAMES:
        former = session.standing.get(name)
        if name in session.parts and name not in on and isinstance(former, Mapping):
            session.answers.set(name, {**deepcopy(dict(former)), **session.answers.get(name, {})})
        elif name not in session.parts and name in on:
            was_off = name not in parts_on(session.standing)
            session.answers.set(name, deepcopy(former) if was_off else None)


def obstacle(name: str, answers: Answers) -> str:
    """Return why a part cannot be had with these answers, as a predicate; "" if it can."""
    if name == "recovery" and answers.get("reset.mode") == INITIAL:
        return f'needs reset.mode = "choose": with "{INITIAL}" people get back a password that is known already'
    if name == "reminders" and not has_mail_server(answers):
        return "needs a mail server"
    return ""


def has_mail_server(answers: Answers) -> bool:
    """Return whether mails can be sent with these answers."""
    return bool(answers.get("notifications.smtp_host") or answers.get("notifications.spool"))


def _is_on(part: Part, section: Any) -> bool:
    if not isinstance(section, Mapping):
        return False
    if part.switches:
        return any(section.get(key) for key in part.switches)
    return bool(section.get("keep_days", Events().keep_days))
