"""The directory's password policies against what the pages promise, and against accounts that must not expire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ldap3 import BASE, SUBTREE, Connection

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory import ppolicy
from gateway.settings import Settings

RULE = "access rule 15 of ldif/30-access.ldif lets the service account read the policies"
DEFAULT = "default"
"""The common name of everybody's policy in ldif/."""


def check_policies(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    yield _service_account(settings, url, connection)
    yield from _pages(settings, url, connection)


def _service_account(settings: Settings, url: str, connection: Connection) -> Finding:
    checked, account = f"{url}: service account", settings.directory.bind_dn
    policy = _read(connection, account, [ppolicy.POLICY]).get(ppolicy.POLICY.lower(), "")
    if not policy:
        text = f"no policy of its own can be read on {account}: the default one may expire or lock it"
        return warn(checked, text, f"pwdPolicySubentry: cn=services,ou=policies,… (70-services.ldif); {RULE}")
    rules = _read(connection, policy, ["pwdMaxAge", "pwdLockout"])
    expires = int(rules.get("pwdmaxage", "0")) > 0
    locks = rules.get("pwdlockout", "FALSE").upper() == "TRUE"
    if expires or locks:
        what = " and ".join(word for word, is_so in (("expires", expires), ("locks", locks)) if is_so)
        return fail(
            checked, f"by {policy} it {what}: the gateway would stop with it", "take pwdMaxAge and pwdLockout off"
        )
    return ok(checked, f"by {policy} it neither expires nor locks")


def _pages(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    checked = f"{url}: promises of the pages"
    policy = _default_policy(connection)
    if not policy:
        yield warn(checked, f"no policy cn={DEFAULT} can be read: they can't be compared", RULE)
        return
    password, lockout = settings.password, settings.lockout
    pairs = (
        ("pwdInHistory", "password.history", password.history, 1),
        ("pwdMaxFailure", "lockout.failures", lockout.failures, 1),
        ("pwdLockoutDuration", "lockout.minutes", lockout.minutes, 60),
    )
    wrong = False
    for attribute, key, ours, unit in pairs:
        theirs = int(policy.get(attribute.lower(), "0")) / unit
        if theirs != ours:
            wrong = True
            yield warn(
                checked, f"{key} is {ours}, and the directory's {attribute} says {theirs:g}", f"{key} = {theirs:g}"
            )
    if int(policy.get("pwdminlength", "0")) > password.min_length:
        wrong = True
        text = f"password.min_length is {password.min_length}, and the directory asks for {policy['pwdminlength']}"
        yield warn(checked, text, f"password.min_length = {policy['pwdminlength']}")
    if not wrong:
        yield ok(checked, "length, history and lock-out are those of the directory")


def _default_policy(connection: Connection) -> Mapping[str, str]:
    _, _, roots, _ = connection.search("", "(objectClass=*)", BASE, attributes=["namingContexts"])
    for root in roots or ():
        for suffix in root["raw_attributes"].get("namingContexts", []):
            _, _, answers, _ = connection.search(
                suffix.decode(), f"(&(objectClass=pwdPolicy)(cn={DEFAULT}))", SUBTREE, attributes=["*"]
            )
            for answer in answers or ():
                if answer["type"] == "searchResEntry":
                    return _values(answer)
    return {}


def _read(connection: Connection, dn: str, attributes: list[str]) -> Mapping[str, str]:
    _, _, answers, _ = connection.search(dn, "(objectClass=*)", BASE, attributes=attributes)
    return next((_values(answer) for answer in answers or () if answer["type"] == "searchResEntry"), {})


def _values(answer: Mapping[str, dict[str, list[bytes]]]) -> Mapping[str, str]:
    return {name.lower(): values[0].decode() for name, values in answer["raw_attributes"].items() if values}
