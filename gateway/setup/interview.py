"""Asks the questions of `mamia setup`, or takes what is known where nobody is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.checks.finding import Finding, Level, warn
from gateway.setup.console import Console
from gateway.setup.question import Group, Question
from gateway.setup.questions import AFTER
from gateway.setup.session import Session


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks a person, question by question; `save` is called after each answer."""

    session: Session
    console: Console
    save: Callable[[], None]

    def ask(self, group: Group) -> None:
        """Ask the questions of a group, each until its answer can be used. Raises AnswersEnded."""
        if not any(question.when(self.session) for question in group.questions):
            return
        self.console.title(group.title)
        for question in group.questions:
            if question.when(self.session):
                self.ask_one(question)
        if group.title in AFTER:
            self.accepts(AFTER[group.title](self.session))

    def ask_one(self, question: Question) -> None:
        """Ask one question until its answer can be used, or the person keeps it all the same."""
        while True:
            accepted = self._take_secret(question) if question.is_secret else self._take(question)
            self.save()
            if accepted and self.accepts(question.attempt(self.session)):
                return

    def _take(self, question: Question) -> bool:
        """Read one answer and store it. Returns False if it cannot be used."""
        session, key = self.session, question.full_key(self.session)
        answer = self.console.ask(question.text, question.default(session))
        if answer in ("", "?"):
            self.console.say(question.help if answer else "An answer is needed; ? explains.", indent="  ")
            return False
        former = session.answers.get(key)
        try:
            session.answers.set(key, question.read(answer))
        except ValueError as error:
            self.console.say(f"{answer} {error}", indent="  ")
            return False
        problems = session.answers.problems(key)
        for problem in problems:
            self.console.say(f"{problem.key} {problem.message}", indent="  ")
        if problems:
            session.answers.set(key, former)
        return not problems

    def _take_secret(self, question: Question) -> bool:
        """Read a secret without echo; it goes into the file that the setting names, and nowhere else."""
        session, key = self.session, question.full_key(self.session)
        file = secret_file(question, session)
        is_known = session.secret(file) is not None
        secret = self.console.ask_secret(question.text + (" (Enter: keep the present one)" if is_known else ""))
        if secret.get_secret_value() == "?" or not (secret.get_secret_value() or is_known):
            self.console.say(question.help, indent="  ")
            return False
        if secret.get_secret_value():
            session.secrets[file] = secret
        session.answers.set(key, str(file))
        return True

    def accepts(self, findings: Iterable[Finding]) -> bool:
        """Print what was found; after a problem, return whether the person keeps the answer."""
        failed = False
        for finding in findings:
            self.console.show(finding)
            failed = failed or finding.level is Level.FAIL
        return not failed or self.console.confirm("Keep it all the same", default=False)


def secret_file(question: Question, session: Session) -> Path:
    """Return the file that has the secret of a question, or will have it."""
    name = question.key.rpartition(".")[2].removesuffix("_password_file").replace("bind", "domain")
    return Path(session.answers.get(question.full_key(session)) or session.paths.folder / f"{name}.password")


def settle(session: Session, groups: Iterable[Group]) -> Iterator[Finding]:
    """Take the proposal for each question without an answer, and yield what trying the answers found."""
    for group in groups:
        for question in group.questions:
            if not question.when(session):
                continue
            key = question.full_key(session)
            if question.is_secret and not session.answers.has(key):
                session.answers.set(key, str(secret_file(question, session)))
            if not session.answers.has(key) and session.proposals.get(key) not in (None, ""):
                session.answers.set(key, session.proposals[key])
            if question.is_needed and not session.answers.has(key):
                hint = f'{key} = "…" in the answers'
                yield warn(key, f"{question.text}: no answer, so the example of the documentation is shown", hint)
            yield from question.attempt(session)
        if group.title in AFTER:
            yield from AFTER[group.title](session)
