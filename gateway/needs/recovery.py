"""What recovery methods need in the directory, as the gateway's account."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.needs import attributes
from gateway.needs.model import Access, Account, Part, Place, Right
from gateway.settings import Settings

PARTS = (Part.RECOVERY, Part.RESET, Part.ACCOUNT)


def rights(settings: Settings) -> Iterator[Right]:
    """Yield the rights that recovery methods need; none if the settings offer no methods."""
    if not settings.recovery.is_on:
        return
    why = "Methods are added, used and removed; they are sealed."
    yield Right(
        Account.GATEWAY, Place.PEOPLE, Access.READ | Access.WRITE, (attributes.RECOVERY,), PARTS, why
    )  # fmt: skip
    yield Right(
        Account.GATEWAY, Place.PEOPLE, Access.READ | Access.WRITE, (attributes.CLASS,), (Part.RECOVERY,),
        "An entry needs the class before it can have a method.", values=(attributes.RECOVERABLE,),
    )  # fmt: skip
