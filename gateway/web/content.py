"""The texts that an academy may edit: Markdown with Jinja variables in `templates/content/<language>/`."""

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
"""The language in which each text exists; a page in another language marks the texts that are shown in this one."""
_MARKDOWN = MarkdownIt("commonmark", {"html": False})
# mdurl publishes its caches before they are filled. Fill them now: two threads could read an incomplete one.
_MARKDOWN.render("[x](/%C3%A9) <https://example.org/%C3%A9> ![x](/x)")
_SECTION = re.compile(r"^##+ (?P<title>.+?) \{: #(?P<anchor>[a-z0-9_-]+) \}\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a text; its body is HTML."""

    anchor: str
    title: str
    body: Markup


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the academy as HTML, in the language that was found."""

    language: str
    body: Markup
    """HTML before the first section. Raw HTML in the source is escaped."""
    sections: Sequence[Section]
    """The parts under headings that have an anchor (`## Title {: #anchor }`): answers, or help for a field."""


def text(name: str) -> Text:
    """Return the text `name` in the page's language, or else in FALLBACK.

    Raises jinja2.TemplatesNotFound if it exists in neither.
    """
    template = _template(name)
    body, *parts = _SECTION.split(template.render())
    sections = [
        Section(anchor, title, _linked(below))
        for title, anchor, below in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]
    return Text(str(template.name).split("/")[1], _linked(body), sections)


def _template(name: str) -> Template:
    names = [f"content/{language}/{name}.md" for language in (current(), FALLBACK)]
    return current_app.jinja_env.select_template(names)


def _linked(markdown: str) -> Markup:
    """Return the text as HTML, with the helpdesk's phone number as a link."""
    return Markup(current_app.jinja_env.filters["with_phone_link"](_html(markdown)))  # noqa: S704 - as _html


@lru_cache(maxsize=512)
def _html(markdown: str) -> Markup:
    return Markup(_MARKDOWN.render(markdown))  # noqa: S704 - commonmark with html off escapes what it is given
