"""The page docs/commands.md, written from the parsers: `python -m gateway.cli.commands_reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from gateway.cli.command_list import Command, all_commands, help_of, value_of
from gateway.cli.command_notes import ABOUT_COMPLETION, ABOUT_JSON, ABOUT_PROGRESS, ABOUT_SECRETS, NOTES
from gateway.cli.exit_codes import MEANINGS
from gateway.cli.json_forms import ACCOUNT_CHANGE, ACCOUNT_EXPORT, ERROR, FORMS, JsonForm
from gateway.cli.parser import HEADING


def reference() -> str:
    """Return the page, as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield "# Commands"
    yield "<!-- `make commands` writes this page from the parsers in gateway/cli/; a test keeps it current. -->"
    yield ""
    yield "`mamia COMMAND --help` prints the same options. `mamia --version` prints the version."
    yield ""
    yield "| command | what it does |"
    yield "|---|---|"
    commands = list(all_commands())
    for command in commands:
        yield f"| [`mamia {command.name}`](#mamia-{command.name.replace(' ', '-')}) | {command.summary} |"
    yield from _common()
    for command in commands:
        yield from _command_lines(command)


def _common() -> Iterator[str]:
    yield ""
    yield "## Exit codes"
    yield "They are the same for all commands."
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in MEANINGS.items():
        yield f"| {code:d} | {meaning} |"
    yield ""
    yield ABOUT_JSON
    yield ""
    yield from _keys(ERROR)
    for title, text in (
        ("Secrets", ABOUT_SECRETS),
        ("Progress, width and colours", ABOUT_PROGRESS),
        ("Completion and manual pages", ABOUT_COMPLETION),
    ):
        yield ""
        yield f"## {title}"
        yield text


def _command_lines(command: Command) -> Iterator[str]:
    yield ""
    yield f"## mamia {command.name}"
    yield command.parser.description or ""
    yield ""
    if command.runs:
        yield f"    {command.synopsis}"
    else:
        yield f"    {command.synopsis} COMMAND"
        return
    yield ""
    yield "| argument | meaning |"
    yield "|---|---|"
    for argument in command.arguments:
        name = argument.metavar or "|".join(argument.choices or ())
        yield f"| `{_cell(str(name))}` | {_cell(help_of(argument))} |"
    for option in command.options:
        yield f"| `{_cell(value_of(option))}` | {_cell(help_of(option))} |"
    yield from _exit_code_lines(command)
    if command.name in NOTES:
        yield ""
        yield NOTES[command.name]
    if form := FORMS.get(command.name):
        yield ""
        yield f"With `--json` it writes {form.shape} to {form.stream}:"
        yield ""
        yield from _keys(form)
    if command.name == "account":
        yield ""
        yield f"With `unlock`, `force-change` and `erase-recovery` it is {ACCOUNT_CHANGE.shape} with these keys:"
        yield ""
        yield from _keys(ACCOUNT_CHANGE)
        yield ""
        yield f"`export` writes {ACCOUNT_EXPORT.shape} with these keys, with or without `--json`:"
        yield ""
        yield from _keys(ACCOUNT_EXPORT)


def _exit_code_lines(command: Command) -> Iterator[str]:
    """Yield the exit codes whose meaning is more precise for this command."""
    lines = (command.parser.epilog or "").removeprefix(HEADING).strip("\n").splitlines()
    own = [line.split(maxsplit=1) for line in lines]
    precise = [f"{code}: {meaning}" for code, meaning in own if meaning not in MEANINGS.values()]
    if precise:
        yield ""
        yield "Exit codes: " + "; ".join(precise) + "."


def _keys(form: JsonForm) -> Iterator[str]:
    yield "| key | form | meaning |"
    yield "|---|---|---|"
    for key in form.keys:
        form_ = f"{key.form}, or missing" if key.is_optional else key.form
        yield f"| `{key.name}` | {form_} | {_cell(key.meaning)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(reference())
