"""`mamia check`: whether the gateway's rules for passwords are at least as strict as each workstation target's.

A password that the page takes and the domain refuses leaves a person with two of them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from gateway.account.policy import PasswordRules
from gateway.composition import password_rules
from gateway.settings import Settings
from gateway.settings.file import load
from gateway.targets import delivered_targets
from gateway.workstation.model import DomainRules

FAILED = 1


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    checked: str
    finding: str
    mend: str = ""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("check", help="compare the gateway's password rules with the workstations'")
    parser.add_argument("--config", type=Path, help="settings file (default: $MAMIA_CONFIG, else ./mamia.toml)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 when something FAILs."""
    findings = list(check_targets(load(arguments.config)))
    if arguments.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print(
            "\n".join(_line(finding) for finding in findings)
            or "no workstation target with rules of its own in the settings: nothing to compare"
        )
    return FAILED if any(finding.level is Level.FAIL for finding in findings) else 0


def check_targets(settings: Settings) -> Iterator[Finding]:
    ours = password_rules(settings)
    for name, target in delivered_targets(settings.workstation).items():
        checked = f"rules of workstation.targets.{name}"
        with closing(target):
            theirs = target.rules()
        if theirs is None:
            yield Finding(
                Level.WARN,
                checked,
                "they can't be read",
                "is the target up, and may its account read them? Compare by hand",
            )
            continue
        laxer = list(_laxer(checked, name, settings, ours, theirs))
        yield from laxer or [Finding(Level.OK, checked, f"the gateway is as strict: {_told(theirs)}")]


def _laxer(
    checked: str, name: str, settings: Settings, ours: PasswordRules, theirs: DomainRules
) -> Iterator[Finding]:
    where = f"[workstation.targets.{name}.rules]"
    if ours.min_length < theirs.min_length:
        text = f"the domain asks {theirs.min_length} characters, the gateway {ours.min_length}"
        yield Finding(Level.WARN, checked, text, f"{where} min_length = {theirs.min_length}")
    if theirs.complexity and sum((ours.lower_case, ours.upper_case, ours.digit, ours.sign)) < 3:
        text = "the domain asks three kinds of characters, the gateway fewer"
        yield Finding(Level.WARN, checked, text, f"{where} complexity = true")
    history = settings.password.history
    if history < theirs.history:
        text = f"the domain remembers {theirs.history} passwords, the directory {history}"
        mend = f"pwdInHistory: {theirs.history} in the directory's policy, and password.history = {theirs.history}"
        yield Finding(Level.WARN, checked, text, mend)
    if theirs.min_age_seconds:
        text = f"the domain wants a password to be {theirs.min_age_seconds // 3600} h old before the next change"
        yield Finding(Level.WARN, checked, text, "a reset by the service account passes; check it with one")


def _told(rules: DomainRules) -> str:
    kinds = "three kinds of characters" if rules.complexity else "any characters"
    return f"{rules.min_length} characters, {kinds}, {rules.history} remembered"


def _line(finding: Finding) -> str:
    mend = f"\n      to mend: {finding.mend}" if finding.mend else ""
    return f"{finding.level:4}  {finding.checked}: {finding.finding}{mend}"
