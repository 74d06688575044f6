"""Check of every password policy in use: what the gateway cannot follow, and what people must know about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ldap3 import Connection
from ldap3.core.results import RESULT_NO_SUCH_OBJECT, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.policy_module import check_policy_module
from gateway.checks.policy_values import in_words, policy_problems
from gateway.directory import ppolicy
from gateway.directory.policies import Policy, find_default_policy, find_policies, records_login
from gateway.ldap import Entry, try_search
from gateway.settings import ResetMode, Settings


def check_policies_in_use(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield findings about the default policy and every policy that a person has, at the server `url`.

    Raises DirectoryUnavailable, ServerUnavailable.
    """
    policies = find_policies(connection)
    default = find_default_policy(connection, settings.directory)
    default_dn = default.dn if default else ""
    used = [one for one in policies if one.dn == default_dn or _is_used(settings, connection, one)]
    records_logins = any(one.max_idle for one in used) and records_login(connection, settings.directory.bind_dn)
    findings = [
        finding
        for one in used
        for finding in policy_problems(
            settings, _name(url, one), one, is_default=one.dn == default_dn, records_logins=records_logins
        )
    ]
    findings += [finding for one in used for finding in check_policy_module(_name(url, one), one.dn, connection)]
    findings += _initial(settings, url, policies, default_dn)
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
    # Without people.base nobody has it.
    return somebody is not None or code not in (RESULT_SUCCESS, RESULT_NO_SUCH_OBJECT)


def _initial(settings: Settings, url: str, policies: Sequence[Policy], default_dn: str) -> Iterator[Finding]:
    """Yield a finding if the policy for the write of an initial password is missing, or has a history."""
    wanted = settings.reset.initial_policy
    if settings.reset.mode is not ResetMode.INITIAL or not wanted:
        return
    subject = f"{url}: reset.initial_policy"
    policy = next((one for one in policies if one.dn.lower() == wanted.lower()), None)
    if policy is None:
        text = f"{wanted} does not exist or can't be read: no password can be reset to the initial one"
        yield fail(subject, text, "cn=initial of 60-policies.ldif of ldif/, or correct reset.initial_policy")
    elif policy.history:
        text = f"{wanted} has a history of {policy.history}: slapd refuses an initial password that was used before"
        if policy.dn == default_dn:
            hint = (
                "reset.initial_policy: one without history that nobody else has, such as cn=initial of "
                "60-policies.ldif of ldif/; this one is everybody's"
            )
        else:
            hint = "pwdInHistory: 0 in that policy"
        yield fail(subject, text, hint)


def _other_lockout(settings: Settings, subject: str, policy: Policy) -> Iterator[Finding]:
    """Yield a finding if a policy locks otherwise than the pages say; they say the same to everybody."""
    lockout = settings.lockout
    minutes = policy.lockout.total_seconds() / 60
    if policy.locks and policy.max_failures and (policy.max_failures, minutes) != (lockout.failures, lockout.minutes):
        # pwdLockoutDuration 0 (slapo-ppolicy(5)).
        until = f"for {minutes:g} minutes" if minutes else "until the next change of the password"
        text = (
            f"it locks after {policy.max_failures} wrong passwords {until}, and the pages say {lockout.failures} "
            f"and {lockout.minutes} minutes to everybody"
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
        hint = (
            "add the policy, or another pwdPolicySubentry or none at those entries; if it is there: the rule for "
            "ou=policies in 30-access.ldif of ldif/, for each place that holds policies"
        )
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
        rules.append(f"an account without a login for {in_words(policy.max_idle)} is closed (pwdMaxIdle)")
    return rules


def _name(url: str, policy: Policy) -> str:
    return f"{url}: policy {policy.dn}"
