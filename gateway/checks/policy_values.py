"""What one password policy says that is wrong, or that the gateway cannot follow, with the value that is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gateway.checks.finding import Finding, fail, warn
from gateway.directory.policies import Policy
from gateway.settings import ResetMode, Settings

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
IN_POLICY = "in that policy"
LOCK_VALUES = "pwdMaxFailure: 10, pwdLockoutDuration: 900 and pwdFailureCountInterval: 900"


def policy_problems(
    settings: Settings, subject: str, policy: Policy, *, is_default: bool, records_logins: bool
) -> Iterator[Finding]:
    """Yield findings about one policy that people have."""
    yield from _attribute(subject, policy)
    yield from _changes(subject, policy, is_default=is_default)
    yield from _must_change(settings, subject, policy)
    yield from _length(settings, subject, policy)
    yield from _lock(subject, policy, records_logins=records_logins)
    yield from _age(subject, policy)


def in_words(duration: timedelta) -> str:
    """Return a duration in days or hours."""
    hours = duration.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:.3g} hours"


def _attribute(subject: str, policy: Policy) -> Iterator[Finding]:
    if policy.attribute.lower() not in ("userpassword", "2.5.4.35"):
        text = (
            f"pwdAttribute is {policy.attribute}, so by its own words the policy is not about passwords; slapd 2.5 "
            "applies it all the same, other versions and programs may not"
        )
        yield warn(subject, text, f"pwdAttribute: userPassword {IN_POLICY}")


def _changes(subject: str, policy: Policy, *, is_default: bool) -> Iterator[Finding]:
    if policy.needs_old_password:
        text = "pwdSafeModify is TRUE: slapd refuses every password that the gateway sets, and people read an error"
        yield fail(subject, text, f"pwdSafeModify: FALSE {IN_POLICY}")
    if policy.min_age:
        text = (
            f"pwdMinAge is {in_words(policy.min_age)}: people who forget a younger password cannot reset it. The "
            "pages say from when it is possible, and send people to the helpdesk"
        )
        yield warn(subject, text, f"pwdMinAge: 0 {IN_POLICY}, if a reset must be possible at any time")
    if is_default and not policy.allows_user_change:
        text = "pwdAllowUserChange is FALSE: nobody without a policy of their own can change or reset a password"
        yield warn(subject, text, f"pwdAllowUserChange: TRUE {IN_POLICY}")


def _must_change(settings: Settings, subject: str, policy: Policy) -> Iterator[Finding]:
    if policy.must_change:
        return
    text = "pwdMustChange is not TRUE: slapd does not ask for another password after an initial one (pwdReset)"
    hint = f"pwdMustChange: TRUE {IN_POLICY}"
    if settings.reset.mode is ResetMode.INITIAL:
        yield fail(
            subject, f'{text}, and reset.mode = "initial" sets those: accounts stay open with the number', hint
        )
    else:
        yield warn(subject, text, hint)


def _length(settings: Settings, subject: str, policy: Policy) -> Iterator[Finding]:
    if not policy.checks_quality:
        text = "pwdCheckQuality is 0: slapd takes passwords of any length, whatever pwdMinLength says"
        yield warn(subject, text, f"pwdCheckQuality: 2 {IN_POLICY}")
    longest = settings.password.max_length
    if 0 < policy.max_length < longest:
        text = f"pwdMaxLength is {policy.max_length}, and the pages accept {longest} characters, which slapd refuses"
        hint = f"pwdMaxLength: {longest} {IN_POLICY}"
        shortest = 64
        if policy.max_length >= shortest:
            hint += f", or password.max_length = {policy.max_length}"
        yield warn(subject, text, hint)


def _lock(subject: str, policy: Policy, *, records_logins: bool) -> Iterator[Finding]:
    if not policy.locks:
        text = "pwdLockout is not TRUE: other programs (mail, LDAP) let anybody guess passwords without limit"
        yield warn(subject, text, f"pwdLockout: TRUE {IN_POLICY}, with {LOCK_VALUES}")
    elif not policy.max_failures:
        text = "pwdMaxFailure is 0: wrong passwords are counted and lock nobody, so anybody can guess without limit"
        yield warn(subject, text, f"pwdMaxFailure: 10 {IN_POLICY}")
    elif timedelta(0) < policy.lockout < MINUTE:
        seconds = int(policy.lockout.total_seconds())
        text = f"pwdLockoutDuration is {seconds} seconds: a lock ends almost at once"
        yield warn(subject, text, f"pwdLockoutDuration: {60 * seconds} {IN_POLICY}, if {seconds} minutes are meant")
    if policy.max_delay:
        text = (
            "pwdMinDelay locks an account at the first wrong password, whoever tries it, and no reset lifts it; "
            "slapd 2.5.13 (Debian 12) crashes at that password"
        )
        yield warn(subject, text, f"take pwdMinDelay and pwdMaxDelay out {IN_POLICY}; pwdMaxFailure locks as well")
    if policy.max_idle and not (policy.locks and records_logins):
        text = "pwdMaxIdle closes no account: slapd looks at it only with pwdLockout: TRUE and olcLastBind: TRUE"
        needed = [
            name
            for name, is_set in (("pwdLockout: TRUE", policy.locks), ("olcLastBind: TRUE", records_logins))
            if not is_set
        ]
        yield warn(subject, text, f"{' and '.join(needed)} on policy and database, or no pwdMaxIdle")


def _age(subject: str, policy: Policy) -> Iterator[Finding]:
    age, seconds = policy.max_age, int(policy.max_age.total_seconds())
    if timedelta(0) < age < DAY:
        text = f"pwdMaxAge is {seconds} seconds: a new password ends {in_words(age)} later"
        yield fail(
            subject, text, f"pwdMaxAge: {86400 * seconds} {IN_POLICY}, if days are meant; 0: passwords do not end"
        )
    elif age and policy.expire_warning >= age:
        text = f"pwdExpireWarning is not less than pwdMaxAge ({in_words(age)}): people are warned from the first day"
        yield warn(subject, text, f"pwdExpireWarning: 1209600 (14 days) {IN_POLICY}, less than pwdMaxAge")
