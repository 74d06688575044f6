"""Check of the text before a number in the directory (people.proofs.….prefix), by the decoy's own number.

The gateway may compare people's numbers only, so it cannot see how they begin. The decoy's number is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from ldap3 import Connection
from ldap3.core.results import RESULT_COMPARE_TRUE, RESULT_INVALID_ATTRIBUTE_SYNTAX

from gateway.checks.decoy import VALUE
from gateway.checks.finding import Finding, fail, ok, warn
from gateway.ldap import compare
from gateway.settings import Settings
from gateway.settings.directory import Proof

USUAL = ("", "{NUMEN}", "{numen}", "{EDUCATION:NUMEN}", "{MEN:NUMEN}", "{EN:NUMEN}", "NUMEN:", "NUMEN ")


def check_proof_prefixes(settings: Settings, url: str, connection: Connection) -> Iterator[Finding]:
    """Yield a finding for each proof whose prefix is written strangely, or is not the one of the decoy's number."""
    for name, proof in settings.people.proofs.items():
        subject, key = f"{url}: prefix of {name}", f"people.proofs.{name}.prefix"
        if strange := _strange(proof.prefix):
            yield warn(
                subject, f"{key} {proof.prefix!r} {strange}: the comparison would always fail", _corrected(key, proof)
            )
        else:
            yield from _compared(settings, connection, subject, key, proof)


def _compared(settings: Settings, connection: Connection, subject: str, key: str, proof: Proof) -> Iterator[Finding]:
    dn = settings.directory.decoy_dn
    code = compare(connection, dn, proof.attribute, proof.prefix + VALUE)["result"]
    if code == RESULT_COMPARE_TRUE:
        yield ok(subject, "the decoy's number begins with it")
    elif code == RESULT_INVALID_ATTRIBUTE_SYNTAX:
        text = f"{proof.attribute} cannot hold a value that begins with {proof.prefix!r}: no number is ever right"
        yield fail(subject, text, f'{key} = ""')
    else:
        held = [one for one in USUAL if _is(connection, dn, proof, one)]
        if held and held[0] != proof.prefix:
            text = (
                f"{key} is {proof.prefix!r}, and the decoy's number begins with {held[0]!r}: if people's numbers do "
                "too, none is ever right"
            )
            correct = f'{key} = "{held[0]}"'
            yield warn(
                subject, text, f"{correct}; or, if people have it, {proof.attribute}: {proof.prefix}{VALUE} at {dn}"
            )


def _is(connection: Connection, dn: str, proof: Proof, prefix: str) -> bool:
    return bool(compare(connection, dn, proof.attribute, prefix + VALUE)["result"] == RESULT_COMPARE_TRUE)


def _strange(prefix: str) -> str:
    """Return what is strange about a prefix; "" if nothing is."""
    if prefix != prefix.strip():
        return "begins or ends in a blank"
    if prefix.count("{") != prefix.count("}") or prefix.find("}") < prefix.find("{"):
        return "has a brace without the other one"
    return ""


def _corrected(key: str, proof: Proof) -> str:
    """Return the hint for a prefix that is written strangely."""
    corrected = proof.prefix.strip()
    if corrected.startswith("{") and not corrected.endswith("}"):
        corrected += "}"
    elif corrected.endswith("}") and not corrected.startswith("{"):
        corrected = "{" + corrected
    return f'{key} = "{corrected}"'
