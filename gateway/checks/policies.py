"""Checks of the directory's password policies: against the pages' texts, and for accounts that must not expire."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.account.errors import DirectoryUnavailable
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.policies_in_use import check_policies_in_use
from gateway.checks.search_limits import LIMITS
from gateway.directory import ppolicy
from gateway.directory.policies import find_default_policy
from gateway.ldap import ServerUnavailable, read_entry
from gateway.settings import Settings

RULE = "ldif/30-access.ldif lets the service account read the policies"


def check_policies(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about the policies at the server `url`."""
    yield _service_account(f"{url}: service account", settings.directory.bind_dn, "the gateway", connection)
    if worker := settings.workstation.bind_dn:
        yield _service_account(f"{url}: worker's account", worker, "the worker", connection)
    if (listener := settings.capture.bind_dn) and url == settings.capture_server:
        yield _service_account(f"{url}: listener's account", listener, "the listener", connection)
    try:
        yield from _pages(settings, url, connection)
        yield from check_policies_in_use(settings, url, connection)
    except (DirectoryUnavailable, ServerUnavailable) as error:
        hint = LIMITS if "LimitExceeded" in str(error) else RULE
        yield fail(f"{url}: password policies", f"they can't be read: {error}", hint)


def _service_account(subject: str, account: str, who: str, connection: Connection) -> Finding:
    entry = read_entry(connection, account, [ppolicy.POLICY])
    policy = entry.first(ppolicy.POLICY) if entry else ""
    if not policy:
        text = f"no policy of its own can be read on {account}: the default one may expire or lock it"
        return warn(subject, text, f"pwdPolicySubentry: cn=services,ou=policies,… (70-services.ldif); {RULE}")
    rules = read_entry(connection, policy, ["pwdMaxAge", "pwdLockout"])
    expires = rules is not None and int(rules.first("pwdMaxAge") or "0") > 0
    locks = rules is not None and rules.first("pwdLockout").upper() == "TRUE"
    if expires or locks:
        what = " and ".join(word for word, is_so in (("expires", expires), ("locks", locks)) if is_so)
        return fail(subject, f"by {policy} it {what}: {who} would stop working", "take pwdMaxAge and pwdLockout off")
    return ok(subject, f"by {policy} it neither expires nor locks")


def _pages(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    subject = f"{url}: promises of the pages"
    policy = find_default_policy(connection, settings.directory)
    if policy is None:
        return  # `check_default_policy` reports it.
    password, lockout = settings.password, settings.lockout
    pairs: tuple[tuple[str, str, int, float], ...] = (
        ("pwdInHistory", "password.history", password.history, policy.history or 0),
    )
    if policy.locks and policy.max_failures:
        pairs += (
            ("pwdMaxFailure", "lockout.failures", lockout.failures, policy.max_failures),
            ("pwdLockoutDuration", "lockout.minutes", lockout.minutes, policy.lockout.total_seconds() / 60),
        )
    wrong = False
    for attribute, key, ours, theirs in pairs:
        if theirs != ours:
            wrong = True
            hint = f"{key} = {theirs:g}" if float(theirs).is_integer() else f"{attribute}: {60 * ours} in {policy.dn}"
            yield warn(subject, f"{key} is {ours}, and the directory's {attribute} says {theirs:g}", hint)
    least = policy.min_length
    if least > password.min_length:
        wrong = True
        text = f"password.min_length is {password.min_length}, and the directory asks for {least}"
        yield warn(subject, text, f"password.min_length = {least}")
    if not wrong:
        yield ok(subject, "length, history and lock-out are those of the directory")
