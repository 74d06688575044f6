"""French typography: the blanks and hyphens at which a line must not break.

Texts are written with ordinary blanks. One function puts the others in where catalogues, contents and templates are
loaded, so that no page pays for it. The rules are those of the Imprimerie nationale, with one exception: a blank
before a semicolon, an exclamation mark or a question mark is narrow, all others are as wide as between words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from flask_babel import Domain
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

WIDE: Final = "\N{NO-BREAK SPACE}"
NARROW: Final = "\N{NARROW NO-BREAK SPACE}"
HYPHEN: Final = "\N{NON-BREAKING HYPHEN}"
_BLANK = f"[ {WIDE}{NARROW}]"
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
_UNITS = (
    "secondes?|minutes?|heures?|jours?|mois|ans?|années?|fois|caractères?|chiffres?|lettres?|règles?|mots?|questions?"
    "|personnes?|pixels?|tentatives?|essais?|ko|Mo|Go|€"
)
_NAME = re.compile(r"\bI-Prof\b")
_LONE = r"[^\w\s«»“”’…–—]"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(f"{_BLANK}(?=[;!?])"), NARROW),
    (re.compile(f"{_BLANK}(?=[:»]|%(?:%|[\\s.,;)]|$))"), WIDE),
    (re.compile(f"(?<=«){_BLANK}"), WIDE),
    # Phone numbers, dates in digits, thousands.
    (re.compile(rf"(?<=\d){_BLANK}(?=\d)"), WIDE),
    (re.compile(rf"(?<=\d){_BLANK}(?=h\b)"), WIDE),
    (re.compile(rf"(?<=\d{WIDE}h){_BLANK}(?=\d)"), WIDE),
    (re.compile(rf"(?:(?<=\d)|(?<=\der)){_BLANK}(?=(?:{_MONTHS})\b)"), WIDE),
    (re.compile(rf"\b({_MONTHS}){_BLANK}(?=\d{{4}}\b)"), rf"\1{WIDE}"),
    # A number may still be a placeholder: %(minutes)s, {kept}.
    (re.compile(rf"(?:(?<=\d)|(?<=\)[sd])|(?<=\}})){_BLANK}(?=(?:{_UNITS})(?!\w))"), WIDE),
    (re.compile(rf"(?:(?<=n°)|(?<=\bRGAA)|(?<=\bport)|(?<=\barticle)){_BLANK}(?=\d)"), WIDE),
    # Laws and their articles: n° 2004-575, article 1-1.
    (re.compile(rf"\b(n°|article)({_BLANK}?\d+)-(?=\d)"), rf"\1\2{HYPHEN}"),
    (_NAME, f"I{HYPHEN}Prof"),
    # "- ! ? @"
    (re.compile(rf"(?<![^\s(])({_LONE}){_BLANK}(?={_LONE}(?:[\s),.]|$))"), rf"\1{WIDE}"),
)
_PIECES = re.compile(r"<!--.*?-->|<(?P<end>/?)(?P<name>[a-zA-Z][\w-]*)|[<>]|[^<>]+", re.DOTALL)
_VERBATIM = frozenset({"script", "style", "pre", "code", "kbd", "samp", "textarea"})


def french(text: str) -> str:
    """Return `text` with no-break spaces and hyphens. It is plain text; its placeholders stay as they are."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def english(text: str) -> str:
    """Return `text` with its names in one piece."""
    return _NAME.sub(f"I{HYPHEN}Prof", text)


_OF_LANGUAGE: Mapping[str, Callable[[str], str]] = {"fr": french, "en": english}


def typeset(text: str, language: str) -> str:
    """Return `text` as `language` (a code such as "fr") is typeset; most languages need nothing."""
    rules = _OF_LANGUAGE.get(language)
    return rules(text) if rules else text


@lru_cache(maxsize=512)
def typeset_once(text: str, language: str) -> str:
    """Do what `typeset` does, and remember it: for texts of the academy only, never for what people type."""
    return typeset(text, language)


# Each application has catalogues of its own, and a process may have several applications.
_typeset_translation = lru_cache(maxsize=4096)(typeset)


def breakable(text: str) -> str:
    """Return `text` with ordinary blanks and hyphens, for what is copied into another program."""
    return text.replace(WIDE, " ").replace(NARROW, " ").replace(HYPHEN, "-")


def for_text_message(text: str) -> str:
    """Return `text` without what would leave 70 characters of the 160 of a text message (GSM 03.38)."""
    return breakable(text).replace("’", "'")


class TypesetDomain(Domain):
    """The catalogues of Flask-Babel, whose translations are typeset once, when a language is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = _TypesetCache()


class _TypesetCache(dict[tuple[str, str], object]):
    """Flask-Babel's cache of catalogues, by locale and domain; it typesets what is put into it."""

    def __setitem__(self, key: tuple[str, str], translations: object) -> None:
        catalogue: dict[object, str] = translations._catalog  # type: ignore[attr-defined]
        for message, translation in catalogue.items():
            catalogue[message] = _typeset_translation(translation, key[0])
        super().__setitem__(key, translations)


class TypesetTemplates(Extension):
    """Typesets the words that an academy's own pages contain themselves, when a template is compiled.

    Attributes and verbatim elements stay as they are. Ours take their words from the catalogues.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Typeset the text of HTML templates. Jinja calls it."""
        if not (stream.name or "").endswith(".html"):
            yield from stream
            return
        words = _TextOfHtml()
        for token in stream:
            yield Token(token.lineno, token.type, words.typeset(token.value)) if token.type == "data" else token


class _TextOfHtml:
    """Finds the text between tags, in HTML that comes in pieces: an expression may be in the middle of a tag."""

    def __init__(self) -> None:
        self._in_tag = False
        self._verbatim = ""

    def typeset(self, html: str) -> str:
        return "".join(self._piece(found) for found in _PIECES.finditer(html))

    def _piece(self, found: re.Match[str]) -> str:
        piece, name = found[0], (found["name"] or "").lower()
        if name:
            self._in_tag = True
            if found["end"] and name == self._verbatim:
                self._verbatim = ""
            elif name in _VERBATIM and not found["end"]:
                self._verbatim = self._verbatim or name
        elif piece == ">":
            self._in_tag = False
        elif not self._in_tag and not self._verbatim and not piece.startswith("<!--"):
            return french(piece)
        return piece
