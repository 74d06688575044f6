"""The language of a page: the one that the person chose, else the browser's, else the first in the settings.

The texts are gettext catalogues in `translations/`, with English as their source. Those of an academy override them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.support import Translations
from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale, get_translations
from werkzeug.datastructures import Accept, LanguageAccept
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_accept_header

from gateway.web.typography import TypesetDomain, TypesetTemplates

FOLDER = Path(__file__).parents[1] / "translations"
PARAMETER = "langue"
"""Parameter of an address (`?langue=en`), and name of the buttons that show a half-filled form in another one."""
COOKIE = "mamia-langue"
A_YEAR_SECONDS = 365 * 24 * 3600
MAX_REMEMBERED_CHARS = 200
"""Of a header Accept-Language."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the pages can have."""

    code: str
    name: str
    """Its name in the language itself, for example "Français"."""


def catalogues(folder: Path = FOLDER) -> dict[str, Language]:
    """Return the available languages by their code: one per compiled catalogue (.mo) in `folder`."""
    codes = sorted(file.parts[-3] for file in folder.glob("*/LC_MESSAGES/messages.mo"))
    return {code: Language(code, _own_name(code)) for code in codes}


def _own_name(code: str) -> str:
    """Return the name of a language in that language, with a capital as the first word of a link has."""
    name = Locale.parse(code).get_display_name() or code
    return name[:1].upper() + name[1:]


def init_languages(app: Flask, codes: Sequence[str], own_templates: Path | None, *, secure_cookie: bool) -> None:
    """Configure Flask-Babel, templates and the cookie of the chosen language.

    `codes`: languages of `catalogues`; the first is the default. Raises KeyError for a code without catalogue.
    `own_templates`: the academy's folder, whose `translations/` override ours.
    """
    known = catalogues(FOLDER)
    languages = [known[code] for code in codes]
    locales = {code: Locale.parse(code) for code in codes}
    folders = [str(FOLDER), *([str(own_templates / "translations")] if own_templates else [])]
    babel = Babel(
        app,
        configure_jinja=False,
        default_locale=codes[0],
        default_translation_directories=";".join(folders),
        locale_selector=lambda: locales[_chosen(codes) or _wanted(tuple(codes))],
    )
    babel.domain_instance = TypesetDomain()
    _teach_templates(app)
    app.jinja_env.globals.update(languages=languages, language=current)

    @app.after_request
    def remember(response: Response) -> Response:
        code = _asked()
        if code in codes:
            response.set_cookie(COOKIE, code, A_YEAR_SECONDS, secure=secure_cookie, httponly=True, samesite="Strict")
        return response


def best_of(wanted: Accept, codes: Sequence[str]) -> str:
    """Return the one of `codes` with the highest quality in `wanted`, else the first. en-GB counts as en.

    Werkzeug's own function prefers an exact match even with a low quality.
    """
    tags = (tag.replace("_", "-").partition("-")[0].lower() for tag, quality in wanted if quality > 0)
    return next((tag for tag in tags if tag in codes), codes[0])


def _wanted(codes: tuple[str, ...]) -> str:
    """Return the one of `codes` that the browser prefers. Browsers send few different headers, and short ones."""
    header = request.headers.get("Accept-Language", "")
    return (_read_once if len(header) <= MAX_REMEMBERED_CHARS else _read_once.__wrapped__)(header, codes)


@lru_cache(maxsize=256)
def _read_once(header: str, codes: tuple[str, ...]) -> str:
    return best_of(parse_accept_header(header, LanguageAccept), codes)


def _teach_templates(app: Flask) -> None:
    """Install gettext in Jinja as Flask-Babel does, but look the catalogue up once per page, not once per phrase."""

    def catalogue() -> Translations:
        locale = get_locale()
        known: tuple[Locale, Translations] | None = g.get("catalogue")
        # Flask-Babel keeps one locale object per page, until force_locale changes the language.
        if known is None or known[0] is not locale:
            known = g.catalogue = locale, get_translations()
        return known[1]

    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.add_extension(TypesetTemplates)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: catalogue().ugettext(message),
        ngettext=lambda one, many, number: catalogue().ungettext(one, many, number),
        pgettext=lambda context, message: catalogue().upgettext(context, message),
        npgettext=lambda context, one, many, number: catalogue().unpgettext(context, one, many, number),
        newstyle=True,
    )


def current() -> str:
    """Return the language of the present page as a code, for example "fr"."""
    return _code(get_locale())


@lru_cache(maxsize=16)
def _code(locale: Locale | None) -> str:
    return str(locale)


def is_switch() -> bool:
    """Return whether a button sent the form only to show it in another language."""
    return PARAMETER in request.form


def _asked() -> str:
    is_sent = request.method == "POST"
    if not is_sent and not request.query_string:
        return ""
    try:
        return (is_sent and request.form.get(PARAMETER)) or request.args.get(PARAMETER) or ""
    except RequestEntityTooLarge:
        return ""


def _chosen(codes: Sequence[str]) -> str | None:
    return next((code for code in (_asked(), request.cookies.get(COOKIE)) if code in codes), None)
