"""Markdown of the academy's texts as HTML: CommonMark without raw HTML, typeset, with the language of foreign words.

`*phishing*{: lang=en }` marks a word of another language, so that screen readers pronounce it (RGAA 8.7).
"""

from __future__ import annotations

import re
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

from gateway.web.typography import typeset

_LANGUAGE = re.compile(r"\{: lang=([a-z]{2,3}) \}")


@lru_cache(maxsize=512)
def html(markdown: str, language: str) -> Markup:
    """Return `markdown` as HTML, with the typography of `language`. Raw HTML in it is escaped."""
    return Markup(_MARKDOWN.render(markdown, {"language": language}))  # noqa: S704 - html is off, all text is escaped


def _typeset(state: StateCore) -> None:
    """Typeset the text of all paragraphs; code and addresses stay as they are."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = _one_line(token.children)
            _mark_foreign_words(token.children)
            for child in token.children:
                if child.type == "text":
                    child.content = typeset(child.content, state.env["language"])


def _one_line(children: list[Token]) -> list[Token]:
    """Return the tokens of a paragraph, with blanks in place of the line breaks of its source."""
    joined: list[Token] = []
    for child in children:
        if child.type == "softbreak":
            child = Token("text", "", 0, content=" ")
        if child.type == "text" and joined and joined[-1].type == "text":
            joined[-1].content += child.content
        else:
            joined.append(child)
    return joined


def _mark_foreign_words(children: list[Token]) -> None:
    for before, word, end, after in zip(children, children[1:], children[2:], children[3:], strict=False):
        if (before.type, word.type, end.type) != ("em_open", "text", "em_close"):
            continue
        if mark := _LANGUAGE.match(after.content):
            before.attrSet("lang", mark[1])
            after.content = after.content[mark.end() :]


_MARKDOWN = MarkdownIt("commonmark", {"html": False})
_MARKDOWN.core.ruler.push("typeset", _typeset)
# mdurl publishes its caches before they are filled. Fill them now: two threads could read an incomplete one.
_MARKDOWN.render("[x](/%C3%A9) <https://example.org/%C3%A9> ![x](/x)", {"language": ""})
