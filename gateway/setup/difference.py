"""Show a plan: as text for people, and as one folder of LDIF made for this directory."""

from __future__ import annotations

from pathlib import Path

from gateway.setup.changes import Plan


def difference(plan: Plan) -> str:
    """Return what a plan would change, for a terminal: "+" adds, "-" removes, with a reason for each change."""
    raise NotImplementedError


def write_folder(plan: Plan, folder: Path) -> tuple[Path, ...]:
    """Write the plan's LDIF into `folder`, which is made (0700), and return the files in the order to load them.

    Passwords are not in them: @GATEWAY_PASSWORD@ and so on are in their paths. Files of a former plan with our names
    are removed. Raises OSError.
    """
    raise NotImplementedError
