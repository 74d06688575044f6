"""Asks which optional parts are wanted and what they need, or takes those that are known where nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.checks.finding import Finding
from gateway.checks.host_names import public_names
from gateway.settings import Settings
from gateway.setup.attempts_parts import try_parts
from gateway.setup.console import Console
from gateway.setup.derived import derive_mails, derive_parts
from gateway.setup.interview import Interview, settle
from gateway.setup.part_questions import GROUPS
from gateway.setup.parts import PARTS, chosen_parts, has_mail_server, keep_chosen, obstacle, parts_on
from gateway.setup.questions import MAILS
from gateway.setup.session import Session

TITLE = "Optional parts"
HELP = (
    "Each part is off until you choose it. Type names or numbers, with blanks between them; none: no part. A part "
    "that is on stays on, with its settings, unless you leave it out here and confirm that."
)
STAYS = (
    "What it wrote into the directory stays there, closed to everybody, and so do the files of its secrets; its "
    "rights in the directory go."
)


def settle_parts(session: Session, groups_base: str) -> Iterator[Finding]:
    """Take the parts that are on or named, with proposals for what they need; yield what trying the answers found."""
    _propose(session, parts_on(session.answers) | set(session.parts or ()), groups_base)
    yield from settle(session, GROUPS)
    derive_parts(session)
    yield from try_parts(session)


@dataclass(frozen=True, slots=True)
class PartChoice:
    """Asks a person. `groups_base`: DN below which groups are."""

    session: Session
    console: Console
    interview: Interview
    groups_base: str

    def ask(self) -> None:
        """Ask until the chosen parts can be had and go together. Raises AnswersEnded."""
        self.console.title(TITLE)
        self.console.say("Which of these parts do you want?")
        while True:
            chosen = self._confirmed(self._choose())
            if [name for name in sorted(chosen) if not self._can_be_had(name)]:
                continue
            _propose(self.session, chosen, self.groups_base)
            self.interview.save()
            for group in GROUPS:
                self.interview.ask(group)
            derive_parts(self.session)
            if self._go_together() and self.interview.accepts(try_parts(self.session)):
                return
            self.console.say("Which parts do you want, then?")

    def _choose(self) -> frozenset[str]:
        on = parts_on(self.session.standing)
        shown = {part.name: part.text + (" (is on)" if part.name in on else "") for part in PARTS}
        default = [part.name for part in PARTS if part.name in chosen_parts(self.session)]
        return frozenset(self.console.choose_several("Parts", shown, default, HELP))

    def _confirmed(self, chosen: frozenset[str]) -> frozenset[str]:
        """Return the chosen parts and those that were left out by mistake: what is on goes by a yes alone."""
        kept = set(chosen)
        for name in sorted(parts_on(self.session.standing) & parts_on(self.session.answers) - chosen):
            self.console.say(f"[{name}] is in mamia.toml. {STAYS}", indent="  ")
            if not self.console.confirm(f"Take [{name}] out, with all its settings", default=False):
                kept.add(name)
        return frozenset(kept)

    def _can_be_had(self, name: str) -> bool:
        """Return whether nothing is in the way of a part; a mail server is asked for once more."""
        answers = self.session.answers
        if not (why := obstacle(name, answers)):
            return True
        self.console.say(f"{name}: {why}", indent="  ")
        if name == "reminders":
            self.interview.ask(MAILS)
            if has_mail_server(answers):
                derive_mails(self.session)
                return True
            self.console.say(f"{name}: leave it out, or name a mail server.", indent="  ")
        return False

    def _go_together(self) -> bool:
        """Return whether no setting of one part contradicts another's."""
        problems = self.session.answers.problems(*(part.name for part in PARTS))
        for one in problems:
            self.console.say(f"{one.key} {one.message}", indent="  ")
        return not problems


def _propose(session: Session, chosen: frozenset[str], groups_base: str) -> None:
    """Take the parts, and propose answers for those that are new; one that is on keeps what it has, and lacks."""
    new = chosen - parts_on(session.answers)
    keep_chosen(session, chosen)
    new -= parts_on(session.answers)
    settings = session.answers.draft()
    found = dict(_proposed(settings, new, groups_base)) if settings else {}
    none = {"helpdesk.agents_group": "", "helpdesk.agents_filter": ""}
    session.proposals = {**none, **session.proposals, **found}


def _proposed(settings: Settings, new: frozenset[str], groups_base: str) -> Iterator[tuple[str, Any]]:
    site = _site(settings)
    if "helpdesk" in new:
        yield "helpdesk.agents_group", f"cn=helpdesk,{groups_base}"
    if "recovery" in new:
        yield "recovery.methods", _methods(settings, site)
    if "charter" in new:
        yield "charter.version", f"{datetime.now(UTC):%Y-%m}"
    yield "recovery.origin", site


def _methods(settings: Settings, site: str) -> list[str]:
    """Return the methods that need nothing which is not there."""
    mails = settings.notifications
    possible: Mapping[str, object] = {
        "passkey": site,
        "totp": True,
        "mail": mails.spool and mails.smtp_host,
        "mobile": settings.second_factor.sms_gateway_url,
    }
    return [name for name, is_possible in possible.items() if is_possible]


def _site(settings: Settings) -> str:
    """Return the address of the site in browsers, for its first public name; "" if it has none."""
    names = public_names(settings.web)
    if names:
        return f"https://{names[0]}"
    return f"http://localhost:{settings.web.port}" if "localhost" in settings.web.allowed_hosts else ""
