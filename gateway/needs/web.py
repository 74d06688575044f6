"""What the pages and the API need in the directory, as the gateway's account."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.needs.people import filter_rights, nt_attributes, proof_attributes
from gateway.settings import ResetMode, Settings

PASSWORDS = (Part.RESET, Part.CHANGE)
PEOPLE_PARTS = (Part.FIND, *PASSWORDS)


def rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of the gateway's account that the settings need."""
    yield from _to_find(settings)
    yield from _to_judge(settings)
    yield from _to_verify(settings)
    yield from _to_set_passwords(settings)
    yield from _for_workstations(settings)
    yield from _to_accept_charter(settings)
    yield from _on_groups(settings)


def _right(
    access: Access, names: tuple[str, ...], parts: tuple[Part, ...], why: str, values: tuple[str, ...] = ()
) -> Right:
    return Right(Account.GATEWAY, Place.PEOPLE, access, names, parts, why, values=values)


def _to_find(settings: Settings) -> Iterator[Right]:
    people = settings.people
    seen = (attributes.ENTRY, attributes.CLASS, people.login)
    yield _right(Access.READ, seen, PEOPLE_PARTS, "Entries are found by class and login.")
    yield from filter_rights(Account.GATEWAY, PEOPLE_PARTS, settings)
    names = (people.surname, people.given_name, people.birth_name, people.mail)
    yield _right(Access.READ, names, PEOPLE_PARTS, "Find searches by names and shows them; no password holds them.")
    yield _right(
        Access.SEARCH | Access.COMPARE, (people.birth_date,), (Part.FIND, Part.RESET),
        "Find searches by the birth date and a reset compares it; nobody reads it.",
    )  # fmt: skip
    if people.private_mail:
        parts = (Part.NOTIFICATIONS, Part.SECOND_FACTOR)
        yield _right(Access.READ, (people.private_mail,), parts, "Notifications and codes go there.")
    if people.phone:
        parts = (Part.SECOND_FACTOR, Part.RECOVERY)
        yield _right(Access.READ, (people.phone,), parts, "Codes go there, and notices about recovery methods.")
    if people.preferred_language:
        yield _right(Access.READ, (people.preferred_language,), (Part.NOTIFICATIONS,), "Mails use the language.")


def _to_judge(settings: Settings) -> Iterator[Right]:
    times = (
        attributes.LOCKED_AT, attributes.CHANGED_AT, attributes.STARTS_AT, attributes.ENDS_AT,
        attributes.LOCKED_UNTIL, attributes.LAST_SUCCESS,
    )  # fmt: skip
    parts = (*PASSWORDS, Part.ACCOUNT)
    yield _right(Access.READ, times, parts, "A closed account stays closed, and a locked one is recognised.")
    yield _right(Access.READ, (attributes.POLICY,), parts, "It names the person's password policy.")
    yield _right(Access.READ, (attributes.IDENTITY, attributes.MODIFIED_AT), PASSWORDS, "They identify a write.")
    yield Right(
        Account.GATEWAY, Place.POLICIES, Access.READ, ("*",), parts, "The pages keep to the person's password policy."
    )
    own = (attributes.ENTRY, attributes.CLASS, attributes.LAST_SUCCESS)
    yield Right(
        Account.GATEWAY, Place.ACCOUNTS, Access.READ, (*own, attributes.POLICY), (*parts, Part.CHECK),
        "They show whether slapd records logins, and whether a service account could expire.",
    )  # fmt: skip


def _to_verify(settings: Settings) -> Iterator[Right]:
    numbers = proof_attributes(settings.people)
    yield _right(Access.COMPARE, numbers, (Part.RESET,), "A reset compares the number; nobody reads it.")
    yield Right(
        Account.GATEWAY, Place.DECOY, Access.COMPARE, tuple(dict.fromkeys((*numbers, settings.people.birth_date))),
        (Part.RESET,), "An unknown login takes as long as a known one.",
    )  # fmt: skip


def _to_set_passwords(settings: Settings) -> Iterator[Right]:
    people, both = settings.people, Access.READ | Access.WRITE
    yield _right(Access.WRITE, (attributes.PASSWORD,), PASSWORDS, "The new password is written; no hash is read.")
    yield _right(both, (attributes.MUST_CHANGE,), PASSWORDS, "It marks a password that must be changed.")
    if people.password_stamp:
        yield _right(both, (people.password_stamp,), PASSWORDS, "A delayed write cannot undo a newer password.")
    if settings.reset.mode is ResetMode.INITIAL:
        yield _right(
            both, (attributes.POLICY,), (Part.INITIAL_PASSWORD,),
            "The entry has a policy without history for one write, then its own again.",
            values=(str(settings.reset.initial_policy),),
        )  # fmt: skip
    if settings.capture.socket:
        yield _right(
            Access.READ | Access.WRITE, (attributes.ENTRY,), (Part.ORACLE, *PASSWORDS),
            "The overlay sock asks for it before each write.",
        )  # fmt: skip


def _to_accept_charter(settings: Settings) -> Iterator[Right]:
    if not settings.charter.is_on:
        return
    both = Access.READ | Access.WRITE
    why = "The version that a person accepts is written together with the password."
    yield _right(both, (attributes.CHARTER,), (Part.CHARTER, *PASSWORDS), why)
    why = "An entry needs the class before it can have that version."
    yield _right(both, (attributes.CLASS,), (Part.CHARTER, *PASSWORDS), why, values=(attributes.RECOVERABLE,))


def _for_workstations(settings: Settings) -> Iterator[Right]:
    if not settings.workstation.targets:
        if settings.capture.socket:
            why = "mamia check deletes a value that nobody has, and slapd must ask the listener about it."
            yield _right(Access.WRITE, (attributes.STATE,), (Part.CHECK,), why)
        return
    parts = (*PASSWORDS, Part.RESULT)
    yield _right(Access.WRITE, (attributes.SECRET,), PASSWORDS, "The sealed password waits there for the worker.")
    yield _right(Access.READ | Access.WRITE, (attributes.STATE,), parts, "The result page shows the delivery.")
    if written := nt_attributes(settings):
        yield _right(Access.WRITE, written, (Part.SAMBA_NT,), "They are written together with the password.")


def _on_groups(settings: Settings) -> Iterator[Right]:
    yield from group_rights(Account.GATEWAY, PEOPLE_PARTS, settings)


def group_rights(account: Account, parts: tuple[Part, ...], settings: Settings) -> Iterator[Right]:
    """Yield the rights by which an account finds out who is protected, without reading the members."""
    if not (settings.people.protected_groups or settings.people.protected_filter):
        return
    yield Right(account, Place.GROUPS, Access.READ, (attributes.ENTRY,), parts, "A group that is missing is noticed.")
    names = (attributes.CLASS, *attributes.MEMBERS)
    yield Right(account, Place.GROUPS, Access.COMPARE, names, parts, "Members are protected; nobody reads the list.")
