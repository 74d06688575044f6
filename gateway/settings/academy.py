"""Settings of the academy: names, links and colours that the pages show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from unicodedata import normalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator

from gateway.settings.types import Colour, Link, Section, Text

LOGO_SUFFIXES = (".svg", ".png", ".webp", ".jpg")
MAX_LOGO_BYTES = 60_000
"""Bytes of a logo: the first page, with its logo, is to stay below 150 kB."""


_ARTICLES = {
    "académie": "l’",
    "collectivité": "la ",
    "direction": "la ",
    "rectorat": "le ",
    "région": "la ",
    "service": "le ",
    "université": "l’",
    "vice-rectorat": "le ",
}
"""Articles of the first words of names."""


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("is not a time zone such as Europe/Paris") from None
    return name


def with_article(name: str) -> str:
    """Return the French name of an institution within a sentence; a name of unknown kind stays as it is."""
    kind, _blank, _rest = name.partition(" ")
    article = _ARTICLES.get(kind.lower())
    return f"{article}{name[0].lower()}{name[1:]}" if article else name


def with_of(name: str) -> str:
    """Return the French name after the preposition "de", contracted with its article."""
    known = with_article(name)
    if known.startswith("le "):
        return f"du {known[3:]}"
    return f"d’{known}" if _begins_with_vowel(known) else f"de {known}"


def _begins_with_vowel(name: str) -> bool:
    return normalize("NFD", name)[:1].lower() in set("aeiouy")


class Academy(Section):
    """Names and links that the pages show. An empty link is not shown."""

    name: Text = "Académie d’Exemple"
    """Name of the academy, as pages and mails show it."""
    name_with_article: str = ""
    """The name within a French sentence, such as "l’académie de Toulouse". Empty: made from `name`."""
    name_with_of: str = ""
    """The same after "de", such as "de l’académie de Toulouse" or "du rectorat de Mayotte". Empty: made from `name`.
    """
    mail_domain: Text = "ac-example.fr"
    """Domain of the professional mail addresses. `mamia people import` gives new people an address in it."""
    home_url: Link = ""
    """Address of the academy's public site."""
    webmail_url: Link = ""
    """Address of the webmail."""
    iprof_url: Link = ""
    """Address of I-Prof, the ministry's career service for its staff."""
    portal_url: Link = ""
    """Address of ARENA, where staff find the ministry's applications."""
    antispam_url: Link = ""
    """Address of the spam filter's own pages."""
    sympa_url: Link = ""
    """Address of the mailing-list server (Sympa)."""
    mailbox_megabytes: Annotated[int, Field(ge=1)] = 200
    """Size of a mailbox in megabytes, for the frequently asked questions."""
    dpo_mail: str = ""
    """Mail address of the data protection officer, for the privacy page."""
    security_contact: Annotated[str, Field(pattern=r"^(|mailto:[^\s@]+@[^\s@]+|https://\S+)$")] = ""
    """Where to report vulnerabilities, for /.well-known/security.txt (RFC 9116): mailto:… or https://…; empty: no
    such page."""
    logo: Path | None = None
    """Image file (.svg, .png, .webp, .jpg) for the top of the pages, of at most 60 kB; it is shown at most 64 pixels
    high."""
    brand_colour: Colour = "#000091"
    """Main colour of the pages, as #rrggbb. It is made darker or lighter where the contrast would be too low to read.
    """
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Europe/Paris"
    """Time zone of the dates and hours on pages and in mails, such as Europe/Paris or Indian/Reunion."""

    @property
    def the(self) -> str:
        """Return the name as a subject or object of a French sentence: "l’académie de Toulouse"."""
        return self.name_with_article or with_article(self.name)

    @property
    def of(self) -> str:
        """Return the name after "de" in a French sentence: "de l’académie de Toulouse"."""
        return self.name_with_of or with_of(self.name)

    @field_validator("logo")
    @classmethod
    def _is_picture(cls, file: Path | None) -> Path | None:
        if file is None:
            return None
        if file.suffix.lower() not in LOGO_SUFFIXES:
            raise ValueError(f"{file} is none of {', '.join(LOGO_SUFFIXES)}")
        if not file.is_file():
            raise ValueError(f"{file} can't be read")
        if file.stat().st_size > MAX_LOGO_BYTES:
            raise ValueError(f"{file} has more than {MAX_LOGO_BYTES // 1000} kB, and everybody would wait for it")
        return file
