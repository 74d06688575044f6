"""The password rules of a Windows domain, and which of them a refused password broke."""

from __future__ import annotations

from ldap3 import Connection
from ldap3.core.exceptions import LDAPException

from gateway.account.model import Secret
from gateway.ldap import ANYTHING, raw_values, try_search
from gateway.workstation.model import DomainRules, Reason

COMPLEX = 1
"""The bit of pwdProperties that requires three kinds of characters ([MS-SAMR] 2.2.4.2)."""
RULES = ("minPwdLength", "pwdProperties", "pwdHistoryLength", "minPwdAge")
TICKS_A_SECOND = 10_000_000
_NAMED_RULES = {
    "already used": Reason.IN_HISTORY,
    "too short": Reason.TOO_SHORT,
    "complexity": Reason.TOO_SIMPLE,
    "too young": Reason.TOO_YOUNG,
}


def read_rules(connection: Connection, domain: str) -> DomainRules | None:
    """Return the rules of the domain with the DN `domain`; None if it does not show them.

    Raises LDAPException, OSError.
    """
    found = try_search(connection, domain, ANYTHING, RULES, "BASE")
    if not found.answers:
        return None
    answer = found.answers[0]
    length, properties, history, age = (int(next(iter(raw_values(answer, name)), b"0")) for name in RULES)
    return DomainRules(length, bool(properties & COMPLEX), history, abs(age) // TICKS_A_SECOND)


def broken_rule(connection: Connection, domain: str, password: Secret, message: str) -> Reason:
    """Return which rule of the domain the refused password broke; Reason.POLICY if that is not known.

    Samba's `message` names the rule. Windows says only that a rule was broken, so the password is compared with the
    rules that can be read. Raises nothing.
    """
    for word, reason in _NAMED_RULES.items():
        if word in message:
            return reason
    try:
        rules = read_rules(connection, domain)
    except (LDAPException, OSError):
        rules = None
    if rules is None:
        return Reason.POLICY
    if len(password) < rules.min_length:
        return Reason.TOO_SHORT
    if rules.complexity and _kinds(password.reveal()) < 3:
        return Reason.TOO_SIMPLE
    return Reason.POLICY


def _kinds(text: str) -> int:
    """Return how many of the five kinds of characters of [MS-SAMR] 3.1.1.7.2 occur in `text`."""
    return sum(
        (
            any(char.isupper() for char in text),
            any(char.islower() for char in text),
            any(char.isdigit() for char in text),
            any(not char.isalnum() for char in text),
            any(char.isalpha() and not char.isupper() and not char.islower() for char in text),
        )
    )
