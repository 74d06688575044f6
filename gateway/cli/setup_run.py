"""One run of `mamia setup`: gather answers, show the difference, write, apply, check."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from gateway.checks.finding import Level, fail
from gateway.cli.check import check
from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import print_error
from gateway.cli.setup_answers import directory_side, keep_answers, start_session
from gateway.cli.setup_report import Report
from gateway.settings import Settings
from gateway.settings.loader import SettingsError, load
from gateway.setup import ApplyFailed, Options, Plan, apply, survey_and_plan, write_folder
from gateway.setup.administrator import log_in, needs_administrator
from gateway.setup.answers import AnswersError
from gateway.setup.console import AnswersEnded, Console
from gateway.setup.directory_side import UNREACHABLE, DirectorySide, NoDirectory
from gateway.setup.files import FileState, FileUnwritable, PlannedFile
from gateway.setup.gather import Gathering
from gateway.setup.machine_files import account_passwords, plan_files
from gateway.setup.nginx_site import NoCertificate, plan_site
from gateway.setup.paths import Paths
from gateway.setup.session import Session
from gateway.setup.stale_accounts import refused_accounts

NOT_APPLIED = "the directory is not changed yet"


def run_setup(arguments: argparse.Namespace, config: Path) -> int:
    """Set up for the settings' file `config`, and return the exit status."""
    # What the checks log is in their findings too.
    logging.getLogger("gateway").addHandler(logging.NullHandler())
    console = None if arguments.yes or arguments.json or (arguments.dry_run and arguments.answers) else Console()
    report = Report(as_json=arguments.json)
    try:
        session = start_session(arguments, Paths(config))
        side = _open(directory_side(arguments, session.paths, session.answers), report)
    except (AnswersError, SettingsError) as error:
        return report.unusable(error, config)
    with closing(side) if side else nullcontext():
        try:
            return SetupRun(arguments, session, side, console, report).run()
        except (AnswersError, SettingsError) as error:
            return report.unusable(error, config)
        except FileUnwritable as error:
            report.missing(str(error), "correct owner or mode, or run this as root")
            return report.end(ExitCode.PROBLEM)
        except (AnswersEnded, KeyboardInterrupt) as error:
            return _interrupted(arguments, session, error)


def _open(side: DirectorySide, report: Report) -> DirectorySide | None:
    """Connect; without a connection setup goes on, and can write no LDIF."""
    try:
        return side.open()
    except NoDirectory as error:
        hint = "run it as root on slapd's machine, or name --server, --config-dn and --config-password-file"
        report.found(fail("directory", f"{side.url}: its configuration can't be read: {error}", hint))
        report.missing(f"the directory at {side.url} was not looked at", hint)
        return None


def _interrupted(arguments: argparse.Namespace, session: Session, error: BaseException) -> int:
    """Say how to go on. The answers were kept after each question."""
    if arguments.json:
        return _interrupted_program(session)
    print("\n", file=sys.stderr)
    if session.has_written:
        print("mamia setup: stopped. What was written before stays; run mamia setup again to go on.", file=sys.stderr)
        return ExitCode.INTERRUPTED
    if not arguments.dry_run:
        keep_answers(session)
    if isinstance(error, AnswersEnded):
        print(f"mamia setup: no answer to: {error}", file=sys.stderr)
    print(f"mamia setup: nothing was changed; {session.paths.unfinished} has the answers so far.", file=sys.stderr)
    print("Run mamia setup again to go on.", file=sys.stderr)
    return ExitCode.UNUSABLE if isinstance(error, AnswersEnded) else ExitCode.INTERRUPTED


def _interrupted_program(session: Session) -> int:
    text = "interrupted by Ctrl-C; what was written before stays, run it again to go on"
    if not session.has_written:
        text = "interrupted by Ctrl-C; nothing was changed"
    print_error("setup", ErrorKind.INTERRUPTED, text, ExitCode.INTERRUPTED)
    return ExitCode.INTERRUPTED


@dataclass(slots=True)
class SetupRun:
    """The steps of a run, in their order."""

    arguments: argparse.Namespace
    session: Session
    side: DirectorySide | None
    console: Console | None
    report: Report
    files: list[PlannedFile] = field(default_factory=list)
    is_applied: bool = False
    """Whether the directory has all changes that are possible now."""

    def run(self) -> int:
        """Run all steps and return the exit status.

        Raises AnswersError, SettingsError, FileUnwritable, AnswersEnded.
        """
        was_set_up = self.session.answers.has("directory.bind_dn")
        self._gather()
        settings = self.session.answers.settings(str(self.session.paths.config))
        self.files = [*plan_files(self.session, settings), *self._site(settings)]
        self.report.settings_changes = was_set_up and self._changes(self.session.paths.config)
        plan = self._plan(settings)
        self._show(plan)
        self._report_obstacles(plan)
        if self.arguments.dry_run:
            self.report.say("Dry run: nothing was written.")
            return self.report.end(ExitCode.DONE if not self.report.is_incomplete else ExitCode.PROBLEM)
        if not self._writes_files():
            keep_answers(self.session)
            self.report.missing("nothing was written", "run mamia setup again: it has the answers")
            return self.report.end(ExitCode.PROBLEM)
        # A run that is killed from here on is continued by the next one, which finds what is no setting in this file.
        keep_answers(self.session)
        self._write_files()
        keep_answers(self.session, only_own=True)
        self._change_directory(plan)
        if self.is_applied:
            self.session.paths.unfinished.unlink(missing_ok=True)
        return self._check()

    def _changes(self, path: Path) -> bool:
        return any(one.path == path and one.state is FileState.CHANGED for one in self.files)

    def _gather(self) -> None:
        console = self.console
        if console and self._is_complete():
            text = f"{self.session.paths.config} has all answers. Go through them again"
            if self.arguments.apply or not console.confirm(text, default=False):
                console = None
        keeps = console is not None and not self.arguments.dry_run
        save = (lambda: keep_answers(self.session)) if keeps else (lambda: None)
        for finding in Gathering(self.session, self.side, console, save).run():
            self.report.found(finding)

    def _is_complete(self) -> bool:
        if not self.session.paths.config.exists() or self.session.is_unfinished:
            return False
        try:
            self.session.answers.settings(str(self.session.paths.config))
        except SettingsError:
            return False
        return True

    def _plan(self, settings: Settings) -> Plan | None:
        if self.side is None:
            return None
        made = account_passwords(settings, self.files)
        renewed = {name for name in refused_accounts(self.side, settings, made) if self._renews(name, settings)}
        options = Options(
            replica_readers=tuple(self.session.readers or ()),
            writers=tuple(self.session.writers or ()),
            class_for=self.session.class_for,
            new_passwords=frozenset(renewed),
        )
        try:
            _, plan = survey_and_plan(settings, self.side.access, options)
            base = settings.people.base
            asks = self.console and needs_administrator(plan) and not self.side.may_write(base)
            if self.console and asks and log_in(self.side, base, self.console):
                _, plan = survey_and_plan(settings, self.side.access, options)
        except (*UNREACHABLE, ValueError) as error:
            self.report.missing(
                f"the directory can't be compared: {error}", "correct people.base, and look at slapd's log"
            )
            return None
        return plan

    def _site(self, settings: Settings) -> Iterator[PlannedFile]:
        """Yield nginx's file for the site, if it is ours to write."""
        try:
            site = plan_site(self.session.paths, settings)
        except NoCertificate as places:
            name = settings.web.allowed_hosts[0]
            self.report.missing(
                f"nginx has no certificate for {name}", f"bring it to {places}, then run mamia setup --apply"
            )
            return
        if site:
            self.report.site_changes = site.state is not FileState.SAME
            yield site

    def _renews(self, name: str, settings: Settings) -> bool:
        """Return whether an account that refuses this machine's password gets it as its new one.

        Another machine may use the account with its present password, so nothing is done without being told.
        """
        file = dict(_account_files(settings))[name]
        text = f"the directory has the account {name} already, with another password than {file}"
        if name in self.arguments.renew:
            return True
        if self.console and self.console.confirm(f"{text}. Give it a new one", default=False):
            return True
        # A wrong password must not pass for the right one in the next run.
        self.files = [one for one in self.files if one.path != file or one.state is not FileState.NEW]
        how = f"copy that file from the machine that has it, or run mamia setup --renew {name}"
        self.report.missing(text, how)
        return False

    def _show(self, plan: Plan | None) -> None:
        self.report.files(self.files)
        if plan is not None:
            self.report.plan(plan)

    def _report_obstacles(self, plan: Plan | None) -> None:
        """Remember what keeps the plan from being complete; the end of the run lists it."""
        for problem in plan.problems if plan else ():
            self.report.missing(problem, "")
        for later in plan.later if plan else ():
            self.report.missing(f"{later.what}: {later.why}", later.how)

    def _writes_files(self) -> bool:
        if all(one.state is FileState.SAME for one in self.files):
            return True
        return self.console is None or self.console.confirm("Write these files", default=True)

    def _write_files(self) -> None:
        self.session.has_written = True
        for one in self.files:
            if one.state is not FileState.SAME:
                one.write()

    def _change_directory(self, plan: Plan | None) -> None:
        if plan is None or self.side is None:
            return
        if plan.is_empty and not plan.problems:
            self.is_applied = True
            return
        folder = self.session.paths.folder / "ldif"
        write_folder(plan, folder)
        self.report.say("")
        self.report.say(f"LDIF of these changes: {folder}")
        if plan.problems:
            self.report.missing(NOT_APPLIED, "")
            return
        asks = self.console is not None and not self.arguments.apply
        if not (
            self.arguments.apply or (asks and self.console and self.console.confirm("Apply it now", default=False))
        ):
            self.report.missing(NOT_APPLIED, "mamia setup --apply")
            return
        self._apply(plan, self.side)

    def _apply(self, plan: Plan, side: DirectorySide) -> None:
        settings = load(self.session.paths.config)
        folder = self.session.paths.folder / "undo"
        made = account_passwords(settings, self.files)
        try:
            done = apply(
                plan, side.access, folder, made,
                progress=self.report.progress, people_progress=self.report.people_progress,
            )  # fmt: skip
        except ApplyFailed as error:
            at = f" ({error.change.title})" if error.change else ""
            text = f"the directory refused a change{at}: {error.reason}"
            self.report.missing(text, "correct that, and run mamia setup again: it goes on from there")
            return
        self.report.applied(done)
        self.is_applied = True

    def _check(self) -> int:
        """Run the checks and say what to do next."""
        try:
            settings = load(self.session.paths.config)
        except SettingsError as error:
            for problem in error.problems:
                self.report.missing(f"{problem.key} {problem.message}", "correct it in the settings")
            return self.report.end(ExitCode.PROBLEM)
        failed = False
        if self.side and not self.is_applied:
            self.report.say("The check follows when the directory has these changes.")
            return self.report.end(ExitCode.PROBLEM)
        for finding in check(settings, config=self.session.paths.config):
            self.report.checked(finding)
            failed = failed or finding.level is Level.FAIL
        self.report.next_commands(settings)
        return self.report.end(ExitCode.PROBLEM if failed or self.report.is_incomplete else ExitCode.DONE)


def _account_files(settings: Settings) -> Iterator[tuple[str, Path | None]]:
    yield "gateway", settings.directory.bind_password_file
    yield "sync", settings.workstation.bind_password_file
    yield "capture", settings.capture.bind_password_file
    yield "helpdesk", settings.helpdesk.bind_password_file
    yield "reminders", settings.reminders.bind_password_file
