"""Checks that nobody has a word such as NEANT in the place of a number: whoever types it proves to be them.

The gateway cannot read a number, so it compares those of some people with the usual words.
"""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection
from ldap3.core.results import RESULT_COMPARE_FALSE, RESULT_COMPARE_TRUE

from gateway.checks.finding import Finding, fail, ok
from gateway.ldap import compare, try_search
from gateway.settings import Settings

WORDS = (
    "NEANT", "NÉANT", "AUCUN", "INCONNU", "ABSENT", "NC", "NA", "N/A", "NULL", "NONE", "TEST", "X", "0",
    "0000000000000", "1234567890123", "XXXXXXXXXXXXX",
)  # fmt: skip
"""What staff offices write where there is no number; directories compare without regard to capitals."""
SAMPLE = 60
NAMED = 5


def check_placeholder_numbers(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield a finding per proof about the first `SAMPLE` people."""
    people = settings.people
    dns = try_search(connection, people.base, people.filter, ["1.1"], size_limit=SAMPLE).dns
    for name, proof in people.proofs.items():
        held = {dn: word for dn in dns if (word := _word_of(connection, dn, proof.attribute, proof.prefix))}
        subject = f"{url}: numbers of {name}"
        if held:
            words = ", ".join(dict.fromkeys(held.values()))
            text = (
                f"{len(held)} of the first {len(dns)} people have {words} as {proof.attribute}: who types that and "
                f"knows a birth date takes over the account: {', '.join(sorted(held)[:NAMED])}"
            )
            search = f"ldapsearch … '({proof.attribute}={proof.prefix}{next(iter(held.values()))})' 1.1"
            yield fail(subject, text, f"delete that value as administrator, of everybody who has it: {search}")
        elif dns:
            yield ok(subject, f"none of the first {len(dns)} people has a word in the place of a number")


def _word_of(connection: Connection, dn: str, attribute: str, prefix: str) -> str:
    """Return the word that is there instead of a number; "" if there is none, or no number at all."""
    for word in WORDS:
        code = compare(connection, dn, attribute, prefix + word)["result"]
        if code == RESULT_COMPARE_TRUE:
            return word
        if code != RESULT_COMPARE_FALSE:
            return ""
    return ""
