"""The manual pages and completion scripts, for packages: `python -m gateway.cli.man_pages FOLDER` writes them.

FOLDER/man/man1 gets mamia(1) and a page per command, FOLDER/man/man5 gets mamia.toml(5), FOLDER/completion the
scripts of bash, zsh and fish, and FOLDER/mamia.toml is the settings file of a new installation.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway import __version__
from gateway.cli.command_list import Command, all_commands, help_of, value_of
from gateway.cli.command_notes import ABOUT_PROGRESS, ABOUT_SECRETS, NOTES
from gateway.cli.commented_settings import commented_settings
from gateway.cli.completion import completion_script
from gateway.cli.exit_codes import MEANINGS
from gateway.cli.json_forms import FORMS
from gateway.cli.main import make_parser
from gateway.cli.parser import HEADING
from gateway.cli.roff import Item, Page
from gateway.settings import PREFIX
from gateway.settings.reference import sections

SCRIPTS = {"bash": "mamia", "zsh": "_mamia", "fish": "mamia.fish"}
"""From a shell to the name that its script has in the folder of completions."""


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page as its file name and its text in roff."""
    commands = list(all_commands())
    top = [command for command in commands if " " not in command.name]
    yield "mamia.1", str(_main_page(top))
    for command in top:
        actions = [one for one in commands if one.name.startswith(f"{command.name} ")]
        yield f"mamia-{command.name}.1", str(_command_page(command, actions))
    yield "mamia.toml.5", str(_settings_page())


def write(folder: Path) -> None:
    """Write all pages and scripts below `folder`.

    Raises OSError, and ImportError without the extra `[completion]`.
    """
    for name, text in pages():
        file = folder / "man" / f"man{name[-1]}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for shell, name in SCRIPTS.items():
        file = folder / "completion" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(completion_script(shell) + "\n", encoding="utf-8")
    (folder / "mamia.toml").write_text(commented_settings(), encoding="utf-8")


def _page(name: str, section: int, summary: str) -> Page:
    # https://reproducible-builds.org/docs/source-date-epoch/
    when = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp()), UTC)
    page = Page(name, section, when.date().isoformat(), f"mamia {__version__}")
    page.heading("NAME")
    page.name_line(name, summary)
    return page


def _main_page(commands: Iterable[Command]) -> Page:
    page = _page("mamia", 1, "web gateway between the staff of an academy and its directory")
    page.heading("SYNOPSIS")
    page.text("**mamia** COMMAND [OPTIONS]")
    page.heading("DESCRIPTION")
    page.text(make_parser().description or "")
    page.heading("COMMANDS")
    page.items(
        Item(f"mamia {command.name}", f"{command.summary}; see mamia-{command.name}(1)") for command in commands
    )
    page.heading("SECRETS")
    page.text(ABOUT_SECRETS)
    page.heading("OUTPUT")
    page.text(ABOUT_PROGRESS)
    _end(page, MEANINGS.items(), "mamia-check(1), mamia.toml(5)")
    return page


def _command_page(command: Command, actions: list[Command]) -> Page:
    page = _page(f"mamia-{command.name}", 1, command.summary)
    page.heading("SYNOPSIS")
    page.text("\n\n".join(f"**{one.synopsis}**" for one in [command, *actions] if one.runs))
    page.heading("DESCRIPTION")
    page.text(command.parser.description or "")
    _describe(page, command)
    for action in actions:
        page.heading(action.name)
        page.text(action.parser.description or "")
        _describe(page, action)
    _end(page, _exit_codes(command), "mamia(1), mamia.toml(5)")
    return page


def _describe(page: Page, command: Command) -> None:
    """Add arguments, notes and JSON keys of a command."""
    if not command.runs:
        return
    names = ((str(one.metavar or "|".join(one.choices or ())), one) for one in command.arguments)
    page.subheading("Arguments and options")
    page.items(Item(name, help_of(one)) for name, one in names)
    page.items(Item(value_of(one), help_of(one)) for one in command.options)
    if notes := NOTES.get(command.name):
        page.subheading("Output")
        page.text(notes)
    if form := FORMS.get(command.name):
        page.subheading("Output with --json")
        page.text(f"It writes {form.shape} to {form.stream}.")
        page.items(Item(f"{key.name} ({key.form})", key.meaning) for key in form.keys)


def _exit_codes(command: Command) -> Iterator[tuple[int, str]]:
    for line in (command.parser.epilog or "").removeprefix(HEADING).strip("\n").splitlines():
        code, meaning = line.split(maxsplit=1)
        yield int(code), meaning


def _end(page: Page, exit_codes: Iterable[tuple[int, str]], see_also: str) -> None:
    page.heading("EXIT STATUS")
    page.items(Item(str(int(code)), meaning) for code, meaning in exit_codes)
    page.heading("ENVIRONMENT")
    page.items([Item("MAMIA_CONFIG", "the settings file, unless --config names one")])
    page.heading("SEE ALSO")
    page.text(see_also)


def _settings_page() -> Page:
    page = _page("mamia.toml", 5, "settings of mamia")
    page.heading("DESCRIPTION")
    page.text(
        "The settings are in `mamia.toml`, with one table per section. Each key can also come from the environment, "
        f"which has priority: `{PREFIX}WEB__PORT=9000`. An unknown key is refused. All errors are reported together, "
        "each with its key, and nothing starts."
    )
    for section in sections():
        page.heading(f"[{section.name}]" + (f' type = "{section.target_type}"' if section.target_type else ""))
        page.text(section.about)
        for one in section.settings:
            default = "needed" if one.is_required else f"default: {one.default}" if one.default else ""
            form = one.form.replace("`", "")
            page.items([Item(one.key, f"{form}{default and '; ' + default}. {one.meaning}")])
    page.heading("SEE ALSO")
    page.text("mamia(1), mamia-check(1), mamia-settings(1)")
    return page


if __name__ == "__main__":
    write(Path(sys.argv[1]))
