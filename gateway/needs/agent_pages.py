"""What the helpdesk's account needs in the directory for the pages of its agents."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.needs.people import filter_attributes
from gateway.settings import Settings

PARTS = (Part.AGENT_PAGES,)
READ_AND_WRITE = Access.READ | Access.WRITE
READ_AND_REMOVE = Access.READ | Access.DELETE


def rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights of the pages; none if the settings name no agents.

    Neither proofs nor birth dates nor what is sealed for a workstation is among what the account may read.
    """
    if not settings.helpdesk.has_pages:
        return
    yield from _to_show(settings)
    yield from _to_change(settings)
    yield from _to_know_agents(settings)


def _to_show(settings: Settings) -> Iterator[Right]:
    people = settings.people
    names = (people.surname, people.given_name, people.birth_name, people.mail)
    yield _right(Access.READ, names, "Agents search people by name and mail address, and see both.")
    reached = tuple(filter(None, (people.private_mail, people.phone, people.preferred_language)))
    if reached:
        yield _right(Access.READ, reached, "Pages show them masked; people are told there what an agent did.")
    times = (
        attributes.CHANGED_AT, attributes.LOCKED_AT, attributes.STARTS_AT, attributes.ENDS_AT,
        attributes.LOCKED_UNTIL, attributes.LAST_SUCCESS, attributes.POLICY, attributes.MUST_CHANGE,
        attributes.MODIFIED_AT,
    )  # fmt: skip
    yield _right(Access.READ, times, "Agents see whether an account is open, locked or closed, and until when.")
    why = "They say how long a lock lasts, and when a password expires."
    yield Right(Account.HELPDESK, Place.POLICIES, Access.READ, ("*",), PARTS, why)


def _to_change(settings: Settings) -> Iterator[Right]:
    yield _right(READ_AND_REMOVE, (attributes.LOCKED_AT,), "An agent lifts a lock-out, and can set none.")
    yield _right(READ_AND_WRITE, (attributes.MUST_CHANGE,), "An agent requires a new password.")
    if settings.workstation.targets:
        why = "An agent sees a delivery, has it tried again or gives it up."
        yield _right(READ_AND_WRITE, (attributes.STATE,), why)
        yield _right(Access.DELETE, (attributes.SECRET,), "A delivery that is given up is erased unread.")


def _to_know_agents(settings: Settings) -> Iterator[Right]:
    helpdesk = settings.helpdesk
    if names := filter_attributes(helpdesk.agents_filter):
        why = "Agents are told by it."
        yield Right(
            Account.HELPDESK, Place.PEOPLE, Access.SEARCH | Access.COMPARE, names, PARTS, why,
            setting="helpdesk.agents_filter",
        )  # fmt: skip
    if helpdesk.agents_group or settings.people.protected_groups or settings.people.protected_filter:
        why = "A group that is missing is noticed."
        yield Right(Account.HELPDESK, Place.GROUPS, Access.READ, (attributes.ENTRY,), PARTS, why)
        names = (attributes.CLASS, *attributes.MEMBERS)
        why = "Members are protected, or agents; nobody reads the list."
        yield Right(Account.HELPDESK, Place.GROUPS, Access.COMPARE, names, PARTS, why)


def _right(access: Access, names: tuple[str, ...], why: str) -> Right:
    return Right(Account.HELPDESK, Place.PEOPLE, access, names, PARTS, why)
