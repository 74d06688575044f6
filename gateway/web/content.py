"""The texts that an academy may edit: Markdown in `templates/content/<language>/`, its names filled in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import current_app
from jinja2 import Template
from markdown_it import MarkdownIt
from markupsafe import Markup

from gateway.web.language import current

FALLBACK = "fr"
"""Each text exists in it; a page in another language marks what it had to borrow."""
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
# mdurl publishes its caches before they are filled: two first pages at once would meet a half-made one.
_MARKDOWN.render("[x](/%C3%A9) <https://example.org/%C3%A9> ![x](/x)")
_SECTION = re.compile(r"^##+ (?P<title>.+?) \{: #(?P<anchor>[a-z0-9_-]+) \}\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True, slots=True)
class Text:
    language: str
    body: Markup
    """HTML. Raw HTML of the source is shown, not obeyed."""
    sections: Sequence[Section]
    """What follows under headings that have an anchor (`## Title {: #anchor }`): answers, words about a field."""


def text(name: str) -> Text:
    """The text `name` in the page's language, or else in French."""
    template = _template(name)
    body, *parts = _SECTION.split(template.render())
    sections = [
        Section(anchor, title, _html(below))
        for title, anchor, below in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]
    return Text(str(template.name).split("/")[1], _html(body), sections)


def _template(name: str) -> Template:
    names = [f"content/{language}/{name}.md" for language in (current(), FALLBACK)]
    return current_app.jinja_env.select_template(names)


@lru_cache(maxsize=512)
def _html(markdown: str) -> Markup:
    return Markup(_MARKDOWN.render(markdown))  # noqa: S704 - commonmark with html off escapes what it is given
