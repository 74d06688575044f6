"""The staff office's export as a file: CSV as spreadsheets and databases write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from gateway.account.staff_file import NUMBERS, OPTIONAL, REQUIRED

COLUMNS = (*REQUIRED, *NUMBERS, *OPTIONAL)
MAX_HEAD_CHARS = 4096
"""Of the first line, by which the separator is guessed."""


class FileError(Exception):
    """The file can't be read at all; the text says why."""


def read_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line in the file. Raises FileFault."""
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
    """Raises FileFault."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileError(error.strerror or str(error)) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
