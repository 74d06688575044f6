"""The texts that an academy may edit: Markdown in `templates/content/<language>/`, its names filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

LANGUAGE = "fr"
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
# mdurl publishes its caches before they are filled: two first pages at once would meet a half-made one.
_MARKDOWN.render("[x](/%C3%A9) <https://example.org/%C3%A9> ![x](/x)")
_QUESTION = re.compile(r"^## (?P<title>.+?) \{: #(?P<anchor>[a-z0-9-]+) \}\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Question:
    anchor: str
    title: str
    answer: Markup


def text(name: str) -> Markup:
    """The text `name` as HTML. Raw HTML in it is shown, not obeyed."""
    return _html(_source(name))


def questions() -> Sequence[Question]:
    """The frequently asked questions: each `## Title {: #anchor }` of faq.md and what stands below it."""
    _, *parts = _QUESTION.split(_source("faq"))
    return [
        Question(anchor, title, _html(answer))
        for title, anchor, answer in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]


def _source(name: str) -> str:
    return render_template(f"content/{LANGUAGE}/{name}.md")


def _html(markdown: str) -> Markup:
    return Markup(_MARKDOWN.render(markdown))  # noqa: S704 - commonmark with html off escapes what it is given
