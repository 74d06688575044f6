"""`mamia setup --undo FOLDER`: take back what setup wrote into the directory."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from gateway.cli.exit_codes import ErrorKind, ExitCode
from gateway.cli.failure import CommandFailed
from gateway.cli.output import print_json
from gateway.cli.setup_answers import directory_side
from gateway.cli.terminal import printable
from gateway.setup import UndoFailed, Undone, undo
from gateway.setup.answers import Answers, AnswersError, read_answers
from gateway.setup.console import Console
from gateway.setup.directory_side import NoDirectory
from gateway.setup.journal import CHANGES
from gateway.setup.paths import Paths


def run_undo(arguments: argparse.Namespace, config: Path) -> int:
    """Take back the runs of setup that wrote into the folder, and return the exit code.

    Raises CommandFailed, SettingsError.
    """
    folder: Path = arguments.undo
    if not (folder / CHANGES).is_file():
        text = f"{folder} is not a folder of setup; nothing was changed"
        raise CommandFailed(text, ErrorKind.FILE, ExitCode.UNUSABLE)
    try:
        answers = Answers(read_answers(config) if config.exists() else {})
        side = directory_side(arguments, Paths(config), answers).open()
    except AnswersError as error:
        raise CommandFailed(f"{error}; nothing was changed", ErrorKind.ARGUMENTS, ExitCode.UNUSABLE) from None
    except NoDirectory as error:
        raise CommandFailed(f"{error}; nothing was changed", ErrorKind.DIRECTORY) from None
    with closing(side):
        try:
            done = undo(
                folder,
                side.access,
                remove_people_data=arguments.remove_people_data,
                dry_run=arguments.dry_run,
                progress=None if arguments.json else lambda text: print(printable(f"  {text}"), flush=True),
            )
        except UndoFailed as error:
            done_before = f"{len(error.removed)} steps are done: run it again to go on"
            text = f"{error.reason}; {done_before if error.removed else 'nothing was changed'}"
            raise CommandFailed(text, ErrorKind.DIRECTORY) from None
        except KeyboardInterrupt:
            before = (
                "nothing was changed" if arguments.dry_run else "what was done before stays: run it again to go on"
            )
            text = f"interrupted by Ctrl-C; {before}"
            raise CommandFailed(text, ErrorKind.INTERRUPTED, ExitCode.INTERRUPTED) from None
    _report(done, arguments)
    return ExitCode.DONE


def _report(done: Undone, arguments: argparse.Namespace) -> None:
    if arguments.json:
        held = [asdict(one) for one in done.kept]
        print_json({"removed": list(done.removed), "kept": held, "exit_code": ExitCode.DONE})
        return
    console = Console()
    words = "Dry run, nothing was changed. Would take back:" if arguments.dry_run else "Taken back:"
    console.say(f"{words} {len(done.removed)} changes.")
    for kept in done.kept:
        console.say(f"Stays: {printable(kept.what)}: {printable(kept.why)}")
        if kept.how:
            console.say(printable(kept.how), indent="  ")
