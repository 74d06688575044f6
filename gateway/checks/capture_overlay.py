"""Check that slapd's overlay sock and the section [capture] of the settings are both there, or neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ldap3 import MODIFY_DELETE, Connection
from ldap3.core.results import RESULT_NO_SUCH_ATTRIBUTE

from gateway.checks.finding import Finding, fail, ok
from gateway.checks.rights import somebody
from gateway.directory.configuration import POLICY_OVERLAY, SOCK_OVERLAY, Configuration
from gateway.ldap import modify, result_text
from gateway.settings import Settings

ORACLE_FILE, CAPTURE_FILE = "45-password-oracle.ldif", "93-capture.ldif"


def check_capture_overlay(
    settings: Settings, url: str, connection: Connection, configuration: Configuration | None
) -> Iterator[Finding]:
    """Yield a finding about the overlays sock of the server `url`, if its configuration can be read."""
    if configuration is None:
        return
    subject, path = f"{url}: overlay sock of cn=config", settings.capture.socket
    has_overlay = SOCK_OVERLAY in configuration.overlays
    if path is None:
        if has_overlay:
            yield _unexpected(settings, subject, connection, configuration)
        return
    if not _is_the_listeners(settings, url):
        return
    files = [ORACLE_FILE] if settings.capture.answer_only else [ORACLE_FILE, CAPTURE_FILE]
    if not has_overlay:
        text = "[capture] is on, and slapd has no overlay sock: nothing is asked, nothing is captured"
        yield fail(
            subject, text, f"load {' and '.join(files)} of ldif/ on {configuration.database}; or take [capture] out"
        )
        return
    if other := [one for one in configuration.sockets if one != str(path)]:
        text = f"slapd asks at {', '.join(other)}, and capture.socket is {path}: it refuses every write on people"
        yield fail(subject, text, f'olcDbSocketPath: {path} in the overlay, or capture.socket = "{other[0]}"')
        return
    yield _order(subject, settings, configuration)


def _is_the_listeners(settings: Settings, url: str) -> bool:
    """Return whether the listener of these settings belongs to the server; capture.server may be its ldapi:// URL."""
    servers, own = settings.directory.servers, settings.capture_server
    return url == own or (own not in servers and url == servers[0])


def _unexpected(settings: Settings, subject: str, connection: Connection, configuration: Configuration) -> Finding:
    """Find out by a write that changes nothing whether a listener answers slapd, with settings of its own."""
    # Somebody may have this very value, and it must not be deleted.
    dn = somebody(settings, connection, "(!(pwdReset=FALSE))")
    result = modify(connection, dn, {"pwdReset": [(MODIFY_DELETE, ["FALSE"])]})
    if result["result"] == RESULT_NO_SUCH_ATTRIBUTE:
        return ok(subject, "it is there, and a listener with settings of its own answers it")
    text = (
        "slapd asks a listener before each write on people, nobody answers, and [capture] is off: it refuses every "
        f"new password ({result_text(result)})"
    )
    hint = (
        f'capture.socket = "{_path(configuration)}" and start mamia capture; or delete the overlay (docs/capture.md)'
    )
    return fail(subject, text, hint)


def _order(subject: str, settings: Settings, configuration: Configuration) -> Finding:
    """Check on which sides of ppolicy the overlay is; slapd asks the one with the highest number first."""
    names = configuration.overlays
    if POLICY_OVERLAY not in names:
        return ok(subject, "it is there")
    policy = names.index(POLICY_OVERLAY)
    is_above, is_below = SOCK_OVERLAY in names[policy:], SOCK_OVERLAY in names[:policy]
    if not is_above:
        text = "no overlay sock is above ppolicy: slapd judges guesses at passwords before it asks (password oracle)"
        return fail(subject, text, _above(names, configuration.database, 0 if settings.capture.answer_only else 1))
    if not is_below and not settings.capture.answer_only:
        text = "no overlay sock is below ppolicy: passwords of other clients are not captured"
        hint = f"load {CAPTURE_FILE} of ldif/ on {configuration.database}, or capture.answer_only = true"
        return fail(subject, text, hint)
    return ok(subject, f"it asks at {settings.capture.socket}")


def _above(overlays: Sequence[str], database: str, wanted_below: int) -> str:
    """Return how to get an overlay above ppolicy.

    One that is too many below was above until ppolicy was added anew.
    """
    below = [number for number, name in enumerate(overlays) if name == SOCK_OVERLAY]
    if len(below) <= wanted_below:
        return f"load {ORACLE_FILE} of ldif/ on {database}"
    overlay = f"olcOverlay={{{below[-1]}}}sock,{database}"
    return (
        f"ppolicy was added after it: ldapdelete -Y EXTERNAL -H ldapi:/// '{overlay}', "
        f"then load {ORACLE_FILE} of ldif/, the part that adds olcOverlay=sock alone: the others are there"
    )


def _path(configuration: Configuration) -> str:
    return next(iter(configuration.sockets), "the value of olcDbSocketPath")
