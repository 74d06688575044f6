"""Change my password: login, current password, new password."""

from __future__ import annotations

from gateway.account.model import ChangeRequest, LockedOut
from gateway.account.outcomes import Changed, Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import REFUSED_AFTER_SECONDS, Clock, Passwords


def change_password(
    request: ChangeRequest, *, passwords: Passwords, rules: PasswordRules, clock: Clock
) -> Changed | Refused:
    """Replace the password of `request.login`, also an expired one, whoever asks (page, API, command).

    Rules that need the person's names wait until the current password has been proved: their verdict would tell
    a stranger whose login it is.
    """
    if not request.current:
        return Refused(Refusal.CREDENTIALS)
    if broken := rules.broken_by(request.new, login=request.login, current=request.current):
        return Refused(Refusal.RULES, broken)
    started = clock.monotonic()
    account = passwords.held_by(request.login, request.current)
    if account is None or isinstance(account, LockedOut):
        clock.sleep_until(started + REFUSED_AFTER_SECONDS)
        return Refused(Refusal.CREDENTIALS, locked_out=account)
    if broken := rules.broken_for(request.new, account.person):
        return Refused(Refusal.RULES, broken)
    outcome = passwords.replace(account, request.new)
    if isinstance(outcome, Refused) and outcome.code is Refusal.GRANT_VOID:
        # Another change came in between: the current password is none any more.
        return Refused(Refusal.CREDENTIALS)
    return outcome
