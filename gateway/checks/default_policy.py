"""Checks which policy people without one of their own have: as slapd and the settings name it."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory.configuration import Configuration
from gateway.directory.policies import find_default_policy
from gateway.ldap import read_entry
from gateway.settings import Settings

ENTRIES = "60-policies.ldif of ldif/ has it"


def check_default_policy(
    settings: Settings, url: str, connection: Connection, configuration: Configuration | None
) -> Iterator[Finding]:
    """Yield a finding about directory.default_policy and olcPPolicyDefault.

    There is none if slapd has no overlay ppolicy there, because that is reported. Raises DirectoryUnavailable.
    """
    subject, named = f"{url}: default policy", settings.directory.default_policy or ""
    if configuration is None:
        yield from _without_configuration(settings, subject, connection)
    elif configuration.policy:
        overlay, used = configuration.policy.dn, configuration.policy.default_policy
        if not used:
            text = "olcPPolicyDefault is not set: no lock-out, no length and no history for people without a policy"
            hint = f"olcPPolicyDefault in {overlay}: {named or 'the DN of the policy'}"
            yield fail(subject, text, hint)
        elif not _exists(connection, used):
            text = f"olcPPolicyDefault names {used}, which can't be read or does not exist: slapd then has no rules"
            hint = f"add it ({ENTRIES}; 30-access.ldif lets it be read), or correct olcPPolicyDefault in {overlay}"
            yield fail(subject, text, hint)
        elif named and _parts(named) != _parts(used):
            text = f"directory.default_policy is {named}, and slapd applies {used} (olcPPolicyDefault)"
            yield fail(subject, text, f'directory.default_policy = "{used}"')
        else:
            yield ok(subject, f"{used}, as olcPPolicyDefault says")


def _without_configuration(settings: Settings, subject: str, connection: Connection) -> Iterator[Finding]:
    named = settings.directory.default_policy
    if named and not _exists(connection, named):
        text = f"directory.default_policy names {named}, which does not exist or can't be read"
        yield fail(subject, text, f"directory.default_policy: the value of olcPPolicyDefault; {ENTRIES}")
    elif named:
        yield ok(subject, f"{named}, as directory.default_policy says; not compared with olcPPolicyDefault")
    elif policy := find_default_policy(connection, settings.directory):
        yield ok(subject, f"{policy.dn}, the only policy of the directory; not compared with olcPPolicyDefault")
    else:
        text = "it is not known: the gateway knows neither lengths nor locks nor ages of people without an own policy"
        hint = "directory.default_policy: the value of olcPPolicyDefault; or load 47-configuration.ldif of ldif/"
        yield warn(subject, text, hint)


def _exists(connection: Connection, dn: str) -> bool:
    entry = read_entry(connection, dn, ["objectClass"])
    return entry is not None and "pwdpolicy" in (name.lower() for name in entry.all("objectClass"))


def _parts(dn: str) -> list[str]:
    return [part.strip().lower() for part in dn.split(",")]
