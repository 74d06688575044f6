"""Checks of each workstation target: reachable, with the required right, and with rules that the pages apply.

If the pages accept a password that the domain refuses, the person has two different passwords.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from gateway.account.policy import PasswordRules
from gateway.checks.certificates import is_accepted_unless_strict, refused_certificate
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import can_read, is_workers
from gateway.settings import ActiveDirectoryTarget, AnyTarget, Settings
from gateway.targets import delivered_target, secret_file
from gateway.tls import refusal
from gateway.workstation.model import DomainRules, Probe
from gateway.workstation.ports import Target


def check_workstations(settings: Settings, ours: PasswordRules) -> Iterator[Finding]:
    """Yield findings about each target. `ours` are the pages' rules for a new password."""
    for name, section in settings.workstation.targets.items():
        where = f"workstation.targets.{name}"
        file = secret_file(section)
        if file and not can_read(file):
            yield _not_tried(settings, where, file)
        elif target := delivered_target(name, section):
            with closing(target):
                yield from _check(settings, ours, where, name, target)


def _not_tried(settings: Settings, where: str, file: Path) -> Finding:
    if is_workers(settings):
        return fail(where, f"{file} can't be read", "the worker needs it; who may read it?")
    return ok(where, f"not tried: {file} is the worker's alone; mamia check on its machine tries it")


def _check(settings: Settings, ours: PasswordRules, where: str, name: str, target: Target) -> Iterator[Finding]:
    probe = target.probe()
    yield from _reached(settings, where, name, probe)
    theirs = target.rules() if probe.error is None else None
    subject = f"rules of {where}"
    if theirs is None:
        hint = "is the target up, and may its account read them? Compare by hand"
        yield warn(subject, "they can't be read", hint)
        return
    laxer = list(_laxer(subject, name, settings, ours, theirs))
    yield from laxer or [ok(subject, f"the gateway is as strict: {_describe(theirs)}")]


def _reached(settings: Settings, where: str, name: str, probe: Probe) -> Iterator[Finding]:
    if probe.error and (refused := _refused_certificate(settings, where, name, probe.error.reason)):
        yield refused
    elif probe.error:
        hint = probe.error.hint or "check that the target is running; until then passwords wait"
        yield fail(where, probe.error.reason, hint)
    elif probe.skipped_reason:
        yield warn(
            where, f"can be reached, but {probe.skipped_reason}", "correct base, or check again once people are there"
        )
    else:
        yield ok(where, "can be reached, and takes passwords from its account")
    if probe.excess_rights:
        text = (
            f"its account may also {', '.join(probe.excess_rights[:5])}{' …' if len(probe.excess_rights) > 5 else ''}"
        )
        yield warn(where, text, "give it the delegated right to reset passwords, and no other")


def _refused_certificate(settings: Settings, where: str, name: str, text: str) -> Finding | None:
    section, reason = settings.workstation.targets[name], refusal(text)
    if not reason:
        return None
    return refused_certificate(
        where,
        reason,
        f"{where}.tls_strict",
        is_accepted=lambda: _is_accepted_unless_strict(section),
        otherwise=f"{where}.ca_file must hold the domain's authority, and the server be named as in its certificate",
    )


def _is_accepted_unless_strict(section: AnyTarget) -> bool:
    """Return whether strictness is the cause.

    The account's password is not sent to a server that strict rules refuse.
    """
    if not isinstance(section, ActiveDirectoryTarget):
        return False
    return any(is_accepted_unless_strict(url, section.ca_file) for url in section.servers)


def _laxer(
    subject: str, name: str, settings: Settings, ours: PasswordRules, theirs: DomainRules
) -> Iterator[Finding]:
    where = f"[workstation.targets.{name}.rules]"
    if ours.min_length < theirs.min_length:
        text = f"the domain asks {theirs.min_length} characters, the gateway {ours.min_length}"
        yield warn(subject, text, f"{where} min_length = {theirs.min_length}")
    if theirs.complexity and sum((ours.lower_case, ours.upper_case, ours.digit, ours.special)) < 3:
        text = "the domain asks three kinds of characters, the gateway fewer"
        yield warn(subject, text, f"{where} complexity = true")
    history = settings.password.history
    if history < theirs.history:
        text = f"the domain remembers {theirs.history} passwords, the directory {history}"
        hint = f"pwdInHistory: {theirs.history} in the directory's policy, and password.history = {theirs.history}"
        yield warn(subject, text, hint)
    if theirs.min_age_seconds:
        text = f"the domain wants a password to be {theirs.min_age_seconds // 3600} h old before the next change"
        yield warn(subject, text, "a reset by the service account passes; check it with one")


def _describe(rules: DomainRules) -> str:
    kinds = "three kinds of characters" if rules.complexity else "any characters"
    return f"{rules.min_length} characters, {kinds}, {rules.history} remembered"
