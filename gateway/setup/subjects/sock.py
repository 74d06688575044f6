"""The overlays by which slapd asks `mamia capture`. While nobody listens, slapd refuses writes: so they come last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.settings import Settings
from gateway.setup.changes import Change, Later, PlanParts, Subject
from gateway.setup.places import DECOY, Places
from gateway.setup.records import Record, add_entry, delete_entry
from gateway.setup.surveyed import Overlay, Survey, normal_dn

ORACLE_FILE, CAPTURE_FILE = "95-password-oracle", "96-capture"
WHY_ORACLE = (
    "slapd asks mamia capture before ppolicy judges a password; otherwise whoever can bind learns whether a guess "
    "at somebody's password is right."
)
WHY_CAPTURE = "slapd reports the passwords that other LDAP clients change, so that they reach the workstation."
EXTENSIONS = "binddn peername connid"


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
    if not above:
        record = _oracle(settings, places)
        yield Change(Subject.ORACLE, ORACLE_FILE, WHY_ORACLE, record, delete_entry(record.dn))
    if not below and not settings.capture.answer_only:
        record = _capture(settings, places)
        yield Change(Subject.CAPTURE, CAPTURE_FILE, WHY_CAPTURE, record, delete_entry(record.dn))


def _present(places: Places) -> tuple[tuple[Overlay, ...], tuple[Overlay, ...]]:
    """Return the overlays sock above and below ppolicy; slapd runs the highest number first."""
    policy = places.database.overlays_of("ppolicy")
    number = policy[0].number if policy else -1
    found = places.database.overlays_of("sock")
    return tuple(one for one in found if one.number > number), tuple(one for one in found if one.number < number)


def _oracle(settings: Settings, places: Places) -> Record:
    administrators = [places.database.root_dn] if places.database.root_dn else []
    branches = [*administrators, settings.people.base, places.services_base]
    pattern = f"(^|,)({'|'.join(_escaped(dn) for dn in dict.fromkeys(branches))})$"
    return _overlay(f"olcOverlay=sock,{places.database.dn}", "sock", settings, "modify extended", pattern)


def _capture(settings: Settings, places: Places) -> Record:
    people, decoy = _escaped(settings.people.base), _escaped(places.accounts[DECOY])
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
        olcOvSocketDNpat=pattern,
    )


def _escaped(dn: str) -> str:
    """Return a DN as slapd compares it, for a regular expression (POSIX, extended)."""
    return re.sub(r"([.*+?^$()\[\]{}|\\])", r"\\\1", normal_dn(dn))
