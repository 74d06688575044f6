"""What the directory's policy of one person forbids, told before the directory is asked to write."""

from __future__ import annotations

from gateway.account.model import Account, Secret
from gateway.account.outcomes import Refusal, Refused


def refuse_any_password(account: Account) -> Refused | None:
    """Why no new password can be set now, whichever it is. For those alone who proved whose the account is."""
    limits = account.limits
    if not limits.allows_change:
        return Refused(Refusal.NOT_CHANGEABLE, limits=limits)
    if limits.locked_until:
        return Refused(Refusal.LOCKED, limits=limits)
    if limits.changeable_from:
        return Refused(Refusal.TOO_YOUNG, limits=limits)
    return None


def refuse_password(account: Account, new: Secret) -> Refused | None:
    """Why `new` can't be set: as `refuse_any_password`, and its length."""
    if len(new) < account.limits.min_length:
        return refuse_any_password(account) or Refused(Refusal.TOO_SHORT, limits=account.limits)
    return refuse_any_password(account)
