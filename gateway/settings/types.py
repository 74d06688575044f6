"""Types of the settings' values, and the base class of all sections.

Unknown keys are refused, and no error message contains a value.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

PLAIN_TEXT = (
    "or, on a network that nobody else can read or write to, allow_plain_text_over_the_network = true in this section"
)
"""End of the sentence that refuses a connection without TLS."""


def not_blank(text: str) -> str:
    """Return `text`. Raises ValueError if it is empty or consists of blanks."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def is_loopback(host: str | None) -> bool:
    """Return whether `host` is the loopback interface, whose traffic never leaves this machine.

    IPv6 may be in brackets.
    """
    if host == "localhost":
        return True
    try:
        return ip_address((host or "").removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def _secured(url: str) -> str:
    """Refuse http:// to another machine. `url` is empty or has the form of Link."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "http" and not is_loopback(parts.hostname):
        raise ValueError("is http:// and names another machine, which would see secrets in plain text: use https://")
    return url


def _balanced(filter_: str) -> str:
    depth = 0
    for char in filter_:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            break
    if depth:
        raise ValueError("has brackets that do not match")
    return filter_


def shaped(pattern: str, what: str) -> AfterValidator:
    """Return a validator that accepts only texts which match `pattern` completely.

    `what` describes the form in the error.
    """
    shape = re.compile(pattern)

    def check(text: str) -> str:
        if not shape.fullmatch(text):
            raise ValueError(f"is not {what}")
        return text

    return AfterValidator(check)


def can_be_split(url: str) -> str:
    """Return `url`. Raises ValueError if its port is not a number or its host has an unmatched bracket."""
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("has no host and port that can be read") from None
    return url


Text = Annotated[str, AfterValidator(not_blank)]
Attribute = Annotated[str, shaped(r"[A-Za-z][A-Za-z0-9-]*", "the name of an LDAP attribute")]
Dn = Annotated[str, shaped(r"[A-Za-z0-9.-]+\s*=.+", "a DN such as ou=people,dc=ac-example,dc=fr")]
Filter = Annotated[
    str, shaped(r"\(.+\)", "an LDAP filter such as (objectClass=mamiaPerson)"), AfterValidator(_balanced)
]
Link = Annotated[str, shaped(r"(https?://\S+)?", "an http:// or https:// address"), AfterValidator(can_be_split)]
SecuredLink = Annotated[Link, AfterValidator(_secured)]
"""A URL over which a secret is sent: https://, or http:// on this machine."""
Mail = Annotated[str, shaped(r"[^@\s]+@[^@\s]+", "a mail address")]
Colour = Annotated[str, shaped(r"#[0-9a-fA-F]{6}", "a colour such as #000091")]


class Section(BaseModel):
    """Base class of all sections: frozen, and unknown keys are refused.

    The docstring of a field is its meaning in the reference (`reference.py`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def check_server(url: str, *, may_be_clear: bool) -> None:
    """Check an LDAP URL (ldaps://, ldap://, ldapi://). Raises ValueError with the reason.

    Without `may_be_clear`, ldap:// to another machine is refused, because passwords would cross the network in plain
    text.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ldap", "ldaps", "ldapi"):
        raise ValueError(f"{url} is not an ldaps://, ldap:// or ldapi:// URL")
    if parts.scheme == "ldapi":
        if not parts.netloc:
            raise ValueError(f"{url} names no socket: with Debian's slapd write ldapi://%2Frun%2Fslapd%2Fldapi")
        return
    if not parts.hostname:
        raise ValueError(f"{url} names no host")
    if parts.path.strip("/") or parts.query:
        raise ValueError(f"{url} says more than a host and a port: a base belongs to people.base")
    try:
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise ValueError(f"{url}: {error}") from None
    if parts.scheme == "ldap" and not is_loopback(parts.hostname) and not may_be_clear:
        raise ValueError(
            f"{url} would carry passwords in plain text: use ldaps://, or start_tls = true, or, on a network that "
            "nobody else can read, allow_plain_text_passwords_over_the_network = true"
        )
