"""What `mamia setup` prints: what it found, what it changes, what is missing; or all of it as JSON."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gateway.checks.finding import Finding, Level
from gateway.cli.exit_codes import ExitCode
from gateway.cli.output import print_json
from gateway.cli.terminal import printable
from gateway.settings import Settings
from gateway.settings.loader import SettingProblem, SettingsError
from gateway.setup import Applied, Change, Plan, difference
from gateway.setup.answers import AnswersError
from gateway.setup.console import Console, fold
from gateway.setup.files import FileState, PlannedFile, missing_users

DEFINITION = re.compile(r"  \+ olc(AttributeTypes|ObjectClasses): ")
MAX_CHARS = 160
"""Characters of a line of a difference; the folder of LDIF has the whole."""
RELOAD_NGINX = "nginx -t && systemctl reload nginx"
RELOAD = "systemctl try-reload-or-restart mamia.service mamia-sync.service mamia-capture.service"
"""For those of them that run."""
LISTENER = "systemctl enable --now mamia-capture.socket mamia-capture.service"


def _nothing_yet() -> dict[str, Any]:
    lists: dict[str, Any] = {name: [] for name in ("tried", "files", "changes", "notes", "check", "missing", "next")}
    return {**lists, "applied": 0, "undo_folder": None}


@dataclass(slots=True)
class Report:
    """Collects what a run did. Prints each part as soon as it is known, or one JSON object at the end."""

    as_json: bool
    site_changes: bool = False
    """Whether this run writes nginx's file, so that nginx must read it."""
    settings_changes: bool = False
    """Whether this run changes settings with which the services may run already."""
    _result: dict[str, Any] = field(default_factory=_nothing_yet)
    _console: Console = field(default_factory=Console)

    @property
    def is_incomplete(self) -> bool:
        """Return whether something is missing besides what the check finds."""
        return bool(self._result["missing"])

    def say(self, text: str) -> None:
        """Print a sentence, unless the result is JSON."""
        if not self.as_json:
            self._console.say(printable(text))

    def unusable(self, error: AnswersError | SettingsError, config: Path) -> int:
        """Report answers that cannot be used, and return the exit code. Raises SettingsError for programs."""
        problems = error.problems if isinstance(error, SettingsError) else [SettingProblem("answers", str(error))]
        # What could not be looked at is why an answer is missing.
        causes = [
            one for one in self._result["tried"] if one["subject"] == "directory" and one["level"] == Level.FAIL
        ]
        problems = [SettingProblem(one["subject"], f"{one['message']}; {one['hint']}") for one in causes] + problems
        if self.as_json:
            raise SettingsError(str(config), problems)
        print("mamia setup: these answers can't be used; nothing was written:", file=sys.stderr)
        for one in problems:
            text = f"{one.key} {one.message}" if isinstance(error, SettingsError) else one.message
            print(fold(printable(text), "  ", "    "), file=sys.stderr)
        return ExitCode.UNUSABLE

    def found(self, finding: Finding) -> None:
        """Report what trying an answer found."""
        self._result["tried"].append(_as_json(finding))
        if not self.as_json:
            self._console.show(finding)

    def missing(self, what: str, how: str) -> None:
        """Report something that keeps setup from being complete, and how to get it."""
        self._result["missing"].append({"what": what, "how": how})

    def files(self, planned: Iterable[PlannedFile]) -> None:
        """Show what writing the files would change."""
        changed = [one for one in planned if one.state is not FileState.SAME]
        self._result["files"] = [
            {"path": str(one.path), "state": str(one.state), "access": one.describe_access()} for one in changed
        ]
        if self.as_json:
            return
        self._console.title("Files of this machine")
        for one in changed:
            print("\n".join(map(printable, one.difference())))
        if not changed:
            print("nothing to change")
        elif absent := missing_users():
            self.say(f"This machine has no user {', '.join(absent)}: the files belong to the present user.")

    def plan(self, plan: Plan) -> None:
        """Show what would change in the directory."""
        self._result["changes"] = [{"file": one.file, "what": one.title, "why": one.why} for one in plan.changes]
        self._result["notes"] = list(plan.notes)
        if self.as_json:
            return
        self._console.title("Directory")
        if plan.is_empty and plan.later:
            print("nothing to change yet; what is missing follows at the end", flush=True)
            return
        print(shortened(difference(replace(plan, later=(), problems=())).rstrip()), flush=True)

    def progress(self, change: Change) -> None:
        """Report the change that is written next."""
        self.say(f"  {change.file}: {change.title}")

    def people_progress(self, done: int) -> None:
        """Report how many people have the class by now."""
        self.say(f"  {done} people done")

    def applied(self, done: Applied) -> None:
        """Report what was written into the directory, and how to take it back."""
        self._result |= {"applied": len(done.changes), "undo_folder": str(done.undo_folder)}
        self.say(f"{len(done.changes)} changes are in the directory.")
        self.say(f"To take them back: mamia setup --undo {shlex.quote(str(done.undo_folder))}")

    def checked(self, finding: Finding) -> None:
        """Report one finding of the check; good ones are only counted."""
        if not self._result["check"] and not self.as_json:
            self._console.title("Check")
        self._result["check"].append(_as_json(finding))
        if not self.as_json and finding.level is not Level.OK:
            print(
                fold(f"{finding.level:4}  {printable(finding.subject)}: {printable(finding.message)}", "", "      ")
            )
            if finding.hint:
                print(fold(f"to fix: {printable(finding.hint)}", "      "), flush=True)

    def next_commands(self, settings: Settings) -> None:
        """Say which commands come next."""
        commands = [RELOAD] if self.settings_changes else []
        if settings.capture.socket and any("mamia-capture" in one["how"] for one in self._result["missing"]):
            commands += [LISTENER, "mamia setup --apply"]
        worker = " mamia-sync.service" if settings.workstation.delivers else ""
        reminders = " mamia-remind.timer" if settings.reminders.is_on else ""
        commands.append(f"systemctl enable --now mamia.service mamia-check.timer{worker}{reminders}")
        if self.site_changes:
            commands.append(RELOAD_NGINX)
        self._result["next"] = commands

    def end(self, code: int) -> int:
        """Print the summary or the JSON, and return `code`."""
        self._result["exit_code"] = code
        if self.as_json:
            print_json(self._result)
            return code
        if checks := self._result["check"]:
            counts = {level: sum(one["level"] == level for one in checks) for level in Level}
            print(f"{len(checks)} checks: {counts[Level.FAIL]} FAIL, {counts[Level.WARN]} WARN")
        for one in self._result["missing"]:
            self._console.say(f"Missing: {printable(one['what'])}")
            if one["how"]:
                self._console.say(printable(one["how"]), indent="  ")
        if commands := self._result.get("next"):
            self._console.title("Next")
            for command in commands:
                print(f"  {command}")
        return code


def shortened(text: str) -> str:
    """Return a difference without the definitions of the schema, and in lines that a terminal shows well."""
    lines: list[str] = []
    definitions = 0
    for line in (*text.split("\n"), ""):
        if DEFINITION.match(line):
            definitions += 1
            continue
        if definitions:
            lines.append(f"  + {definitions} definitions of attributes and classes")
            definitions = 0
        lines.append(line if len(line) <= MAX_CHARS or not line.startswith("  ") else f"{line[:MAX_CHARS]} …")
    return "\n".join(lines).rstrip()


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "level": str(finding.level),
        "subject": finding.subject,
        "message": finding.message,
        "hint": finding.hint,
    }
