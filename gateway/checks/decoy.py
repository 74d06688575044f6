"""Checks of the decoy: unknown logins must take as long as known ones, and nobody may lock it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ldap3 import Connection
from ldap3.core.results import (
    RESULT_INVALID_ATTRIBUTE_SYNTAX,
    RESULT_NO_SUCH_ATTRIBUTE,
    RESULT_NO_SUCH_OBJECT,
)

from gateway.account.model import Secret
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory import ppolicy
from gateway.directory.connection import connect
from gateway.directory.policies import Policy, find_policy
from gateway.directory.user_bind import bind_as
from gateway.ldap import DECIDED, bind, close, compare, find_entry, is_below, read_entry
from gateway.settings import Directory, People, Settings

VALUE = "DECOY"
"""Number of the decoy in 70-services.ldif."""
HASHES_IN_A_REFUSAL = 3
"""How many hashes, each alone, `min_refusal_seconds` must have room for.

A refusal makes room for the next attempt after half of it. With three attempts at once on two processors, a hash
takes 1.5 times as long as alone.
"""
FAST_HASH_SECONDS = 0.002
"""A bind that takes less time used neither Argon2 nor bcrypt nor PBKDF2."""
FASTER = 1 / 2
OWN_BINDS = 3
MORE_BINDS = 12
"""Binds on a busy machine, before one that seems slow is believed."""
DECOY_POLICY = "cn=decoy,ou=policies,… (60-policies.ldif)"


@dataclass(frozen=True, slots=True)
class DecoyBind:
    """One bind with a wrong password at the decoy, which writes one failure time there."""

    has_control: bool
    """Whether ppolicy answered about the entry."""
    seconds: float


def try_decoy(settings: Directory, url: str) -> DecoyBind:
    """Bind once with a wrong password. Raises ServerUnavailable, DirectoryUnavailable, LDAPException, OSError."""
    connection = connect(url, settings, as_service=False)
    try:
        started = time.perf_counter()
        result = bind_as(connection, settings.decoy_dn, Secret(secrets.token_hex(8)))
        seconds = time.perf_counter() - started
    finally:
        close(connection)
    return DecoyBind(ppolicy.CONTROL_OID in (result.get("controls") or {}), seconds)


def check_decoy(settings: Settings, url: str, connection: Connection) -> Finding:
    """Check that the decoy can be compared, so that unknown logins take as long as known ones."""
    subject, dn, people = f"{url}: decoy", settings.directory.decoy_dn, settings.people
    tried = {proof.attribute: proof.prefix + str(secrets.randbelow(10**8)) for proof in people.proofs.values()}
    tried[people.birth_date] = date(1900, 1, 1).strftime(people.birth_date_format)
    results = {name: compare(connection, dn, name, value) for name, value in tried.items()}
    lacks = [name for name, result in results.items() if result["result"] == RESULT_NO_SUCH_ATTRIBUTE]
    # The check of people's birth dates reports a form that the attribute cannot hold.
    known = (*DECIDED, RESULT_INVALID_ATTRIBUTE_SYNTAX)
    refused = {name: result for name, result in results.items() if result["result"] not in known}
    faster = "unknown logins would answer faster than known ones"
    if refused:
        why = "; ".join(f"{name}: {result['description']}" for name, result in refused.items())
        is_missing = all(result["result"] == RESULT_NO_SUCH_OBJECT for result in refused.values())
        what = "there is no such entry, or it may not be compared" if is_missing else "it may not be compared"
        hint = "add it (70-services.ldif of ldif/), or correct directory.decoy_dn; 30-access.ldif lets it be compared"
        return fail(subject, f"{dn}: {what} ({why}): {faster}", hint)
    if lacks:
        values = ", ".join(f"{name}: {_decoys_value(people, name)}" for name in lacks)
        return fail(subject, f"{dn} has no {', '.join(lacks)}: {faster}", f"add to {dn}: {values}")
    return ok(subject, f"{dn} can be compared")


def check_decoys_account(settings: Settings, url: str, connection: Connection, tried: DecoyBind) -> Iterator[Finding]:
    """Yield findings about the decoy's policy, its hash, and whether it is one of the people."""
    yield from _policy(settings, url, connection, tried)
    yield from _speed(settings, url, connection, tried)
    people, dn = settings.people, settings.directory.decoy_dn
    if is_below(dn, people.base) and find_entry(connection, dn, people.filter, ["1.1"]):
        text = f"{dn} is one of the people whom people.filter finds: its login could be looked up"
        yield fail(
            f"{url}: decoy among people", text, "move the decoy out of people.base, as 70-services.ldif has it"
        )


def _policy(settings: Settings, url: str, connection: Connection, tried: DecoyBind) -> Iterator[Finding]:
    subject, dn = f"{url}: decoy's policy", settings.directory.decoy_dn
    entry = read_entry(connection, dn, [ppolicy.POLICY])
    if entry is None and not tried.has_control:
        return  # There is no such entry, which `check_decoy` reports.
    if entry is None:
        text = f"not verified: {settings.directory.bind_dn} may not read {ppolicy.POLICY} of {dn}"
        yield warn(subject, text, "the rule on pwdPolicySubentry of the service accounts in 30-access.ldif of ldif/")
        return
    named = entry.first(ppolicy.POLICY)
    policy = find_policy(connection, named) if named else None
    if policy is None:
        text = (
            f"{dn} has no policy of its own" if not named else f"its policy {named} does not exist or can't be read"
        )
        consequence = "it is locked after some unknown logins, and those then answer faster"
        yield fail(subject, f"{text}: {consequence}", f"pwdPolicySubentry of {dn}: {DECOY_POLICY}")
    else:
        yield _judged(subject, dn, policy)


def _judged(subject: str, dn: str, policy: Policy) -> Finding:
    if policy.locks and policy.max_failures:
        text = (
            f"{policy.dn} locks it after {policy.max_failures} wrong passwords: a locked decoy answers faster, so "
            "anybody can tell unknown logins from known ones"
        )
        return fail(subject, text, f"pwdPolicySubentry of {dn}: {DECOY_POLICY}, whose pwdMaxFailure is 0")
    if not policy.locks:
        text = f"{policy.dn} records no failures: a wrong password costs less than at people's entries"
        hint = f"pwdPolicySubentry of {dn}: {DECOY_POLICY}, and in it pwdLockout: TRUE and pwdMaxFailure: 0"
        return warn(subject, text, hint)
    return ok(subject, f"{policy.dn} records failures and never locks")


def _speed(settings: Settings, url: str, connection: Connection, tried: DecoyBind) -> Iterator[Finding]:
    """Compare the decoy's hash with that of the gateway's own account, which slapd hashed as it hashes people's.

    A right bind changes nothing, so it is tried several times: the fastest one is the hash without other work.
    """
    subject = f"{url}: time of a wrong password"
    own = _hash_seconds(settings, connection, tried)
    decoy, account = settings.directory.decoy_dn, settings.directory.bind_dn
    shown = f"a wrong password at the decoy takes {1000 * tried.seconds:.1f} ms"
    right = f"the right one at the gateway's account {1000 * own:.1f} ms"
    renewed = "as administrator, so that slapd hashes it as today: ldapmodify, replace: userPassword"
    if tried.has_control and tried.seconds < FASTER * own:
        text = f"{shown}, and {right}: unknown logins answer faster"
        hint = f"set a new password for {decoy} {renewed}"
        if tried.seconds < FAST_HASH_SECONDS:
            text += ". slapd does not look at its password"
            hint = f"delete pwdAccountLockedTime of {decoy} as administrator, if it has one; otherwise {hint}"
        yield fail(subject, text, hint)
    elif own < FAST_HASH_SECONDS:
        cost = "{ARGON2} as olcPasswordHash (40-password-policy.ldif) with the cost of 10-modules.ldif"
        text = f"{shown}, and {right}: no hash that is meant to be slow"
        yield warn(subject, text, f"{cost}; then set a new password for {account} and for {decoy} {renewed}")
    elif settings.directory.min_refusal_seconds < HASHES_IN_A_REFUSAL * own:
        text = f"directory.min_refusal_seconds is less than three times the time of a hash ({1000 * own:.0f} ms)"
        enough = max(0.25, round(1.2 * HASHES_IN_A_REFUSAL * own, 2))
        yield warn(subject, text, f"directory.min_refusal_seconds = {enough:g}")
    else:
        yield ok(subject, shown)


def _hash_seconds(settings: Settings, connection: Connection, tried: DecoyBind) -> float:
    """Return the time of the fastest of several right binds; more of them where it would lead to a finding."""
    own = min(_own_bind_seconds(connection) for _ in range(OWN_BINDS))
    for _ in range(MORE_BINDS):
        if tried.seconds >= FASTER * own and settings.directory.min_refusal_seconds >= HASHES_IN_A_REFUSAL * own:
            break
        own = min(own, _own_bind_seconds(connection))
    return own


def _own_bind_seconds(connection: Connection) -> float:
    started = time.perf_counter()
    bind(connection)
    return time.perf_counter() - started


def _decoys_value(people: People, attribute: str) -> str:
    if attribute == people.birth_date:
        form = people.birth_date_format
        return form.replace("%Y", "0000").replace("%m", "00").replace("%d", "00")
    return next(proof.prefix + VALUE for proof in people.proofs.values() if proof.attribute == attribute)
