"""The texts that an academy may edit: Markdown with Jinja variables in `templates/content/<language>/`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app
from jinja2 import Template
from markupsafe import Markup

from gateway.web import markdown
from gateway.web.language import current
from gateway.web.typography import typeset_once

FALLBACK = "fr"
"""The language in which each text exists; a page in another language marks the texts that are shown in this one."""
_SECTION = re.compile(r"^##+ (?P<title>.+?) \{: #(?P<anchor>[a-z0-9_-]+) \}\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a text; its body is HTML."""

    anchor: str
    title: str
    body: Markup

    @property
    def field(self) -> str:
        """The field that it explains: `proof` for the anchors `proof` and `proof-agent`."""
        return self.anchor.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the academy as HTML, in the language that was found."""

    language: str
    body: Markup
    """HTML before the first section. Raw HTML in the source is escaped."""
    sections: Sequence[Section]
    """The parts under headings that have an anchor (`## Title {: #anchor }`): answers, or help for a field."""

    def about(self, field: str) -> list[Section]:
        """Return the sections that explain the field with this name, in their order."""
        return [section for section in self.sections if section.field == field]


def text(name: str) -> Text:
    """Return the text `name` in the page's language, or else in FALLBACK.

    Raises jinja2.TemplatesNotFound if it exists in neither.
    """
    template = _template(name)
    language = str(template.name).split("/")[1]
    body, *parts = _SECTION.split(template.render())
    sections = [
        Section(anchor, typeset_once(title, language), _linked(below, language))
        for title, anchor, below in zip(parts[0::3], parts[1::3], parts[2::3], strict=True)
    ]
    return Text(language, _linked(body, language), sections)


def _template(name: str) -> Template:
    names = [f"content/{language}/{name}.md" for language in (current(), FALLBACK)]
    return current_app.jinja_env.select_template(names)


def _linked(text: str, language: str) -> Markup:
    """Return Markdown as HTML, with the phone number of the helpdesk as a link."""
    linked = current_app.jinja_env.filters["with_phone_link"](markdown.html(text, language))
    return Markup(linked)  # noqa: S704 - markdown.html escapes
