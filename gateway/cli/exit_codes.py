"""The exit codes of all commands, and the words for what went wrong."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class ExitCode(IntEnum):
    """What the end of a command means; every command uses these codes and no other."""

    DONE = 0
    PROBLEM = 1
    UNUSABLE = 2
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "done; nothing is wrong",
    ExitCode.PROBLEM: "a problem was found, or what was asked could not be done",
    ExitCode.UNUSABLE: "the arguments, the settings or a file that they name cannot be used; nothing was started",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}
"""One short sentence per code, for --help, the manual pages and docs/commands.md."""


class ErrorKind(StrEnum):
    """Why a command ended without having done what was asked: the value of `error` with --json."""

    ARGUMENTS = "arguments"
    """The arguments cannot be used."""
    SETTINGS = "settings"
    """The settings cannot be used; `problems` lists each key and what is wrong with it."""
    NOT_INSTALLED = "not_installed"
    """A part of the program is not installed."""
    FILE = "file"
    """A file, a key or an address of this machine cannot be used."""
    DIRECTORY = "directory"
    """The directory does not answer, or answers with an error; another attempt may succeed."""
    NOT_FOUND = "not_found"
    """There is no such account, or nothing that the command could act on."""
    REFUSED = "refused"
    """The state of the account or of the data forbids it; another attempt ends the same way."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """Something else changed the data during the command; look again, then repeat it."""
    INTERRUPTED = "interrupted"
    """Ctrl-C ended the command."""
