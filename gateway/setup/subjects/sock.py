"""The overlays by which slapd asks `mamia capture`. While nobody listens, slapd refuses writes: so they come last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.settings import Settings
from gateway.setup.changes import Change, Later, PlanParts, Subject
from gateway.setup.clauses import QUOTED, quoted
from gateway.setup.layout import escaped
from gateway.setup.places import DECOY, Places
from gateway.setup.records import Modification, Record, add_entry, delete_entry, modify_entry
from gateway.setup.surveyed import Overlay, Survey, normal_dn

ORACLE_FILE, CAPTURE_FILE = "95-password-oracle", "96-capture"
WHY_ORACLE = (
    "slapd asks mamia capture before ppolicy judges a password; otherwise whoever can bind learns whether a guess "
    "at somebody's password is right."
)
WHY_CAPTURE = "slapd reports the passwords that other LDAP clients change, so that they reach the workstation."
EXTENSIONS = "binddn peername connid"
OPERATIONS, PATTERN = "olcOvSocketOps", "olcOvSocketDNpat"


def plan_sock(settings: Settings, survey: Survey, places: Places, parts: PlanParts) -> None:
    """Add the overlays that the settings need, once a program listens at the socket."""
    socket = settings.capture.socket
    if socket is None:
        return
    missing = list(_missing(settings, places))
    if missing and str(socket) not in survey.listening:
        parts.later += [
            Later(
                f"the overlay of {change.file}.ldif ({change.why})",
                f"nobody listens at {socket}, and slapd refuses writes on people while nobody answers there",
                "start mamia capture (systemctl enable --now mamia-capture.socket mamia-capture.service) on the "
                "machine of slapd, then run mamia setup there again",
            )
            for change in missing
        ]
        return
    parts.add(missing)


def _missing(settings: Settings, places: Places) -> Iterator[Change]:
    above, below = _present(places)
    people, services = f"uid=x,{settings.people.base}", f"cn=x,{places.services_base}"
    branches = [people, services, *filter(None, [places.database.root_dn])]
    yield from _needed(above, _oracle(settings, places), branches, Subject.ORACLE)
    if not settings.capture.answer_only:
        yield from _needed(below, _capture(settings, places), [people, places.accounts[DECOY]], Subject.CAPTURE)


def _needed(present: Sequence[Overlay], record: Record, dns: Sequence[str], subject: Subject) -> Iterator[Change]:
    """Yield the Add of an overlay, or the correction of one that is there: an earlier version's knew people alone."""
    file, why = (ORACLE_FILE, WHY_ORACLE) if subject is Subject.ORACLE else (CAPTURE_FILE, WHY_CAPTURE)
    if not present:
        yield Change(subject, file, why, record, delete_entry(record.dn))
        return
    wanted = dict(record.attributes)
    operations = set(wanted[OPERATIONS][0].split())
    if all(any(_asks(overlay, dn, operations) for overlay in present) for dn in dns):
        return
    overlay = present[0]
    both = _word(f"{_read_pattern(overlay.entry.first(PATTERN))}|{_read_pattern(wanted[PATTERN][0])}")
    values = {OPERATIONS: wanted[OPERATIONS], PATTERN: (both,)}
    changed = {name: new for name, new in values.items() if overlay.entry.all(name) != new}
    new = [Modification("replace", name, value) for name, value in changed.items()]
    old = [Modification("replace", name, overlay.entry.all(name)) for name in changed]
    yield Change(subject, file, why, modify_entry(overlay.dn, *new), modify_entry(overlay.dn, *old))


def _asks(overlay: Overlay, dn: str, operations: set[str]) -> bool:
    """Return whether slapd asks by this overlay before the operations on `dn`."""
    pattern = _read_pattern(overlay.entry.first(PATTERN))
    if not operations <= set(" ".join(overlay.entry.all(OPERATIONS)).split()):
        return False
    try:
        return not pattern or bool(re.search(pattern, normal_dn(dn), re.IGNORECASE))
    except re.error:
        # POSIX knows forms that Python does not; whoever wrote one knows what it is for.
        return True


def _present(places: Places) -> tuple[tuple[Overlay, ...], tuple[Overlay, ...]]:
    """Return the overlays sock above and below ppolicy; slapd runs the highest number first."""
    policy = places.database.overlays_of("ppolicy")
    number = policy[0].number if policy else -1
    found = places.database.overlays_of("sock")
    return tuple(one for one in found if one.number > number), tuple(one for one in found if one.number < number)


def _oracle(settings: Settings, places: Places) -> Record:
    administrators = [places.database.root_dn] if places.database.root_dn else []
    branches = [*administrators, settings.people.base, places.services_base]
    pattern = f"(^|,)({'|'.join(dict.fromkeys(map(escaped, branches)))})$"
    return _overlay(f"olcOverlay=sock,{places.database.dn}", "sock", settings, "modify extended", pattern)


def _capture(settings: Settings, places: Places) -> Record:
    people, decoy = escaped(settings.people.base), escaped(places.accounts[DECOY])
    pattern = f"(,{people}|^{decoy})$"
    return _overlay(f"olcOverlay={{0}}sock,{places.database.dn}", "{0}sock", settings, "modify", pattern)


def _overlay(dn: str, name: str, settings: Settings, operations: str, pattern: str) -> Record:
    return add_entry(
        dn,
        objectClass=("olcOverlayConfig", "olcOvSocketConfig"),
        olcOverlay=name,
        olcDbSocketPath=str(settings.capture.socket),
        olcDbSocketExtensions=EXTENSIONS,
        olcOvSocketOps=operations,
        olcOvSocketDNpat=_word(pattern),
    )


def _word(pattern: str) -> str:
    """Return a pattern as one word of slapd's configuration, in quotes where it has a blank."""
    return quoted(pattern) if re.search(r"\s", pattern) else pattern


def _read_pattern(text: str) -> str:
    """Return the regular expression of an overlay, as slapd reads it; "" for all entries."""
    found = QUOTED.fullmatch(text)
    return found[1] if found else text
