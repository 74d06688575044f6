"""A writer of manual pages in roff, for man(7) as groff and mandoc read it.

argparse-manpage writes pages of section 1 alone, and a line of its text that begins with a dot becomes a request.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LINE_CHARS = 78
"""Maximum characters of a line of text in the source."""
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
_MARK = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


@dataclass(frozen=True, slots=True)
class Item:
    """A term and its text, such as an option and its meaning; both in Markdown."""

    term: str
    text: str


class Page:
    """One manual page; call its methods in the order of the page."""

    def __init__(self, name: str, section: int, date: str, version: str) -> None:
        """Begin the page `name`(`section`); `date` is in ISO 8601."""
        self._lines = [f'.TH "{escaped(name.upper())}" "{section}" "{date}" "{escaped(version)}" "mamia"']

    def heading(self, title: str) -> None:
        """Begin a section."""
        self._lines.append(f".SH {escaped(title)}")

    def subheading(self, title: str) -> None:
        """Begin a part of a section."""
        self._lines.append(f".SS {escaped(title)}")

    def text(self, markdown: str) -> None:
        """Add paragraphs, which are separated by empty lines; one that is indented is shown as it is."""
        for number, block in enumerate(filter(None, markdown.strip("\n").split("\n\n"))):
            if block.startswith("    "):
                self._example(textwrap.dedent(block))
                continue
            if number:
                self._lines.append(".PP")
            self._lines.extend(_filled(block))

    def items(self, items: Iterable[Item]) -> None:
        """Add a list of terms with their texts."""
        for item in items:
            self._lines += [".TP", _protected(_inline(item.term, always_bold=True)), *_filled(item.text or "\u2013")]

    def name_line(self, name: str, summary: str) -> None:
        """Add the line of the section NAME, which apropos(1) reads."""
        self._lines.append(f"{escaped(name)} \\- {escaped(summary)}")

    def __str__(self) -> str:
        """Return the page."""
        return "\n".join(self._lines) + "\n"

    def _example(self, text: str) -> None:
        self._lines += [".PP", ".in +4n", ".EX", *(_protected(escaped(line)) for line in text.splitlines())]
        self._lines += [".EE", ".in"]


def escaped(text: str) -> str:
    """Return plain text so that roff shows it as it is; hyphens stay those that people copy."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")


def _filled(markdown: str) -> Iterator[str]:
    """Yield a paragraph as lines of roff, none of which begins a request."""
    plain = re.sub(r"\s+", " ", _LINK.sub(r"\1", markdown)).strip()
    for line in textwrap.wrap(_inline(plain), LINE_CHARS, break_long_words=False, break_on_hyphens=False):
        yield _protected(line)


def _inline(markdown: str, *, always_bold: bool = False) -> str:
    """Return one line of Markdown with its code and its bold text in bold."""
    if always_bold:
        return f"\\fB{escaped(markdown.replace('`', ''))}\\fR"
    parts, end = [], 0
    for mark in _MARK.finditer(markdown):
        parts += [escaped(markdown[end : mark.start()]), f"\\fB{escaped(mark[1] or mark[2])}\\fR"]
        end = mark.end()
    return "".join((*parts, escaped(markdown[end:])))


def _protected(line: str) -> str:
    """Return the line with a character of no width before a dot or an apostrophe that would begin a request."""
    return f"\\&{line}" if line.startswith((".", "'")) else line
