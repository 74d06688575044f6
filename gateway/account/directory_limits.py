"""Refusals that follow from a person's policy in the directory, found before anything is written."""

from __future__ import annotations

from gateway.account.model import Account, Secret
from gateway.account.outcomes import Refusal, Refused


def refuse_any_password(account: Account) -> Refused | None:
    """Return why no new password can be set now, whatever it is; None if one can.

    Call it only for people who proved whose account it is, because the answer reveals that the account exists.
    """
    limits = account.limits
    if not limits.allows_change:
        return Refused(Refusal.NOT_CHANGEABLE, limits=limits)
    if limits.locked_until:
        return Refused(Refusal.LOCKED, limits=limits)
    if limits.changeable_from:
        return Refused(Refusal.TOO_YOUNG, limits=limits)
    return None


def refuse_password(account: Account, new: Secret) -> Refused | None:
    """Return why `new` cannot be set: the reasons of `refuse_any_password`, or its length; None if it can."""
    if len(new) < account.limits.min_length:
        return refuse_any_password(account) or Refused(Refusal.TOO_SHORT, limits=account.limits)
    return refuse_any_password(account)
