"""Check whether wrong passwords at our pages, API and webmail plugin can lock an account in the directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from ldap3 import Connection
from limits import parse_many

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.context_csn import suffixes
from gateway.ldap import Entry, try_search
from gateway.settings import Settings

SLACK_SECONDS = 60
"""Seconds added to the interval: slapd counts a wrong password when it has checked it, which may be later."""
_ATTRIBUTES = ["pwdLockout", "pwdMaxFailure", "pwdFailureCountInterval"]


@dataclass(frozen=True, slots=True)
class _LockOut:
    """The lock-out of one policy."""

    policy: str
    max_failures: int
    interval_seconds: int
    """Seconds within which failures are counted; 0: without an end, until the right password is used."""


def check_rate_limits(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about rate_limits.per_login at the server `url`.

    There are none if no policy can be read, because `check_policies` reports that.
    """
    subject, rates = f"{url}: lock-out by strangers", settings.rate_limits.per_login
    lock_outs = list(_lock_outs(connection))
    hopeless = [finding for one in lock_outs if (finding := _hopeless(subject, one))]
    reached = [one for one in lock_outs if one.interval_seconds and 1 < one.max_failures <= _most_tries(rates, one)]
    yield from hopeless
    if reached:
        yield _reached(subject, rates, reached)
    if lock_outs and not hopeless and not reached:
        yield ok(
            subject, f'rate_limits.per_login = "{rates}" stays below pwdMaxFailure of all {len(lock_outs)} policies'
        )


def tries_within(rates: str, seconds: int) -> int:
    """Return the maximum number of attempts that `rates` allow within any period of that length.

    >>> tries_within("5/20 minutes; 25/day", 900), tries_within("10/5 minutes; 25/day", 900)
    (5, 25)
    """
    return min(limit.amount * ceil(seconds / limit.get_expiry()) for limit in parse_many(rates))


def _most_tries(rates: str, lock_out: _LockOut) -> int:
    return tries_within(rates, lock_out.interval_seconds + SLACK_SECONDS)


def _hopeless(subject: str, lock_out: _LockOut) -> Finding | None:
    """Return the finding for a policy against which no rate limit of ours can help."""
    if not lock_out.interval_seconds:
        text = (
            f"{lock_out.policy} never forgets a wrong password (pwdFailureCountInterval: 0): attempts of strangers "
            f"add up over days until there are {lock_out.max_failures} and the account is locked"
        )
        return warn(subject, text, "pwdFailureCountInterval: 900 in that policy")
    if lock_out.max_failures == 1:
        return warn(
            subject, f"{lock_out.policy} locks at the first wrong password", "pwdMaxFailure: 10 in that policy"
        )
    return None


def _reached(subject: str, rates: str, lock_outs: Sequence[_LockOut]) -> Finding:
    """Propose one limit for all policies: half of what locks an account; the rest is for the person's own errors."""
    fewest = min(one.max_failures for one in lock_outs)
    longest = max(one.interval_seconds for one in lock_outs)
    tries = max(_most_tries(rates, one) for one in lock_outs)
    text = (
        f'rate_limits.per_login = "{rates}" lets through {tries} wrong passwords in {longest} s, and after {fewest} '
        f"accounts are locked by {'; '.join(one.policy for one in lock_outs)}: anybody can lock people out"
    )
    minutes = ceil((longest + SLACK_SECONDS) / 60)
    return fail(subject, text, f'rate_limits.per_login = "{fewest // 2}/{minutes} minutes; 25/day"')


def _lock_outs(connection: Connection) -> Iterator[_LockOut]:
    """Yield all policies that can be read and that lock."""
    for policy in _policies(connection):
        max_failures = int(policy.first("pwdMaxFailure") or "0")
        if policy.first("pwdLockout").upper() == "TRUE" and max_failures:
            yield _LockOut(policy.dn, max_failures, int(policy.first("pwdFailureCountInterval") or "0"))


def _policies(connection: Connection) -> Iterator[Entry]:
    for suffix in suffixes(connection):
        yield from try_search(connection, suffix, "(objectClass=pwdPolicy)", _ATTRIBUTES).entries
