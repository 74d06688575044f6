"""`mamia settings`: every setting with its form, default and meaning, without a settings file."""

from __future__ import annotations

import argparse

from gateway.settings.reference import reference


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("settings", help="list every setting with its default and meaning").set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    print(reference(), end="")
    return 0
