"""`mamia settings --migrate FILE`: write a copy of a settings file with the present names of all settings."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.settings.migration import Migration, MigrationError, migrate


def migrate_file(arguments: argparse.Namespace) -> int:
    """Write FILE.new beside FILE, print what was renamed, and return the exit code.

    FILE itself stays: the version that is running still reads it. Raises CommandFailed.
    """
    former: Path = arguments.migrate
    new = former.with_name(former.name + ".new")
    try:
        migration = migrate(former.read_text(encoding="utf-8"))
        _write_beside(former, new, migration.text)
    except MigrationError as error:
        raise CommandFailed(f"{former}: {error}", ErrorKind.SETTINGS) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{former}: {error}", ErrorKind.FILE) from None
    if arguments.json:
        print_json({"file": str(new), "renamed": migration.renamed, "removed": migration.removed})
    else:
        _print(migration, new)
    return ExitCode.PROBLEM if migration.removed else ExitCode.DONE


def _write_beside(former: Path, new: Path, text: str) -> None:
    """Write a new file that the same people can read. It may hold passwords, as the former one may."""
    held = former.stat()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
        if os.geteuid() == 0:
            os.fchown(descriptor, held.st_uid, held.st_gid)
        os.fchmod(descriptor, held.st_mode & 0o777)


def _print(migration: Migration, new: Path) -> None:
    for old, present in migration.renamed.items():
        print(f"{old}: is {present} now")
    for name, why in migration.removed.items():
        print(f"{name}: {why}; take it out by hand")
    print(f"{new}: the settings with their present names; check them: mamia check --config {new}")
