"""What the helpdesk's account needs in the directory, and what the gateway's needs for the helpdesk's codes."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.needs.people import filter_rights
from gateway.settings import Settings

CODE = (Part.RESET_CODE,)
USES = (Part.RESET_CODE, Part.RESET)


def rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights that a code of the helpdesk needs; none without the helpdesk's account."""
    if not settings.helpdesk.is_on:
        return
    yield from _to_use_codes()
    yield from _to_give_codes(settings)


def _to_use_codes() -> Iterator[Right]:
    """The gateway removes a code and can write none, so a stolen password of its account gives nobody a code."""
    compared = Access.COMPARE | Access.SEARCH
    yield Right(
        Account.GATEWAY, Place.PEOPLE, compared | Access.DELETE, (attributes.RESET_CODE,), USES,
        "A reset compares the code's hash and removes it with the new password; nobody reads it.",
    )  # fmt: skip
    yield Right(
        Account.GATEWAY, Place.PEOPLE, Access.READ | Access.DELETE, (attributes.RESET_CODE_UNTIL,), USES,
        "A code has an end.",
    )  # fmt: skip
    why = "An unknown login takes as long as a known one."
    yield Right(Account.GATEWAY, Place.DECOY, Access.COMPARE, (attributes.RESET_CODE,), USES, why)


def _to_give_codes(settings: Settings) -> Iterator[Right]:
    seen = (attributes.CLASS, attributes.IDENTITY, settings.people.login)
    yield _helpdesk(Access.READ, seen, "The helpdesk finds out whose entry it is.")
    # Without the overlay this right alone lets nobody write anything: the rules are the same with it and without.
    why = "Entries are found; the overlay sock asks for the right to write before each write."
    yield _helpdesk(Access.READ | Access.WRITE, (attributes.ENTRY,), why)
    yield from filter_rights(Account.HELPDESK, CODE, settings)
    compared = Access.COMPARE | Access.SEARCH
    why = "The hash of a code is written or removed; nobody reads it."
    yield _helpdesk(compared | Access.WRITE, (attributes.RESET_CODE,), why)
    yield _helpdesk(Access.READ | Access.WRITE, (attributes.RESET_CODE_UNTIL,), "A code has an end.")
    yield _helpdesk(
        Access.READ | Access.WRITE, (attributes.CLASS,), "An entry needs the class before it can have a code.",
        (attributes.RECOVERABLE,),
    )  # fmt: skip


def _helpdesk(access: Access, names: tuple[str, ...], why: str, values: tuple[str, ...] = ()) -> Right:
    return Right(Account.HELPDESK, Place.PEOPLE, access, names, CODE, why, values=values)
