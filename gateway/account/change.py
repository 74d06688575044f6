"""The use case "change my password": login, current password, new password."""

from __future__ import annotations

from collections.abc import Callable

from gateway.account.charter import NO_CHARTER, Charter
from gateway.account.directory_limits import refuse_password
from gateway.account.model import Account, ChangeRequest, LockedOut, Person
from gateway.account.outcomes import Changed, Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import Admits, Passwords
from gateway.account.uniform_time import UniformTime

OnLockOut = Callable[[Person], None]
"""Callback for an attempt that locked the person's account, called while the refusal waits. Must be quick and not
raise."""


def change_password(
    request: ChangeRequest,
    on_lock_out: OnLockOut,
    *,
    passwords: Passwords,
    rules: PasswordRules,
    uniform: UniformTime,
    admits: Admits,
    charter: Charter = NO_CHARTER,
) -> Changed | Refused:
    """Replace the password of `request.login`, also an expired one. Every entry point (page, API, command) uses it.

    Rules that need the person's names or policy are checked only after the current password was verified: their
    result would reveal to a stranger whose login it is. Raises DirectoryUnavailable and WriteUnconfirmed.
    """
    if not request.current:
        return Refused(Refusal.CREDENTIALS)
    if found := rules.violations(request.new, login=request.login, current=request.current):
        return Refused(Refusal.RULES, found)
    account = uniform.run(lambda: _account(request, passwords, on_lock_out, admits))
    if account is None:
        return Refused(Refusal.CREDENTIALS)
    if refused := refuse_password(account, request.new):
        return refused
    if found := rules.personal_violations(request.new, account.person, request.login):
        return Refused(Refusal.RULES, found)
    if refused := charter.refuse(account, request.accepts):
        return refused
    accepted = charter.accepted(account)
    return uniform.follow(lambda: passwords.set_password(account, request.new, charter=accepted))


def _account(request: ChangeRequest, passwords: Passwords, on_lock_out: OnLockOut, admits: Admits) -> Account | None:
    account = passwords.authenticate(request.login, request.current, admits)
    if isinstance(account, LockedOut):
        on_lock_out(account.person)
        return None
    return account
