"""The attributes of people that pages and processes read, in the names of the settings."""

from __future__ import annotations

from gateway.needs import attributes
from gateway.settings import People


def person_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes of a person that pages show and notifications use."""
    return (
        people.login, people.surname, people.birth_name, people.given_name, people.mail, attributes.MUST_CHANGE,
        *filter(None, (people.private_mail, people.phone, people.preferred_language)),
    )  # fmt: skip


def state_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that say whether an account is open, which policy it has, and which write was its last."""
    return (
        attributes.IDENTITY, attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.STARTS_AT, attributes.ENDS_AT,
        attributes.POLICY, attributes.LOCKED_UNTIL, attributes.LAST_SUCCESS,
        *filter(None, (people.password_stamp,)),
    )  # fmt: skip


def outbox_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that the worker reads of everybody to whom something was sent."""
    return (people.login, attributes.IDENTITY, attributes.SECRET, attributes.STATE, attributes.LEASE)


def proof_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes of the numbers by which people prove who they are, each once."""
    return tuple(dict.fromkeys(proof.attribute for proof in people.proofs.values()))


def filter_attributes(*filters: str) -> tuple[str, ...]:
    """Return the attributes that the filters name, each once."""
    return tuple(dict.fromkeys(name for one in filters for name in attributes.attributes_in(one)))


def secret_attributes(people: People) -> tuple[str, ...]:
    """Return the attributes that only their owner and our accounts may read, in the names of the settings."""
    named = (*proof_attributes(people), people.birth_date, people.private_mail)
    return tuple(dict.fromkeys(filter(None, named)))
