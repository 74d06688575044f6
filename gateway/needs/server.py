"""What a directory server must offer: controls, indices, overlays, password policies, search limits."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Account, Control, Index, Limit, Overlay, Part, PolicyEntry
from gateway.needs.people import filter_attributes
from gateway.needs.web import PASSWORDS, PEOPLE_PARTS
from gateway.settings import ResetMode, Settings

ASSERTION = "1.3.6.1.1.12"
POST_READ = "1.3.6.1.1.13.2"
PASSWORD_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"  # noqa: S105 - an OID
PAGED_RESULTS = "1.2.840.113556.1.4.319"
MAX_FOUND = 500
"""Entries that one search of the gateway's account may find."""
MAX_FOUND_BY_HELPDESK = 21
"""Entries that one search of the helpdesk's account may find."""
MAX_UNPAGED = 2
"""Entries in a search without pages of worker and listener: one, and a second one with the same login."""
PAGE_ENTRIES = 500
"""Entries per page of the worker's searches."""


def controls(settings: Settings) -> Iterator[Control]:
    """Yield the controls that are sent."""
    yield Control(
        ASSERTION, "assertion (RFC 4528)", PASSWORDS, "A change is written only where nothing changed since."
    )
    yield Control(
        PASSWORD_POLICY, "password policy (draft-behera-ldap-password-policy)", PASSWORDS,
        "The answer says why slapd refuses a password.",
    )  # fmt: skip
    yield Control(
        POST_READ, "post-read (RFC 4527)", PASSWORDS, "The answer tells the directory's time.", is_critical=False
    )
    if settings.workstation.targets:
        yield Control(PAGED_RESULTS, "paged results (RFC 2696)", (Part.WORKER,), "The worker reads all that waits.")
    if settings.reminders.is_on:
        yield Control(PAGED_RESULTS, "paged results (RFC 2696)", (Part.REMINDERS,), "Reminders look at everybody.")


def indices(settings: Settings) -> Iterator[Index]:
    """Yield one index per attribute of the filters that are sent."""
    people = settings.people
    workstation = settings.workstation
    filters = filter_attributes(people.filter, workstation.filter if workstation.targets else "")
    names = (
        attributes.CLASS, people.login, people.surname, people.given_name, people.birth_name, people.birth_date,
        *((people.mail,) if people.mail_as_login else ()), *filters, attributes.IDENTITY,
    )  # fmt: skip
    yield from (Index(name, "eq", PEOPLE_PARTS) for name in dict.fromkeys(names))
    if workstation.targets:
        yield Index(attributes.SECRET, "pres", (Part.WORKER,))
        yield Index(attributes.STATE, "pres,eq", (Part.WORKER,))


def overlays(settings: Settings) -> Iterator[Overlay]:
    """Yield the overlays of the database that has the people."""
    yield Overlay("ppolicy", PASSWORDS, "slapd hashes, judges and locks, with olcPPolicyHashCleartext: TRUE.")
    if settings.capture.socket:
        yield Overlay("sock", (Part.ORACLE,), "Above ppolicy: slapd asks for the right to write before it judges.")
    if settings.capture.socket and not settings.capture.answer_only:
        yield Overlay("sock", (Part.LISTENER,), "Below ppolicy: slapd reports passwords that other clients change.")


def policies(settings: Settings) -> Iterator[PolicyEntry]:
    """Yield the password policies that must exist."""
    default = settings.directory.default_policy or ""
    yield PolicyEntry("people", default, PASSWORDS, "olcPPolicyDefault: lock-out, history and length.")
    yield PolicyEntry("service accounts", "", (Part.CHECK,), "Without lock-out and without expiry.")
    yield PolicyEntry("the decoy", "", (Part.RESET,), "It records failures as people's do, and never locks.")
    if settings.reset.mode is ResetMode.INITIAL:
        policy = str(settings.reset.initial_policy)
        yield PolicyEntry("an initial password", policy, (Part.INITIAL_PASSWORD,), "Without history, for one write.")


def limits(settings: Settings) -> Iterator[Limit]:
    """Yield the search limits of the service accounts, so that a stolen password cannot read everybody."""
    yield Limit(Account.GATEWAY, MAX_FOUND, 0, 5, "Find reads the people who were born on one day.")
    if settings.workstation.targets and settings.workstation.bind_dn:
        yield Limit(Account.WORKER, MAX_UNPAGED, PAGE_ENTRIES, 60, "What waits is read page by page.")
    if settings.helpdesk.is_on:
        yield Limit(
            Account.HELPDESK, MAX_FOUND_BY_HELPDESK, 0, 5, "A search shows 20 people, and whether there are more."
        )
    if settings.reminders.is_on:
        yield Limit(Account.REMINDERS, MAX_UNPAGED, PAGE_ENTRIES, 300, "Everybody is read page by page, once a day.")
    if settings.capture.socket and not settings.capture.answer_only:
        yield Limit(Account.LISTENER, MAX_UNPAGED, 0, 5, "It reads the entry of one operation.")
