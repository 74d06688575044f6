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
    ExitCode.UNUSABLE: "the arguments or the settings cannot be used; nothing was started",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}
"""One short sentence per code, for --help, the manual pages and docs/commands.md."""


class ErrorKind(StrEnum):
    """Why a command ended without having done what was asked: the value of `error` with --json."""

    ARGUMENTS = "arguments"
    SETTINGS = "settings"
    NOT_INSTALLED = "not_installed"
    FILE = "file"
    DIRECTORY = "directory"
    STORE = "store"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    CHANGED_MEANWHILE = "changed_meanwhile"
    INTERRUPTED = "interrupted"


ERROR_MEANINGS = {
    ErrorKind.ARGUMENTS: "the arguments cannot be used",
    ErrorKind.SETTINGS: "the settings cannot be used; `problems` lists each key and what is wrong with it",
    ErrorKind.NOT_INSTALLED: "a part of the program is not installed",
    ErrorKind.FILE: "a file, a key or an address of this machine cannot be used",
    ErrorKind.DIRECTORY: "the directory does not answer, or answers with an error; another attempt may succeed",
    ErrorKind.STORE: "the store of counts and events (Redis or Valkey) does not answer; another attempt may succeed",
    ErrorKind.NOT_FOUND: "there is no such account, or nothing that the command could act on",
    ErrorKind.REFUSED: "the state of the account or of the data forbids it; another attempt ends the same way",
    ErrorKind.CHANGED_MEANWHILE: "something else changed the data during the command; look again, then repeat it",
    ErrorKind.INTERRUPTED: "Ctrl-C ended the command",
}
"""One short sentence per kind, for docs/commands.md."""
