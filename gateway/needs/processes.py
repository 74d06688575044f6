"""What worker, listener, metrics and commands need in the directory."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.needs.people import filter_rights, nt_attributes, proof_attributes
from gateway.needs.web import group_rights
from gateway.settings import Settings

SENT = f"(|({attributes.STATE}=*)({attributes.SECRET}=*))"
"""People to whom something was sent."""
WAITING = f"({attributes.SECRET}=*)"
OPERATION_ATTRIBUTES = ("entry", "children", "objectClass", "cn", "monitorOpCompleted")
CONNECTION_ATTRIBUTES = ("entry", "objectClass", "monitorConnectionAuthzDN", "monitorConnectionPeerAddress")
CONFIGURATION_ATTRIBUTES = (
    "entry", "children", "objectClass", "olcDatabase", "olcSuffix", "olcOverlay", "olcPPolicyDefault",
    "olcPPolicyHashCleartext", "olcPPolicyUseLockout", "olcPasswordHash", "olcDbIndex", "olcLastBind", "olcReadOnly",
)  # fmt: skip
"""Attributes of cn=config that show how slapd treats passwords, and no secret."""
SOCK_ATTRIBUTES = ("olcDbSocketPath", "olcOvSocketDNpat")
"""The same of the overlay sock; slapd knows them once the module back_sock is loaded."""


STAFF_ATTRIBUTES = ("cn", "displayName", "departmentNumber", "employeeType")
"""Attributes of staff that only the import uses (RFC 2798)."""


def gateways_rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of the gateway's account beyond those of the pages."""
    check = (Part.CHECK,)
    shown = (attributes.ENTRY, attributes.CLASS, attributes.CONTEXT_CSN)
    yield Right(
        Account.GATEWAY, Place.SUFFIX, Access.READ, shown, (*check, Part.CHANGE),
        "A server that has come back serves only when it holds every change.",
    )  # fmt: skip
    why = "mamia check reads how slapd hashes and judges passwords."
    yield Right(Account.GATEWAY, Place.CONFIGURATION, Access.READ, CONFIGURATION_ATTRIBUTES, check, why)
    if settings.capture.socket:
        why = "mamia check compares the overlay's socket and entries with the settings."
        parts = (Part.CHECK, Part.ORACLE)
        yield Right(Account.GATEWAY, Place.CONFIGURATION, Access.READ, SOCK_ATTRIBUTES, parts, why)
    if settings.directory.monitor:
        parts = (Part.METRICS, Part.CHECK)
        yield Right(
            Account.GATEWAY, Place.OPERATIONS, Access.READ, OPERATION_ATTRIBUTES, parts,
            "An alert compares what slapd did with what the gateway asked for.",
        )  # fmt: skip
        yield Right(
            Account.GATEWAY, Place.CONNECTIONS, Access.READ, CONNECTION_ATTRIBUTES, parts,
            "An alert shows a service account that is used from elsewhere.",
        )  # fmt: skip


def workers_rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of `mamia sync`."""
    if not settings.workstation.targets or settings.workstation.bind_dn is None:
        return
    yield from _of_outbox(settings)
    yield from _of_moved_entries(settings)
    yield from group_rights(Account.WORKER, (Part.WORKER,), settings)
    parts = (Part.WORKER,)
    shown = (attributes.ENTRY, attributes.CLASS, attributes.CONTEXT_CSN)
    yield Right(
        Account.WORKER, Place.OWN, Access.READ | Access.WRITE, (attributes.TOKEN, attributes.ENTRY), parts,
        "The worker notices that the directory was restored from a backup.",
    )  # fmt: skip
    yield Right(
        Account.WORKER, Place.SUFFIX, Access.READ, shown, parts,
        "A server that has come back serves only when it holds every change.",
    )  # fmt: skip


def _of_outbox(settings: Settings) -> Iterator[Right]:
    people, parts = settings.people, (Part.WORKER,)
    both = Access.READ | Access.WRITE
    outbox = (attributes.SECRET, attributes.STATE, attributes.LEASE)
    yield _on_people(Account.WORKER, both, outbox, parts, "The worker takes what waits and records the delivery.")
    seen = (attributes.ENTRY, attributes.CLASS, attributes.IDENTITY, attributes.MODIFIED_AT, people.login)
    yield _on_people(Account.WORKER, Access.READ, seen, parts, "The worker finds out whose password it is.")
    yield from filter_rights(Account.WORKER, parts, settings)
    times = (attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.LOCKED_UNTIL)
    yield Right(
        Account.WORKER, Place.PEOPLE, Access.READ, times, parts,
        "A password that is not in force any more is not delivered.", condition=SENT,
    )  # fmt: skip
    if settings.capture.socket:
        yield _on_people(
            Account.WORKER, Access.READ | Access.WRITE, (attributes.ENTRY,), (Part.ORACLE, *parts),
            "The overlay sock asks for it before each write.",
        )  # fmt: skip


def _of_moved_entries(settings: Settings) -> Iterator[Right]:
    parts, why = (Part.WORKER,), "What waits in an entry that was moved is seen, and erased unread."
    outbox = (attributes.SECRET, attributes.STATE, attributes.LEASE)
    yield Right(
        Account.WORKER, Place.ANYWHERE, Access.SEARCH | Access.WRITE, outbox, parts, why, condition=WAITING
    )  # fmt: skip
    yield Right(Account.WORKER, Place.ANYWHERE, Access.SEARCH, (attributes.SECRET,), parts, why)
    seen = (attributes.ENTRY, attributes.CLASS, attributes.IDENTITY, settings.people.login)
    yield Right(Account.WORKER, Place.ANYWHERE, Access.READ, seen, parts, why, condition=WAITING)


def listeners_rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of `mamia capture`."""
    capture, people = settings.capture, settings.people
    if capture.socket is None or capture.answer_only:
        return
    parts = (Part.LISTENER,)
    why = "The overlay sock asks for it before each write."
    yield _on_people(Account.LISTENER, Access.READ | Access.WRITE, (attributes.ENTRY,), (Part.ORACLE, *parts), why)
    why = "The listener finds out whether the password is in force."
    yield _on_people(Account.LISTENER, Access.COMPARE, (attributes.PASSWORD,), parts, why)
    seen = (attributes.CLASS, attributes.IDENTITY, attributes.VERSION, people.login)
    yield _on_people(Account.LISTENER, Access.READ, seen, parts, "The listener finds out whose password it is.")
    yield from filter_rights(Account.LISTENER, parts, settings)
    outbox = (attributes.SECRET, attributes.STATE)
    yield _on_people(Account.LISTENER, Access.WRITE, outbox, parts, "The sealed password waits there for the worker.")
    if written := nt_attributes(settings):
        yield _on_people(
            Account.LISTENER, Access.WRITE, written, (Part.SAMBA_NT, *parts), "They follow the captured password."
        )
    yield from group_rights(Account.LISTENER, parts, settings)


def _on_people(account: Account, access: Access, names: tuple[str, ...], parts: tuple[Part, ...], why: str) -> Right:
    return Right(account, Place.PEOPLE, access, names, parts, why)


def operators_rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of the person who runs `mamia people import` or `mamia account unlock`."""
    people, both = settings.people, Access.READ | Access.WRITE
    yield Right(
        Account.OPERATOR, Place.PEOPLE, both, (attributes.LOCKED_AT,), (Part.ACCOUNT, Part.IMPORT),
        "A lock is lifted, and a leaver's account is closed.",
    )  # fmt: skip
    names = (
        people.login, people.surname, people.birth_name, people.given_name, people.mail, people.birth_date,
        *proof_attributes(people), *STAFF_ATTRIBUTES,
    )  # fmt: skip
    why = "Entries are compared with the file, added and changed."
    yield Right(Account.OPERATOR, Place.PEOPLE, both, names, (Part.IMPORT,), why)
    written = (attributes.PASSWORD, attributes.MUST_CHANGE, attributes.CLASS, "children")
    why = "A new entry has an initial password, which must be changed."
    yield Right(Account.OPERATOR, Place.PEOPLE, Access.WRITE, written, (Part.IMPORT,), why)
    if settings.recovery.is_on:
        why = "Recovery methods of leavers are erased, and those of all people sealed with the newest key."
        yield Right(Account.OPERATOR, Place.PEOPLE, both, (attributes.RECOVERY,), (Part.IMPORT,), why)
    taken = (people.login, people.mail, *proof_attributes(people))
    why = "A login, an address or a number that another entry has is not given away."
    yield Right(Account.OPERATOR, Place.ANYWHERE, Access.READ, taken, (Part.IMPORT,), why)
