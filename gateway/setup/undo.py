"""Take back what setup wrote, without opening secrets, locking people out or keeping slapd from starting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ldap3.core.exceptions import LDAPException

from gateway.account.errors import DirectoryMisconfigured
from gateway.ldap import ServerUnavailable, error_text
from gateway.setup.access import Access
from gateway.setup.journal import Journal, read_history
from gateway.setup.undo_configuration import (
    keep_schema_and_modules,
    undo_hash,
    undo_indices,
    undo_overlay,
    undo_sock,
)
from gateway.setup.undo_entries import undo_accounts, undo_class, undo_folders, undo_policies
from gateway.setup.undo_rules import undo_closings, undo_limits, undo_openings
from gateway.setup.undo_steps import Kept as Kept
from gateway.setup.undo_steps import Steps
from gateway.setup.undo_steps import UndoFailed as UndoFailed


@dataclass(frozen=True, slots=True)
class Undone:
    """What `undo` did."""

    removed: tuple[str, ...]
    """One sentence per write."""
    kept: tuple[Kept, ...]


def undo(
    folder: Path,
    access: Access,
    *,
    remove_people_data: bool = False,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Undone:
    """Take back what the runs of `apply` with this undo folder wrote, in stages; the closing rules go last.

    `remove_people_data`: people to whom setup gave our class lose the attributes that it allows (NUMEN, birth date)
    with it; otherwise the class stays on those who have such values. Raises UndoFailed.
    """
    try:
        steps = Steps(access, read_history(folder), Journal(folder), is_dry=dry_run, progress=progress)
    except (OSError, ValueError, KeyError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UndoFailed(f"{folder} holds nothing that can be undone, or may not be used: {reason}", ()) from None
    try:
        steps.require_administrator()
        # First what keeps writes from being done when its program is away, then what gives rights.
        undo_sock(steps)
        undo_openings(steps)
        undo_limits(steps)
        undo_accounts(steps)
        undo_class(steps, remove_data=remove_people_data)
        undo_overlay(steps)
        undo_hash(steps)
        undo_policies(steps)
        undo_folders(steps)
        undo_closings(steps)
        undo_indices(steps)
        keep_schema_and_modules(steps)
    except (LDAPException, OSError, ServerUnavailable, DirectoryMisconfigured) as error:
        raise UndoFailed(f"{error_text(error)}; what was done before stays", tuple(steps.removed)) from None
    return Undone(tuple(steps.removed), tuple(steps.kept))
