"""Distinguished names (RFC 4514) in the form in which slapd compares them."""

from __future__ import annotations

import re
import unicodedata

RDN = re.compile(r"(?:[^,\\]|\\.)*", re.DOTALL)
"""The text up to the first comma that is no part of a value."""
PAIR = re.compile(r"(?:[^+\\]|\\.)+", re.DOTALL)
"""One attribute and its value, of which an RDN may have several."""
ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
SPECIAL = re.compile(r'[,+"\\<>;=]|^[# ]')
"""Characters that slapd writes as a backslash and two hexadecimal digits."""


def normal_dn(dn: str) -> str:
    r"""Return `dn` as slapd compares it and its regular expressions see it: in lower case, escaped in one way.

    >>> normal_dn("OU=Lyon\\, Rhône , dc=FR") == normal_dn(r"ou=lyon\2C rhône,dc=fr")
    True
    """
    return ",".join("+".join(map(_normal_pair, PAIR.findall(rdn))) for rdn in rdns(dn))


def rdns(dn: str) -> list[str]:
    """Return the parts of a DN, as they are written."""
    parts, start = [], 0
    while start < len(dn):
        found = RDN.match(dn, start)
        assert found
        parts.append(found[0])
        # A backslash at the very end is no DN; it ends the text like a comma.
        start = found.end() + 1
    return parts


def first_value(dn: str) -> str:
    r"""Return the value of the first attribute of a DN, without escapes.

    >>> first_value("cn=Lyon\\, Rhône,dc=fr")
    'Lyon, Rhône'
    """
    pair = next(iter(PAIR.findall(next(iter(rdns(dn)), ""))), "")
    return _value(pair.partition("=")[2])


def is_below(dn: str, base: str) -> bool:
    """Return whether `dn` is `base` or an entry below it. Blanks, case and forms of escapes make no difference."""
    parts, base_parts = rdns(normal_dn(dn)), rdns(normal_dn(base))
    return len(parts) >= len(base_parts) and parts[len(parts) - len(base_parts) :] == base_parts


def _normal_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    text = " ".join(unicodedata.normalize("NFKC", _value(value)).lower().split())
    return f"{name.strip().lower()}{equals}{SPECIAL.sub(_hexadecimal, text)}"


def _value(text: str) -> str:
    stripped = text.strip()
    if stripped.endswith("\\") and text.endswith(" "):
        stripped += " "
    return ESCAPED.sub(lambda found: _bytes(found[1]) if found[1] else found[2], stripped)


def _bytes(text: str) -> str:
    return bytes.fromhex(text.replace("\\", "")).decode("utf-8", "replace")


def _hexadecimal(found: re.Match[str]) -> str:
    return f"\\{ord(found[0]):02X}"
