"""The places that people's new passwords go to: one file a target, one line here, one section of the settings."""

from __future__ import annotations

from gateway.settings import Workstation
from gateway.workstation.ports import JoinedTarget, Target


def delivered_targets(workstation: Workstation) -> dict[str, Target]:
    """The targets that the worker delivers to, by name."""
    return {}


def joined_targets(workstation: Workstation) -> list[JoinedTarget]:
    """The targets whose attributes join the Modify of the password."""
    return []
