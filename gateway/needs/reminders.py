"""What the account of `mamia remind` needs in the directory."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.needs.people import filter_rights
from gateway.needs.web import group_rights
from gateway.settings import Settings

PARTS = (Part.REMINDERS,)


def rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of `mamia remind`; none without its account."""
    if not settings.reminders.is_on:
        return
    yield from _to_read(settings)
    yield from _to_record(settings)
    yield from group_rights(Account.REMINDERS, PARTS, settings)
    yield Right(
        Account.REMINDERS, Place.POLICIES, Access.READ, ("*",), PARTS,
        "A password ends by the policy of the person.",
    )  # fmt: skip
    shown = (attributes.ENTRY, attributes.CLASS, attributes.CONTEXT_CSN)
    yield Right(
        Account.REMINDERS, Place.SUFFIX, Access.READ, shown, PARTS,
        "A server that has come back serves only when it holds every change.",
    )  # fmt: skip


def _to_read(settings: Settings) -> Iterator[Right]:
    people = settings.people
    seen = (attributes.CLASS, attributes.IDENTITY, people.login)
    yield _on_people(Access.READ, seen, "A reminder names the login, and is recorded for the entry.")
    yield from filter_rights(Account.REMINDERS, PARTS, settings)
    mails = (people.mail, *filter(None, (people.private_mail, people.preferred_language)))
    yield _on_people(Access.READ, mails, "Reminders go there, in the person's language.")
    times = (
        attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.STARTS_AT, attributes.ENDS_AT, attributes.POLICY,
        attributes.MUST_CHANGE,
    )  # fmt: skip
    yield _on_people(Access.READ, times, "They say when a password ends, and whether the account is open.")


def _to_record(settings: Settings) -> Iterator[Right]:
    both = Access.READ | Access.WRITE
    why = "A reminder is recorded before it is sent, so that nobody gets it twice."
    yield _on_people(both, (attributes.REMINDED,), why)
    yield Right(
        Account.REMINDERS, Place.PEOPLE, both, (attributes.CLASS,), PARTS,
        "An entry needs the class before it can have a record.", values=(attributes.RECOVERABLE,),
    )  # fmt: skip
    why = "The digest is recorded too, in the account's own entry."
    # Without the overlay this right alone lets nobody write anything: the rules are the same with it and without.
    sock = "Entries are found; the overlay sock asks for the right to write before each write."
    yield Right(Account.REMINDERS, Place.OWN, both, (attributes.REMINDED, attributes.ENTRY), PARTS, why)
    yield _on_people(both, (attributes.ENTRY,), sock)


def _on_people(access: Access, names: tuple[str, ...], why: str) -> Right:
    return Right(Account.REMINDERS, Place.PEOPLE, access, names, PARTS, why)
