"""Reading of the staff office's export: a CSV file as spreadsheets and databases write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from gateway.account.staff_file import NUMBERS, OPTIONAL, REQUIRED

COLUMNS = (*REQUIRED, *NUMBERS, *OPTIONAL)
MAX_HEAD_CHARS = 4096
"""Maximum characters of the first line that are used to guess the separator."""


class FileError(Exception):
    """The file cannot be read at all; the text says why."""


def read_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as its line number in the file and its values by column (names in lower case).

    The separator is a comma, semicolon or tab. Raises FileError, also in the middle of the file.
    """
    text = _text(file)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:MAX_HEAD_CHARS].partition("\n")[0], delimiters=",;\t")
    except csv.Error:
        raise FileError(f"its first line must name the columns: {', '.join(COLUMNS)}") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), dialect=dialect, strict=True)
    try:
        names = [(name or "").strip().casefold() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise FileError(f"line 1: {error}") from None
    missing = [name for name in REQUIRED if name not in names]
    if not set(NUMBERS) & set(names):
        missing.append(" or ".join(NUMBERS))
    if missing:
        raise FileError(f"its first line does not name {', '.join(missing)}; columns are {', '.join(COLUMNS)}")
    reader.fieldnames = names
    try:
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if isinstance(value, str)}
    except csv.Error as error:
        raise FileError(f"line {reader.line_num}: {error}") from None


def _text(file: Path) -> str:
    """Return the text of the file, decoded as UTF-8 or else as Windows-1252. Raises FileError."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
