"""The attributes of people that pages and processes read, in the names of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.settings import People, Settings


def person_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes of a person that pages show and notifications use."""
    return (
        people.login, people.surname, people.birth_name, people.given_name, people.mail, attributes.MUST_CHANGE,
        *filter(None, (people.private_mail, people.phone, people.preferred_language)),
    )  # fmt: skip


def state_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that say whether an account is open, its policy, and which write was the last one."""
    return (
        attributes.IDENTITY, attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.STARTS_AT, attributes.ENDS_AT,
        attributes.POLICY, attributes.LOCKED_UNTIL, attributes.LAST_SUCCESS,
        *filter(None, (people.password_stamp,)),
    )  # fmt: skip


def outbox_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that the worker reads of everybody to whom something was sent."""
    return (people.login, attributes.IDENTITY, attributes.SECRET, attributes.STATE, attributes.LEASE)


def reminder_attributes() -> tuple[str, ...]:
    """Return the attributes that say when a password ends, and which reminder was sent last."""
    return (
        attributes.IDENTITY, attributes.CLASS, attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.STARTS_AT,
        attributes.ENDS_AT, attributes.POLICY, attributes.REMINDED,
    )  # fmt: skip


def proof_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes of the numbers by which people prove who they are, each once."""
    return tuple(dict.fromkeys(proof.attribute for proof in people.proofs.values()))


def filter_attributes(*filters: str) -> tuple[str, ...]:
    """Return the attributes that the filters name, each once."""
    return tuple(dict.fromkeys(name for one in filters for name in attributes.attributes_in(one)))


def filter_rights(account: Account, parts: tuple[Part, ...], settings: Settings) -> Iterator[Right]:
    """Yield the rights to the attributes of the settings' filters, by which people are found."""
    people, workstation = settings.people, settings.workstation
    filters = {
        "people.filter": people.filter,
        "people.protected_filter": people.protected_filter,
        "workstation.filter": workstation.filter if workstation.targets else "",
        "helpdesk.four_eyes_filter": settings.helpdesk.four_eyes_filter if account is Account.GATEWAY else "",
    }
    for setting, filter_ in filters.items():
        if names := filter_attributes(filter_):
            why = f"{setting} uses them."
            yield Right(account, Place.PEOPLE, Access.READ, names, parts, why, setting=setting)


def secret_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that only their owner and our accounts may read, in the names of the settings.

    The professional address is for everybody to read, also where it is named as the private one.
    """
    private_mail = "" if people.private_mail.lower() == people.mail.lower() else people.private_mail
    named = (*proof_attributes(people), people.birth_date, private_mail)
    return tuple(dict.fromkeys(filter(None, named)))


def nt_attributes(settings: Settings) -> tuple[str, ...]:
    """Return what is written for Samba NT workstations, together with the password; () without such a target."""
    nt = [target for target in settings.workstation.targets.values() if target.type == "samba_nt"]
    posix = any(target.posix for target in nt if target.type == "samba_nt")
    if not nt:
        return ()
    return (attributes.NT_HASH, attributes.NT_CHANGED_AT, *((attributes.POSIX_CHANGED_AT,) if posix else ()))
