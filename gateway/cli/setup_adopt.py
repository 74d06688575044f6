"""`mamia setup --adopt FOLDER`: make the undo folder of a directory that was set up without `mamia setup`."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.cli.setup_answers import directory_side
from gateway.cli.terminal import printable
from gateway.ldap import error_text
from gateway.settings.loader import load
from gateway.setup import AdoptRefused, adopt
from gateway.setup.answers import Answers, AnswersError, read_answers
from gateway.setup.console import Console
from gateway.setup.directory_side import UNREACHABLE, NoDirectory
from gateway.setup.paths import Paths


def run_adopt(arguments: argparse.Namespace, config: Path) -> int:
    """Write the undo folder, and return the exit code. Raises CommandFailed, SettingsError."""
    folder: Path = arguments.adopt
    settings = load(config, web_secrets=False)
    try:
        side = directory_side(arguments, Paths(config), Answers(read_answers(config))).open()
    except AnswersError as error:
        raise CommandFailed(f"{error}; nothing was written", ErrorKind.ARGUMENTS, ExitCode.UNUSABLE) from None
    except NoDirectory as error:
        raise CommandFailed(f"{error}; nothing was written", ErrorKind.DIRECTORY) from None
    with closing(side):
        try:
            found = adopt(settings, side.access, folder, dry_run=arguments.dry_run)
        except AdoptRefused as error:
            raise CommandFailed(f"{error}; nothing was written", ErrorKind.DIRECTORY) from None
        except OSError as error:
            text = f"the undo folder {folder} cannot be written: {error.strerror or error}"
            raise CommandFailed(text, ErrorKind.FILE) from None
        except UNREACHABLE as error:
            raise CommandFailed(f"{error_text(error)}; run it again", ErrorKind.DIRECTORY) from None
    _report(found, arguments)
    return ExitCode.DONE


def _report(found: tuple[str, ...], arguments: argparse.Namespace) -> None:
    folder = None if arguments.dry_run or not found else str(arguments.adopt)
    if arguments.json:
        print_json({"adopted": list(found), "undo_folder": folder, "exit_code": ExitCode.DONE})
        return
    console = Console()
    for one in found:
        print(printable(f"  {one}"))
    if not found:
        console.say("Nothing in the directory is ours; no folder was written.")
    elif folder is None:
        console.say(f"Dry run, nothing was written. These {len(found)} things are ours.")
    else:
        console.say(f"These {len(found)} things are ours; the directory was not changed. To take them away:")
        console.say(f"mamia setup --undo {folder}", indent="  ")
