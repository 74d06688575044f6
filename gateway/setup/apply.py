"""Write a plan into the directory, one change after the other, each saved before and read back after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ldap3.core.exceptions import LDAPException
from pydantic import SecretStr

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import ServerUnavailable, error_text, is_success, read_entry, result_text
from gateway.setup.access import Access
from gateway.setup.changes import Change, Plan, Subject
from gateway.setup.confirm import changed_since, check_listener, missing_after
from gateway.setup.journal import Journal
from gateway.setup.people_pages import give_class
from gateway.setup.writing import hash_stored_passwords, write

FAILURES = (LDAPException, OSError, ServerUnavailable, DirectoryMisconfigured)


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did."""

    changes: tuple[Change, ...]
    undo_folder: Path


class ApplyFailed(Exception):
    """A change was refused or is not there afterwards. What was done before stays; setup goes on from there."""

    def __init__(self, change: Change | None, reason: str, done: tuple[Change, ...]) -> None:
        super().__init__(reason)
        self.change = change
        """The one that failed; None: it failed before the first."""
        self.reason = reason
        """What the server said, or what is missing, with the fix. Holds no password."""
        self.done = done


def apply(
    plan: Plan,
    access: Access,
    undo_folder: Path,
    passwords: Mapping[str, SecretStr],
    *,
    progress: Callable[[Change], None] | None = None,
    people_progress: Callable[[int], None] | None = None,
) -> Applied:
    """Write every change of the plan, in order. `passwords` has one for each of `plan.passwords`.

    Before each write, `undo_folder` (made, 0700) has what `undo` needs, also if this process or the machine stops at
    once. `progress` is called before each change, and `people_progress` after each page of people, with the number of
    those who are done. Raises ApplyFailed.
    """
    _check(plan, passwords)
    if plan.is_empty:
        return Applied((), undo_folder)
    secrets = {f"{name.upper()}_PASSWORD": secret.get_secret_value() for name, secret in passwords.items()}
    journal = _begin(plan, access, undo_folder)
    done: list[Change] = []
    for change in plan.changes:
        if progress:
            progress(change)
        try:
            journal.add(change)
            if change.page_filter:
                reason = give_class(change, access.data, journal, people_progress)
            else:
                reason = _apply(change, plan, access, secrets)
        except FAILURES as error:
            reason = error_text(error)
        if reason:
            raise ApplyFailed(change, _with_progress(change, reason, done), tuple(done))
        done.append(change)
    return Applied(tuple(done), undo_folder)


def _begin(plan: Plan, access: Access, undo_folder: Path) -> Journal:
    """Make the undo folder, with what changes of cn=config as it is. Raises ApplyFailed."""
    try:
        journal = Journal(undo_folder)
        journal.start(plan, access.url, filter(None, (read_entry(access.config, dn, ["*"]) for dn in plan.saved)))
    except FAILURES as error:
        reason = f"the undo folder {undo_folder} cannot be written ({error_text(error)}), so nothing was changed"
        raise ApplyFailed(None, reason, ()) from None
    return journal


def _check(plan: Plan, passwords: Mapping[str, SecretStr]) -> None:
    if plan.problems:
        raise ApplyFailed(None, "; ".join(plan.problems), ())
    if missing := [
        name for name in plan.passwords if not passwords.get(name) or not passwords[name].get_secret_value()
    ]:
        raise ApplyFailed(None, f"no password is given for {', '.join(missing)}", ())


def _apply(change: Change, plan: Plan, access: Access, secrets: Mapping[str, str]) -> str:
    """Do one change. Return why it failed; "" if it is in the directory now."""
    connection = access.config if change.record.is_configuration else access.data
    if reason := changed_since(change, connection):
        return reason
    result = write(connection, change.record.filled(secrets))
    if not is_success(result):
        return result_text(result)
    if change.subject in (Subject.ORACLE, Subject.CAPTURE) and (reason := check_listener(change, plan, access)):
        return reason
    if not change.record.is_configuration:
        hash_stored_passwords(access.data, change.record.filled(secrets))
    return missing_after(change.record, connection)


def _with_progress(change: Change, reason: str, done: list[Change]) -> str:
    before = f"{len(done)} changes before it are done and stay" if done else "nothing was changed before it"
    return f"{change.title} ({change.file}): {reason}; {before}; run setup again to go on"
