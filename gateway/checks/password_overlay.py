"""Checks that slapd hashes and judges passwords: the overlay ppolicy, its values, and the scheme of new hashes."""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection

from gateway.checks.decoy import DecoyBind
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.directory import ppolicy
from gateway.directory.configuration import Configuration, PolicyOverlay
from gateway.ldap import read_entry

STRONG_HASHES = ("{ARGON2", "{PBKDF2", "{BCRYPT", "{YESCRYPT")
PLAIN_TEXT = "{CLEARTEXT}"
FILES = "10-modules.ldif and 40-password-policy.ldif of ldif/"
RULE = "47-configuration.ldif of ldif/ lets the gateway's account read it; as root on slapd's machine it is read too"
NOT_VERIFIED = (
    "not verified, because cn=config can't be read: whether passwords that arrive in plain text are hashed, by which "
    "scheme, which policy is the default one (olcPPolicyDefault), and which attributes have an index"
)


def check_password_overlay(
    url: str, connection: Connection, tried: DecoyBind, configuration: Configuration | None
) -> Iterator[Finding]:
    """Yield findings about the overlay at the server `url`. `tried` is a wrong bind at the decoy."""
    subject = f"{url}: password policy"
    if configuration is None:
        yield from _seen_from_outside(subject, connection, tried)
        yield warn(f"{url}: cn=config", NOT_VERIFIED, RULE)
    elif configuration.policy is None:
        yield _missing(subject, configuration)
    else:
        yield from _values(subject, configuration.policy)
    if configuration:
        yield _scheme(f"{url}: hash of passwords", configuration)


def _seen_from_outside(subject: str, connection: Connection, tried: DecoyBind) -> Iterator[Finding]:
    if tried.has_control:
        yield ok(subject, "the overlay ppolicy answers")
        return
    root = read_entry(connection, "", ["supportedControl"])
    is_loaded = root is not None and ppolicy.CONTROL_OID in root.all("supportedControl")
    text = "the directory says nothing about passwords: no lock-out, no history, maybe no hash"
    where = (
        "its module is loaded, but no overlay is on the database of the decoy" if is_loaded else "it is not loaded"
    )
    hint = f"load the overlay ppolicy ({FILES}; {where}); if the decoy does not exist, add it (70-services.ldif)"
    yield fail(subject, text, hint)


def _missing(subject: str, configuration: Configuration) -> Finding:
    hint = f"add olcOverlay=ppolicy,{configuration.database} ({FILES})"
    text = (
        "the overlay ppolicy is not on the database of people: slapd stores passwords in plain text and locks nobody"
    )
    if configuration.policies_elsewhere:
        elsewhere = ", ".join(configuration.policies_elsewhere)
        return fail(subject, f"{text}; it is on another one: {elsewhere}", hint)
    return fail(subject, text, hint)


def _values(subject: str, overlay: PolicyOverlay) -> Iterator[Finding]:
    if not overlay.hashes_plain_text:
        text = "slapd stores the passwords that the gateway sets in plain text: olcPPolicyHashCleartext is not TRUE"
        hint = (
            f"olcPPolicyHashCleartext: TRUE in {overlay.dn}; passwords set until then stay in plain text: reset them"
        )
        yield fail(subject, text, hint)
    if overlay.shows_lock:
        text = "olcPPolicyUseLockout tells anybody who tries logins which accounts exist and are locked"
        yield warn(subject, text, f"olcPPolicyUseLockout: FALSE in {overlay.dn}")
    if overlay.hashes_plain_text and not overlay.shows_lock:
        yield ok(subject, "the overlay ppolicy is on the database of people, and hashes what arrives in plain text")


def _scheme(subject: str, configuration: Configuration) -> Finding:
    weak = [name for name in configuration.password_hashes if not name.upper().startswith(STRONG_HASHES)]
    hint = (
        "olcPasswordHash: {ARGON2} in olcDatabase={-1}frontend,cn=config, after the module argon2 is loaded "
        f"({FILES}); a new hash comes with each person's next change"
    )
    if PLAIN_TEXT in [name.upper() for name in weak]:
        return fail(subject, f"olcPasswordHash is {PLAIN_TEXT}: new passwords are stored as they are", hint)
    if weak:
        text = f"new passwords are stored as {', '.join(weak)}: whoever steals a copy finds most of them within days"
        return warn(subject, text, hint)
    return ok(subject, f"new passwords are stored as {', '.join(configuration.password_hashes)}")
