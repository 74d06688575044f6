"""`mamia settings`: print every setting with its form, default and meaning, or migrate a settings file."""

from __future__ import annotations

import argparse

from gateway.cli.exit_codes import ExitCode
from gateway.cli.output import print_json
from gateway.cli.settings_migration import migrate_file
from gateway.settings.reference import SectionReference, SettingReference, reference, sections


def run(arguments: argparse.Namespace) -> int:
    """Print the reference of all settings, or migrate a file, and return the exit code. Raises CommandFailed."""
    if arguments.migrate:
        return migrate_file(arguments)
    if arguments.json:
        print_json([_as_json(section, one) for section in sections() for one in section.settings])
    else:
        print(reference(), end="")
    return ExitCode.DONE


def _as_json(section: SectionReference, setting: SettingReference) -> dict[str, object]:
    return {
        "section": section.name,
        "target_type": section.target_type or None,
        "key": setting.key,
        "form": setting.form,
        "default": setting.default or None,
        "required": setting.is_required,
        "meaning": setting.meaning,
    }
