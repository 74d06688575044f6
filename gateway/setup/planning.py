"""Compare a directory with what the settings need, and list what is missing."""

from __future__ import annotations

from gateway.settings import Settings
from gateway.setup.access import Access
from gateway.setup.changes import Options, Plan
from gateway.setup.survey import Survey


def survey_and_plan(settings: Settings, access: Access, options: Options | None = None) -> tuple[Survey, Plan]:
    """Read the directory, and list what it lacks. Changes nothing.

    Raises ServerUnavailable, DirectoryMisconfigured, LDAPException, OSError as `survey` does.
    """
    raise NotImplementedError


def plan(settings: Settings, survey: Survey, options: Options | None = None) -> Plan:
    """Return what the surveyed directory lacks, in the order in which it is safe to write it.

    The survey must be one of `survey_and_plan`, which also reads the entries that the settings name. A plan whose
    `problems` are not empty cannot be applied.
    """
    raise NotImplementedError
