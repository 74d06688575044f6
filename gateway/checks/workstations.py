"""Checks of each workstation target: reachable, with the required right, and with rules that the pages apply.

If the pages accept a password that the domain refuses, the person has two different passwords.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from gateway.account.policy import PasswordRules
from gateway.checks.certificate_reasons import certificate_hint
from gateway.checks.certificates import is_accepted_unless_strict, refused_certificate
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_role import can_read, is_workers
from gateway.checks.process_users import WORKER, process_user
from gateway.checks.tls_trouble import handshake_trouble
from gateway.settings import ActiveDirectoryTarget, AnyTarget, KerberosTarget, Settings
from gateway.targets import delivered_target, secret_file
from gateway.tls import refusal
from gateway.workstation.model import DomainRules, Probe
from gateway.workstation.ports import Target

LIMIT_SECONDS = 8.0
MAX_SKEW_SECONDS = 300
"""Kerberos' own limit (clockskew in krb5.conf(5))."""
_REASONS = (
    (r"connection refused|errno 111", "start the server there, or correct {setting}"),
    (
        r"name or service not known|no address|invalid server address|getaddrinfo|errno -[235]\b",
        "correct the name in {setting}, or the DNS",
    ),
    (r"ssl wrapping.*(reset|eof)", "the port at which it speaks TLS in {setting}: 636"),
    (r"timed out|no answer within|errno 110", "is it up, and does a firewall let this machine through? {setting}"),
    (r"cannot contact any kdc|communication failure|rpc", "start krb5kdc and kadmind there, or correct {setting}"),
    (r"errno 113|errno 101|no route|unreachable", "the route from this machine to {setting}"),
)
"""Words of a failure's reason → the fix."""


def check_workstations(
    settings: Settings, ours: PasswordRules, limit_seconds: float = LIMIT_SECONDS
) -> Iterator[Finding]:
    """Yield findings about each target. `ours` are the pages' rules for a new password.

    All targets are tried at the same time, so that one that hangs takes no time from the others; one that takes
    longer than `limit_seconds` is reported and left alone.
    """
    deadline = time.monotonic() + limit_seconds
    running = [(name, _Trial(settings, ours, name)) for name in settings.workstation.targets]
    for _, trial in running:
        trial.start()
    for name, trial in running:
        trial.join(max(0.0, deadline - time.monotonic()))
        yield from trial.findings(limit_seconds, f"workstation.targets.{name}")


class _Trial(threading.Thread):
    """Tries one target in a thread of its own, which does not keep the program from ending."""

    def __init__(self, settings: Settings, ours: PasswordRules, name: str) -> None:
        super().__init__(name=f"target {name}", daemon=True)
        self._try = partial(_try, settings, ours, name)
        self._found: list[Finding] | None = None

    def run(self) -> None:
        where = self.name.replace("target ", "workstation.targets.")
        try:
            self._found = list(self._try())
        except OSError as error:
            self._found = [
                fail(where, f"{error.strerror or type(error).__name__}: {error.filename or ''}", "who may read it?")
            ]
        except Exception as error:
            # Its text could hold what an account's file holds.
            text = f"it can't be tried: {type(error).__name__}"
            self._found = [fail(where, text, "correct its section in the settings, the servers' names first")]

    def findings(self, limit_seconds: float, where: str) -> list[Finding]:
        """Return what was found, or that the target did not answer in time."""
        if self._found is not None:
            return self._found
        text = f"it does not answer within {limit_seconds:g} s: passwords wait for it"
        hint = "is it up, or does a firewall drop what this machine sends? Its time limits are in the same section"
        return [fail(where, text, hint)]


def _try(settings: Settings, ours: PasswordRules, name: str) -> Iterator[Finding]:
    section, where = settings.workstation.targets[name], f"workstation.targets.{name}"
    file = secret_file(section)
    if file and not can_read(file):
        yield _not_tried(settings, where, file)
    elif target := delivered_target(name, section):
        with closing(target):
            yield from _check(settings, ours, where, name, target)


def _not_tried(settings: Settings, where: str, file: Path) -> Finding:
    if is_workers(settings):
        user = process_user(WORKER)
        what = "is missing" if not file.exists() else "can't be read"
        hint = f"write the secret into it; chown root:{user.group} {file} && chmod 640 {file}"
        return fail(where, f"{file} {what}: the worker needs it", hint)
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
        yield fail(where, probe.error.reason, probe.error.hint or _passing(settings, name, probe.error.reason))
    elif probe.skipped_reason:
        yield warn(
            where, f"can be reached, but {probe.skipped_reason}", "correct base, or check again once people are there"
        )
    elif isinstance(settings.workstation.targets[name], KerberosTarget):
        text = (
            "can be reached, and accepts the worker's login. Not tried: its right c, which only a real change shows"
        )
        yield ok(where, text)
    else:
        yield ok(where, "can be reached, and takes passwords from its account")
    if abs(probe.clock_ahead_seconds) > MAX_SKEW_SECONDS:
        minutes = abs(probe.clock_ahead_seconds) / 60
        side = "ahead of" if probe.clock_ahead_seconds > 0 else "behind"
        text = f"its clock is {minutes:.0f} minutes {side} this machine's: Kerberos refuses more than 5"
        yield warn(where, text, "synchronise both with a time server: timedatectl here, w32tm or chronyc there")
    if probe.excess_rights:
        text = (
            f"its account may also {', '.join(probe.excess_rights[:5])}{' …' if len(probe.excess_rights) > 5 else ''}"
        )
        yield warn(where, text, "give it the delegated right to reset passwords, and no other")


def _passing(settings: Settings, name: str, reason: str) -> str:
    """Return the fix for a failure that may end without help, so that the worker goes on trying."""
    section = settings.workstation.targets[name]
    setting = "servers" if isinstance(section, ActiveDirectoryTarget) else "krb5_conf (admin_server and kdc)"
    if trouble := handshake_trouble(reason):
        return f"{setting}: {trouble.hint}"
    hint = next((hint for pattern, hint in _REASONS if re.search(pattern, reason, re.IGNORECASE)), "look at its log")
    return f"{hint.format(setting=setting)}; until then passwords wait"


def _refused_certificate(settings: Settings, where: str, name: str, text: str) -> Finding | None:
    section, reason = settings.workstation.targets[name], refusal(text)
    if not reason:
        return None
    return refused_certificate(
        where,
        reason,
        f"{where}.tls_strict",
        is_accepted=lambda: _is_accepted_unless_strict(section),
        otherwise=certificate_hint(reason)
        or f"{where}.ca_file must hold the domain's authority, and the server be named as in its certificate",
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
