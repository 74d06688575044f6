"""Reset my password: login, NUMEN or temporary-agent number and birth date, then a new password."""

from __future__ import annotations

from gateway.account.model import Account, ChooseRequest, Grant, ProveRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import Admits, Passwords
from gateway.account.proofs import candidates, initial_password
from gateway.account.uniform_time import UniformTime


def prove_identity(
    request: ProveRequest, *, passwords: Passwords, uniform: UniformTime, admits: Admits
) -> Granted | Refused:
    """Step 1 of a reset: the right to choose one new password."""
    account = _proved(request, passwords, uniform, admits)
    if account is None:
        return Refused(Refusal.NOT_PROVED)
    return Granted(Grant(account.person.login, account.identity, account.password_stamp), account.person)


def choose_password(request: ChooseRequest, *, passwords: Passwords, rules: PasswordRules) -> Changed | Refused:
    """Step 2 of a reset. A grant dies with the password that it was given for."""
    if broken := rules.broken_by(request.new, login=request.grant.login):
        return Refused(Refusal.RULES, broken)
    account = passwords.granted(request.grant)
    if account is None:
        return Refused(Refusal.GRANT_VOID)
    if broken := rules.broken_for(request.new, account.person):
        return Refused(Refusal.RULES, broken)
    return passwords.replace(account, request.new)


def restore_initial_password(
    request: ProveRequest, *, passwords: Passwords, uniform: UniformTime, admits: Admits
) -> InitialRestored | Refused:
    """The classic reset, in one step: the password becomes the proof in capitals, to be changed at the next login."""
    account = _proved(request, passwords, uniform, admits)
    if account is None:
        return Refused(Refusal.NOT_PROVED)
    return passwords.restore_initial(account, initial_password(request.proof))


def _proved(request: ProveRequest, passwords: Passwords, uniform: UniformTime, admits: Admits) -> Account | None:
    proofs = candidates(request.proof)
    return uniform.run(lambda: passwords.proved_by(request.login, proofs, request.birth_date, admits))
