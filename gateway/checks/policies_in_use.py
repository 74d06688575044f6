"""Check of every password policy in use: what the gateway cannot follow, and what people must know about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from ldap3 import Connection
from ldap3.core.results import RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory import ppolicy
from gateway.directory.policies import Policy, find_default_policy, find_policies, records_login
from gateway.ldap import Entry, try_search
from gateway.settings import ResetMode, Settings


def check_policies_in_use(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about the default policy and every policy that a person has, at the server `url`.

    Raises DirectoryUnavailable, ServerUnavailable.
    """
    policies = find_policies(connection)
    default = find_default_policy(connection, settings.directory.default_policy)
    default_dn = default.dn if default else ""
    used = [one for one in policies if one.dn == default_dn or _is_used(settings, connection, one)]
    findings = [finding for one in used for finding in _problems(settings, url, connection, one)]
    findings += [
        finding for one in used if one.dn != default_dn for finding in _other_lockout(settings, _name(url, one), one)
    ]
    findings += _unreadable(settings, url, connection, policies)
    yield from findings
    for one in used:
        if rules := _rules(settings, one):
            yield ok(_name(url, one), f"the gateway keeps to: {'; '.join(rules)}")
    if used and not findings:
        yield ok(f"{url}: policies in use", f"the gateway can keep to all {len(used)}")


def _is_used(settings: Settings, connection: Connection, policy: Policy) -> bool:
    """Return whether somebody has the policy; True also if slapd stopped the search at its limits."""
    if settings.reset.mode is ResetMode.INITIAL and policy.dn == settings.reset.initial_policy:
        return True
    code, somebody = _somebody(settings, connection, f"({ppolicy.POLICY}={escape_filter_chars(policy.dn)})")
    return somebody is not None or code != RESULT_SUCCESS


def _problems(settings: Settings, url: str, connection: Connection, policy: Policy) -> Iterator[Finding]:
    subject = _name(url, policy)
    if policy.needs_old_password:
        text = "pwdSafeModify is TRUE: slapd refuses every password that the gateway sets, and people read an error"
        yield fail(subject, text, "pwdSafeModify: FALSE in that policy")
    if policy.min_age:
        text = (
            f"pwdMinAge is {_in_words(policy.min_age)}: people who forget a younger password cannot reset it. The "
            "pages say from when it is possible, and send people to the helpdesk"
        )
        yield warn(subject, text, "pwdMinAge: 0 in that policy, if a reset must be possible at any time")
    if policy.max_delay:
        text = (
            "pwdMinDelay locks an account at the first wrong password, whoever tries it, and no reset lifts it; "
            "slapd 2.5.13 (Debian 12) crashes at that password"
        )
        yield warn(subject, text, "take pwdMinDelay and pwdMaxDelay out of that policy; pwdMaxFailure locks as well")
    if policy.max_idle and not (policy.locks and records_login(connection, settings.directory.bind_dn)):
        text = "pwdMaxIdle closes no account: slapd looks at it only with pwdLockout: TRUE and olcLastBind: TRUE"
        yield warn(subject, text, "olcLastBind: TRUE on the database, or no pwdMaxIdle")


def _other_lockout(settings: Settings, subject: str, policy: Policy) -> Iterator[Finding]:
    """Yield a finding if a policy locks otherwise than the pages say; they say the same to everybody."""
    lockout = settings.lockout
    minutes = policy.lockout.total_seconds() / 60
    if policy.locks and (policy.max_failures, minutes) != (lockout.failures, lockout.minutes):
        text = (
            f"it locks after {policy.max_failures} wrong passwords for {minutes:g} minutes, and the pages say "
            f"{lockout.failures} and {lockout.minutes} to everybody"
        )
        yield warn(subject, text, "the same pwdMaxFailure and pwdLockoutDuration in all policies of people")


def _unreadable(
    settings: Settings, url: str, connection: Connection, policies: Sequence[Policy]
) -> Iterator[Finding]:
    others = "".join(f"(!({ppolicy.POLICY}={escape_filter_chars(one.dn)}))" for one in policies)
    _, somebody = _somebody(settings, connection, f"({ppolicy.POLICY}=*){others}")
    if somebody:
        text = (
            f"{somebody.first(ppolicy.POLICY)}, the policy of {somebody.dn}, can't be read: what it forbids is not "
            "kept to. Without such an entry slapd itself has no rules for that person"
        )
        hint = "the rule for ou=policies in 30-access.ldif of ldif/, for each place that holds policies"
        yield fail(f"{url}: policies in use", text, hint)


def _somebody(settings: Settings, connection: Connection, conditions: str) -> tuple[int, Entry | None]:
    """Return the result code, and one of the people whom the filter matches."""
    people = settings.people
    filter_ = f"(&{people.filter}{conditions})"
    found = try_search(connection, people.base, filter_, [ppolicy.POLICY], size_limit=1)
    return found.code, next(iter(found.entries), None)


def _rules(settings: Settings, policy: Policy) -> list[str]:
    rules = []
    if not policy.allows_user_change:
        rules.append("nobody can change or reset their own password (pwdAllowUserChange)")
    if policy.min_length > settings.password.min_length:
        rules.append(f"at least {policy.min_length} characters (pwdMinLength)")
    if policy.max_idle and policy.locks:
        rules.append(f"an account without a login for {_in_words(policy.max_idle)} is closed (pwdMaxIdle)")
    return rules


def _name(url: str, policy: Policy) -> str:
    return f"{url}: policy {policy.dn}"


def _in_words(duration: timedelta) -> str:
    hours = duration.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:.3g} hours"
