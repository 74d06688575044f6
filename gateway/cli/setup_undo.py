"""`mamia setup --undo FOLDER`: take back what setup wrote into the directory."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from gateway.cli.setup_answers import directory_side
from gateway.cli.terminal import printable
from gateway.setup import UndoFailed, Undone, undo
from gateway.setup.answers import AnswersError
from gateway.setup.console import Console
from gateway.setup.directory_side import NoDirectory
from gateway.setup.paths import Paths

FAILED, UNUSABLE = 1, 2


def run_undo(arguments: argparse.Namespace, config: Path) -> int:
    """Take back the runs of setup that wrote into the folder, and return the exit status. Raises SettingsError."""
    if not arguments.undo.is_dir():
        print(f"mamia setup: {arguments.undo} is not a folder of setup; nothing was changed", file=sys.stderr)
        return UNUSABLE
    try:
        side = directory_side(arguments, Paths(config)).open()
    except (AnswersError, NoDirectory) as error:
        print(f"mamia setup: {error}; nothing was changed", file=sys.stderr)
        return UNUSABLE
    with closing(side):
        try:
            done = undo(
                arguments.undo,
                side.access,
                remove_people_data=arguments.remove_people_data,
                dry_run=arguments.dry_run,
                progress=None if arguments.json else lambda text: print(printable(f"  {text}"), flush=True),
            )
        except UndoFailed as error:
            print(f"mamia setup: {error.reason}", file=sys.stderr)
            print(f"{len(error.removed)} steps are done; run it again to go on.", file=sys.stderr)
            return FAILED
    _report(done, arguments)
    return 0


def _report(done: Undone, arguments: argparse.Namespace) -> None:
    if arguments.json:
        print(json.dumps(asdict(done), indent=2, ensure_ascii=False))
        return
    console = Console()
    count = len(done.removed)
    console.say(f"{'Would take back: at least' if arguments.dry_run else 'Taken back:'} {count} changes.")
    for kept in done.kept:
        console.say(f"Stays: {printable(kept.what)}: {printable(kept.why)}")
        if kept.how:
            console.say(printable(kept.how), indent="  ")
