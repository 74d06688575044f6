"""The use case "reset my password": login, NUMEN or temporary-agent number and birth date, then a new password."""

from __future__ import annotations

from gateway.account.admission import Admission
from gateway.account.charter import NO_CHARTER, Charter
from gateway.account.directory_limits import refuse_any_password, refuse_password
from gateway.account.model import Account, ChooseRequest, DirectoryLimits, Grant, VerifyIdentityRequest
from gateway.account.outcomes import Changed, Granted, InitialRestored, Refusal, Refused
from gateway.account.policy import PasswordRules
from gateway.account.ports import Admits, Passwords
from gateway.account.proofs import candidates
from gateway.account.uniform_time import UniformTime


def verify_identity(
    request: VerifyIdentityRequest, *, passwords: Passwords, uniform: UniformTime, admits: Admits
) -> Granted | Refused:
    """Verify who the person is (step 1 of a reset), and grant the right to choose one new password.

    Refuses if the directory's policy allows no new password now. Raises DirectoryUnavailable.
    """
    account = _proved(request, passwords, uniform, admits)
    if account is None:
        return Refused(Refusal.NOT_PROVED)
    if refused := refuse_any_password(account):
        return refused
    grant = Grant(
        account.person.login, account.uuid, account.password_stamp, account.limits.min_length, account.reset_code
    )
    return Granted(grant, account.person)


def choose_password(
    request: ChooseRequest,
    *,
    passwords: Passwords,
    rules: PasswordRules,
    admission: Admission,
    charter: Charter = NO_CHARTER,
) -> Changed | Refused:
    """Set the new password (step 2 of a reset). A grant becomes void when the password changes.

    Raises DirectoryUnavailable and WriteUnconfirmed.
    """
    grant = request.grant
    if found := rules.at_least(grant.min_length).violations(request.new, login=grant.login):
        return Refused(Refusal.RULES, found, DirectoryLimits(min_length=grant.min_length))
    account = passwords.account_for(grant)
    if account is None:
        return Refused(Refusal.GRANT_VOID)
    if refused := refuse_password(account, request.new):
        return refused
    if found := rules.personal_violations(request.new, account.person, grant.login):
        return Refused(Refusal.RULES, found)
    if refused := charter.refuse(account, request.accepts):
        return refused
    with admission.turn():
        return passwords.set_password(account, request.new, charter=charter.accepted(account))


def restore_initial_password(
    request: VerifyIdentityRequest,
    *,
    passwords: Passwords,
    uniform: UniformTime,
    admits: Admits,
    admission: Admission,
) -> InitialRestored | Refused:
    """Reset in one step: the password becomes the proof in capitals and must be changed at the next login.

    Raises DirectoryUnavailable and WriteUnconfirmed.
    """
    account = _proved(request, passwords, uniform, admits)
    if account is None or account.proof is None:
        return Refused(Refusal.NOT_PROVED)
    if refused := refuse_any_password(account):
        return refused
    proof = account.proof
    with admission.turn(is_ahead=True):
        return passwords.reset_to_initial(account, proof)


def _proved(
    request: VerifyIdentityRequest, passwords: Passwords, uniform: UniformTime, admits: Admits
) -> Account | None:
    proofs = candidates(request.proof)
    return uniform.run(lambda: passwords.verify_identity(request.login, proofs, request.birth_date, admits))
