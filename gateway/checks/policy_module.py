"""Check of the module that a password policy lets judge new passwords (pwdPolicyChecker of slapo-ppolicy(5))."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.finding import Finding, warn
from gateway.ldap import read_entry

MODULE, USES_MODULE = "pwdCheckModule", "pwdUseCheckModule"
"""slapd 2.5 finds the module's name in the policy, slapd 2.6 in olcPPolicyCheckModule of the overlay."""


def check_policy_module(subject: str, dn: str, connection: Connection) -> Iterator[Finding]:
    """Yield a finding if the policy `dn` names a module: whether slapd has it, only a real change shows."""
    entry = read_entry(connection, dn, [MODULE, USES_MODULE])
    if entry is None:
        return
    named = entry.first(MODULE)
    if not named and entry.first(USES_MODULE).upper() != "TRUE":
        return
    attribute, value = (MODULE, named) if named else (USES_MODULE, "TRUE")
    text = (
        f"{attribute} is {value}: a module of slapd judges each new password by rules that the pages don't know. "
        "Where slapd has no such module, it refuses every new password"
    )
    hint = (
        f"delete {attribute} and the object class pwdPolicyChecker in that policy, if the module came from an older "
        "server; otherwise change a test person's password on the page, and say the module's rules there"
    )
    yield warn(subject, text, hint)
