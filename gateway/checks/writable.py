"""Check that a server of directory.servers takes writes: it may be read-only, or a copy of another server."""

from __future__ import annotations

import secrets

from ldap3 import MODIFY_DELETE, Connection
from ldap3.core.results import (
    RESULT_CONFIDENTIALITY_REQUIRED,
    RESULT_OPERATIONS_ERROR,
    RESULT_OTHER,
    RESULT_REFERRAL,
    RESULT_STRONGER_AUTH_REQUIRED,
    RESULT_UNAVAILABLE,
    RESULT_UNWILLING_TO_PERFORM,
)

from gateway.checks.finding import Finding, fail, ok
from gateway.checks.rights import somebody
from gateway.ldap import modify, result_text
from gateway.settings import Settings

UNREACHED = (RESULT_OPERATIONS_ERROR, RESULT_UNAVAILABLE, RESULT_OTHER)
"""What slapd answers if its overlay sock reaches nobody."""
UNANSWERED = (
    "start mamia capture (systemctl start mamia-capture.socket); if it runs: olcDbSocketPath must be capture.socket; "
    "or delete the overlay sock (docs/capture.md)"
)
REPLICA = "directory.servers: name the server that takes writes{where}, and this one in directory.read_servers"


def check_writable(settings: Settings, url: str, connection: Connection) -> Finding:
    """Try a write that this account may not do, which changes nothing: slapd refuses it for its own reasons first."""
    subject = f"{url}: writes"
    changes = {"description": [(MODIFY_DELETE, [secrets.token_hex(8)])]}
    result = modify(connection, settings.directory.decoy_dn, changes)
    text = result_text(result)
    match result["result"]:
        case code if code == RESULT_REFERRAL:
            providers = ", ".join(uri.split("/cn=")[0] for uri in result["referrals"] or ())
            message = f"it is a copy (replica) and sends writes to {providers or 'another server'}"
            return fail(subject, message, REPLICA.format(where=f", {providers}" if providers else ""))
        case code if code == RESULT_UNWILLING_TO_PERFORM and "shadow" in text:
            where = " (provider= in its olcSyncrepl)"
            return fail(subject, f"it is a copy (replica) and takes no writes: {text}", REPLICA.format(where=where))
        case code if code == RESULT_UNWILLING_TO_PERFORM and "restricted" in text:
            hint = "olcReadOnly: FALSE on that database and on the frontend, and no modify or write in olcRestrict"
            return fail(subject, f"it is set to read-only: nobody can change a password ({text})", hint)
        case code if code in (RESULT_CONFIDENTIALITY_REQUIRED, RESULT_STRONGER_AUTH_REQUIRED):
            hint = (
                "ldaps:// in directory.servers or directory.start_tls = true; it demands TLS for writes (olcSecurity)"
            )
            return fail(subject, f"it takes no writes over this connection: {text}", hint)
    if unanswered := _unanswered(settings, connection):
        text = f"slapd asks a listener before each write on people, and gets no answer: it refuses all ({unanswered})"
        return fail(subject, text, UNANSWERED)
    return ok(subject, "it takes writes")


def _unanswered(settings: Settings, connection: Connection) -> str:
    """Return what slapd says to a write on a person, which changes nothing; "" if it says that nothing is there."""
    # Somebody may have this very value, and it must not be deleted.
    if not (dn := somebody(settings, connection, "(!(pwdReset=FALSE))")):
        return ""
    result = modify(connection, dn, {"pwdReset": [(MODIFY_DELETE, ["FALSE"])]})
    return result_text(result) if result["result"] in UNREACHED else ""
