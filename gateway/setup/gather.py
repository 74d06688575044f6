"""The order of `mamia setup`: which group of questions follows on which, and what the directory proposes for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.checks.finding import Finding, ok
from gateway.ldap import read_entry
from gateway.settings import Settings
from gateway.settings.support import Support
from gateway.setup import choices
from gateway.setup.administrator import log_in
from gateway.setup.console import Console
from gateway.setup.derived import derive, derive_mails
from gateway.setup.directory_side import DirectorySide
from gateway.setup.interview import Interview, settle
from gateway.setup.layout import parent_of
from gateway.setup.part_choice import PartChoice, settle_parts
from gateway.setup.proposals import (
    OUR_CLASS,
    groups_base,
    likely_base,
    mail_domain,
    of_policy,
    propose,
    spelled,
    suffix_of,
)
from gateway.setup.question import Group, openings, show_openings
from gateway.setup.questions import ACADEMY, BASE, DIRECTORY, MAILS, STAFF, WEB, WORKSTATION
from gateway.setup.session import Session

STORE = "redis://127.0.0.1:6379/0"


@dataclass(slots=True)
class Gathering:
    """Collects all answers: from a person at `console`, or from what is known where it is None."""

    session: Session
    side: DirectorySide | None
    console: Console | None
    save: Callable[[], None]

    def run(self) -> Iterator[Finding]:
        """Ask everything, and yield what was found where nobody was asked. Raises AnswersEnded."""
        session, side = self.session, self.side
        session.proposals = self._first_proposals()
        if side:
            session.count, session.find = side.count, side.find
            yield from self._tell(self._describe(side))
        yield from self._group(DIRECTORY)
        yield from self._group(BASE)
        base = session.value("people.base") or ""
        session.suffix = suffix = (suffix_of(side.survey, base) if side else "") or _suffix_in(base)
        if side and self.console:
            log_in(side, base, self.console)
        self._attributes(base)
        session.proposals = {**session.proposals, **self._proposals(base, suffix)}
        yield from self._questions(Group("Staff", STAFF))
        yield from self._group(ACADEMY)
        yield from self._group(WEB)
        yield from self._propagation(base)
        derive(session)
        choices.choose_accounts(session, side.survey.database_of(base) if side else None, self.console)
        self.save()

    def _propagation(self, base: str) -> Iterator[Finding]:
        session = self.session
        if self.console:
            self.console.title(WORKSTATION.title)
        samba = self.side.look(base).classes.get(choices.SAMBA_CLASS, 0) if self.side and base else 0
        choices.choose_workstation(session, samba, self.console)
        yield from self._questions(WORKSTATION)
        yield from self._group(MAILS)
        yield from self._parts()
        if self.console:
            self.console.title("Other programs")
        choices.choose_capture(session, has_slapd=self.side is not None, console=self.console)
        choices.add_clients(session, self.console)

    def _parts(self) -> Iterator[Finding]:
        session = self.session
        derive_mails(session)
        groups = parent_of(session.proposals["people.protected_groups"][0])
        if self.console is None:
            yield from settle_parts(session, groups)
            return
        PartChoice(session, self.console, Interview(session, self.console, self.save), groups).ask()

    def _group(self, group: Group) -> Iterator[Finding]:
        if self.console is None:
            yield from settle(self.session, [group])
        else:
            Interview(self.session, self.console, self.save).ask(group)

    def _questions(self, group: Group) -> Iterator[Finding]:
        """Ask the questions of a group whose heading was printed already."""
        if self.console is None:
            yield from settle(self.session, [group])
            return
        interview = Interview(self.session, self.console, self.save)
        for question in group.questions:
            if question.when(self.session):
                interview.ask_one(question)

    def _tell(self, finding: Finding) -> Iterator[Finding]:
        if self.console is None:
            yield finding
        else:
            self.console.show(finding)

    def _describe(self, side: DirectorySide) -> Finding:
        survey = side.survey
        look = survey.people
        overlays = sorted({one.kind for database in survey.databases for one in database.overlays})
        text = f"slapd at {side.url}: suffixes {', '.join(survey.suffixes) or 'none'}"
        text += f"; overlays {', '.join(overlays) or 'none'}; {len(survey.policies)} password policies"
        if look:
            text += f"; {look.count}{'' if look.is_complete else ' or more'} people"
        return ok("directory", text)

    def _attributes(self, base: str) -> None:
        if self.side is None or not base:
            return
        look, people = self.side.look(base), self.side.people(base)
        choices.choose_attributes(self.session, propose(look, people, spelled(self.side.survey)), self.console)
        choices.choose_class(self.session, look.count - look.classes.get(OUR_CLASS, 0), self.console)
        self.save()

    def _first_proposals(self) -> dict[str, Any]:
        proposals: dict[str, Any] = {
            "web.trusted_proxies": 1,
            "web.port": Settings.model_fields["web"].annotation.model_fields["port"].default,  # type: ignore[union-attr]
            "rate_limits.store": STORE,
            "directory.ca_file": "",
            "notifications.smtp_host": "",
            "notifications.smtp_user": "",
            "notifications.smtp_security": "starttls",
            "notifications.smtp_port": 25,
            "support.openings": openings(show_openings(one.model_dump() for one in Support().openings)),
            "support.closures": [one.model_dump() for one in Support().closures],
            "support.call_price": Support().call_price,
        }
        if self.side:
            proposals["directory.servers"] = [self.side.url]
            proposals["people.base"] = likely_base(self.side.survey) or next(iter(self.side.survey.suffixes), "")
        return proposals

    def _proposals(self, base: str, suffix: str) -> dict[str, Any]:
        """Return what follows from where people are."""
        found: dict[str, Any] = {"people.protected_groups": [f"cn=protected,ou=groups,{suffix}"]}
        domain = ""
        if self.side:
            found["people.protected_groups"] = [f"cn=protected,{groups_base(self.side.access.data, suffix)}"]
            found |= of_policy(self.side.survey, base)
            root = read_entry(self.side.access.data, suffix, ["o"])
            found["academy.name"] = (root.first("o") if root else "") or None
            domain = mail_domain(self.side.people(base))
        domain = self.session.answers.get("academy.mail_domain") or domain
        if domain:
            found |= {
                "academy.mail_domain": domain,
                "support.mail": f"assistance@{domain}",
                "web.allowed_hosts": [f"mon-compte.{domain}"],
                "notifications.sender": f"ne-pas-repondre@{domain}",
            }
        found["people.filter"] = "(objectClass=mamiaPerson)"
        found["workstation.filter"] = "(departmentNumber=rectorat)"
        return found


def _suffix_in(base: str) -> str:
    """Return the part of a DN from its first dc on, for a server whose configuration cannot be read."""
    parts = base.split(",")
    first = next((index for index, part in enumerate(parts) if part.strip().lower().startswith("dc=")), 0)
    return ",".join(parts[first:])
