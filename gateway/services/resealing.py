"""Sealing of all recovery methods with the newest key, so that the older keys can be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gateway.account.recovery import SealedMethod
from gateway.protection.recovery_seal import RecoverySeals


class SealedMethods(Protocol):
    """All sealed methods of a directory; `directory/sealed_methods.py` reads and writes them."""

    def __iter__(self) -> Iterator[SealedMethod]:
        """Iterate over the methods of all people."""

    def replace(self, sealed: SealedMethod, new: bytes) -> bool:
        """Write `new` in the place of a method; return False if that was changed since it was read."""


@dataclass(slots=True)
class Resealed:
    """How many methods met which end."""

    renewed: int = 0
    current: int = 0
    unreadable: int = 0
    changed_meanwhile: int = 0

    @property
    def is_whole(self) -> bool:
        """Return whether the newest key seals every method."""
        return not (self.unreadable or self.changed_meanwhile)


def reseal(values: SealedMethods, seals: RecoverySeals) -> Resealed:
    """Seal each method with the newest key, unless it is already. Raises what `values` raises; then run it again."""
    done = Resealed()
    for sealed in values:
        if seals.is_current(sealed.value, sealed.uuid):
            done.current += 1
        elif (method := seals.open(sealed.value, sealed.uuid)) is None:
            done.unreadable += 1
        elif values.replace(sealed, seals.seal(method, sealed.uuid)):
            done.renewed += 1
        else:
            done.changed_meanwhile += 1
    return done
