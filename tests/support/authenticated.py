"""The account of a person whose password a test knows."""

from __future__ import annotations

from gateway.account.model import Account, Secret
from gateway.account.ports import Passwords


def account_of(passwords: Passwords, login: str, password: str) -> Account:
    """Return the account that `password` opens. Raises AssertionError if it opens none."""
    account = passwords.authenticate(login, Secret(password), lambda account: True)
    assert isinstance(account, Account)
    return account
