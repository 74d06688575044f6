"""All commands with their arguments, for what is written from the parsers: docs/commands.md, manual pages, tests."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.cli.main import make_parser


@dataclass(frozen=True, slots=True)
class Command:
    """One command, or one action of a command."""

    name: str
    """Without "mamia": "check", "sync status"."""
    summary: str
    """The phrase in the list of commands."""
    parser: argparse.ArgumentParser

    @property
    def arguments(self) -> list[argparse.Action]:
        """The positional arguments."""
        return [one for one in self._visible if not one.option_strings and not _is_group(one)]

    @property
    def options(self) -> list[argparse.Action]:
        """The options, without --help."""
        return [one for one in self._visible if one.option_strings and "--help" not in one.option_strings]

    @property
    def has_actions(self) -> bool:
        """Whether further commands are below it."""
        return any(map(_is_group, self.parser._actions))

    @property
    def runs(self) -> bool:
        """Whether it does something itself."""
        return "run" in self.parser._defaults

    @property
    def synopsis(self) -> str:
        """One line: the command and its arguments."""
        required = [value_of(one) for one in self.options if one.required]
        words = [f"mamia {self.name}", *required, *map(_in_synopsis, self.arguments)]
        if any(not one.required for one in self.options):
            words.insert(1, "[OPTIONS]")
        return " ".join(words)

    @property
    def _visible(self) -> list[argparse.Action]:
        return [one for one in self.parser._actions if one.help != argparse.SUPPRESS]


def all_commands() -> Iterator[Command]:
    """Yield all commands in the order of `mamia --help`, each followed by its actions."""
    yield from _below(make_parser(), "")


def value_of(action: argparse.Action) -> str:
    """Return an option with its value as people type it: "--config FILE"."""
    names = ", ".join(action.option_strings)
    if action.nargs == 0:
        return names
    choices = "|".join(map(str, action.choices)) if action.choices else ""
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    return f"{names} {metavar or choices or action.dest.upper()}"


def help_of(action: argparse.Action) -> str:
    """Return the help text with the default in it."""
    return (action.help or "") % {"default": action.default}


def _in_synopsis(action: argparse.Action) -> str:
    name = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ()))
    return f"[{name}]" if action.nargs == "?" else name


def _below(parser: argparse.ArgumentParser, above: str) -> Iterator[Command]:
    for group in parser._actions:
        if not isinstance(group, argparse._SubParsersAction):
            continue
        summaries = {one.dest: one.help or "" for one in group._choices_actions}
        for name, command in group.choices.items():
            whole = f"{above} {name}".strip()
            yield Command(whole, summaries[name], command)
            yield from _below(command, whole)


def _is_group(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)
