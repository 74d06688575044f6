"""The questions of `mamia setup` that a chosen part cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from ldap3.core.exceptions import LDAPInvalidFilterError
from ldap3.operation.search import parse_filter

from gateway.setup.attempts_parts import (
    try_agents_filter,
    try_agents_group,
    try_charter,
    try_networks,
    try_receiver,
    try_recovery,
)
from gateway.setup.console import NONE
from gateway.setup.parts import chosen_parts
from gateway.setup.question import Group, Question, optional, show_list, words
from gateway.setup.session import Session

METHODS = ("passkey", "totp", "mail", "mobile")


def ldap_filter(text: str) -> str | None:
    """Read an LDAP filter that may be absent. Raises ValueError."""
    if text == NONE:
        return None
    try:
        parse_filter(text, None, False, False, None, False)
    except LDAPInvalidFilterError as error:
        raise ValueError(f"is not an LDAP filter such as (departmentNumber=assistance): {error}") from None
    return text


def networks(text: str) -> list[str]:
    """Read networks that are separated by blanks or commas. Raises ValueError.

    >>> networks("10.20.0.0/16, 2001:db8::/32")
    ['10.20.0.0/16', '2001:db8::/32']
    """
    for one in words(text):
        if reason := _no_network(one):
            subject = "is" if one == text else f"has {one}, which is"
            raise ValueError(f"{subject} no network such as 10.20.0.0/16: {reason}")
    return words(text)


def methods(text: str) -> list[str]:
    """Read the names of recovery methods. Raises ValueError for none."""
    named = words(text)
    unknown = [one for one in named if one not in METHODS]
    if unknown or not named:
        raise ValueError(f"is no choice among the methods {', '.join(METHODS)}")
    return list(dict.fromkeys(named))


def _no_network(text: str) -> str:
    """Return why a text is no network; "" if it is one."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return "it is an IPv4 or IPv6 address, and / with the number of bits that all of them share"
    address, _, bits = text.partition("/")
    is_exact = not bits or ip_address(address) == network.network_address
    return "" if is_exact else f"write {network} for the network, or {address} for this address alone"


def _chose(name: str) -> Callable[[Session], bool]:
    return lambda session: name in chosen_parts(session)


def _names_no_group(session: Session) -> bool:
    return _chose("helpdesk")(session) and not session.answers.get("helpdesk.agents_group")


def _has_agents(session: Session) -> bool:
    named = session.answers.get("helpdesk.agents_group") or session.answers.get("helpdesk.agents_filter")
    return _chose("helpdesk")(session) and bool(named)


def _has_passkeys(session: Session) -> bool:
    return _chose("recovery")(session) and session.answers.has_passkeys


RECOVERY = Group(
    "Recovery methods",
    (
        Question(
            "recovery.methods",
            "Which methods people may add (passkey, totp, mail, mobile)",
            "passkey: fingerprint, face or PIN of a device; totp: an authenticator app; mail: a private address, "
            "which needs a mail server; mobile: a phone, which needs second_factor.sms_gateway_url in mamia.toml.",
            methods,
            show_list,
            when=_chose("recovery"),
        ),
        Question(
            "recovery.origin",
            "Address of the site in people's browsers, for passkeys",
            "Such as https://mon-compte.ac-example.fr, without a path. Browsers make passkeys for this name; if it "
            "changes later, all passkeys are lost.",
            attempt=try_recovery,
            when=_has_passkeys,
        ),
    ),
)
HELPDESK = Group(
    "Pages of the helpdesk",
    (
        Question(
            "helpdesk.agents_group",
            "Group of the agents",
            "DN of a groupOfNames, groupOfUniqueNames or posixGroup, whose members are agents. Setup makes the "
            "proposed group where it does not exist; add your agents to it. none: a filter names them.",
            optional,
            lambda value: str(value or NONE),
            try_agents_group,
            _chose("helpdesk"),
        ),
        Question(
            "helpdesk.agents_filter",
            "Filter that names the agents",
            "An LDAP filter of people, such as (departmentNumber=assistance). none: there are no pages; codes come "
            "from mamia account LOGIN give-code on the server alone.",
            ldap_filter,
            lambda value: str(value or NONE),
            try_agents_filter,
            _names_no_group,
        ),
        Question(
            "helpdesk.networks",
            "Networks from which agents may sign in",
            "Such as 10.20.0.0/16 2001:db8:20::/48, separated by blanks. For any other address there are no pages.",
            networks,
            show_list,
            try_networks,
            _has_agents,
        ),
    ),
)
CHARTER = Group(
    "Acceptable use policy",
    (
        Question(
            "charter.version",
            "Version of the text that is in force",
            "Such as 2026-09. Another version asks everybody again.",
            when=_chose("charter"),
        ),
        Question(
            "charter.url",
            "Address of the text",
            "Such as https://www.ac-example.fr/charte. The box on the forms links to it.",
            attempt=try_charter,
            when=_chose("charter"),
        ),
    ),
)
WEBHOOKS = Group(
    "Webhooks",
    (
        Question(
            "webhooks.url",
            "Address that receives the events",
            "https://, or http:// on this machine. Setup makes the secret that signs the events; give the receiver "
            "the same one.",
            attempt=try_receiver,
            when=_chose("webhooks"),
        ),
    ),
)
GROUPS = (RECOVERY, HELPDESK, CHARTER, WEBHOOKS)
"""Recovery methods come before the agents, who may sign in with them."""
