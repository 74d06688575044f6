"""Checks of the academy's own templates, logo and catalogues, with Jinja's own parser: a page is not rendered."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, TemplateError, TemplateSyntaxError, nodes
from jinja2.meta import find_undeclared_variables
from pydantic import BaseModel

from gateway.checks.finding import Finding, fail, ok, warn
from gateway.checks.process_users import WEB, ProcessUser, process_user
from gateway.settings import Academy, Accessibility, Legal, Lockout, Password, Settings, Support

SUBJECT = "web.templates"
OURS, CATALOGUES = files("gateway.templates"), Path(__file__).parents[1] / "translations"
SUFFIXES = (".html", ".md", ".txt")
SECTIONS: dict[str, type[BaseModel]] = {
    "academy": Academy,
    "legal": Legal,
    "accessibility": Accessibility,
    "support": Support,
    "policy": Password,
    "lockout": Lockout,
}
"""Names in every template → the section of the settings that each is."""
MAX_LOGO_BYTES = 60_000


def check_templates(settings: Settings) -> Iterator[Finding]:
    """Yield findings about the folder web.templates, the catalogues of the languages, and the logo."""
    user, folder = process_user(WEB), settings.web.templates
    found = [*_languages(settings), *_logo(settings, user)]
    if folder:
        found += [
            finding for file in sorted(folder.rglob("*")) if file.is_file() for finding in _file(folder, file, user)
        ]
        found += _catalogues(folder)
    yield from found
    if folder and not found:
        yield ok(SUBJECT, f"the files in {folder} can be used")


def _languages(settings: Settings) -> Iterator[Finding]:
    known = sorted(file.parts[-3] for file in CATALOGUES.glob("*/LC_MESSAGES/messages.mo"))
    unknown = [code for code in settings.web.languages if code not in known]
    if unknown:
        text = f"there is no catalogue for {', '.join(unknown)}: the service does not start"
        yield fail(
            "web.languages",
            text,
            f"languages = {[code for code in settings.web.languages if code in known] or known}",
        )


def _logo(settings: Settings, user: ProcessUser) -> Iterator[Finding]:
    logo = settings.academy.logo
    if logo is None:
        return
    if not user.may("r", logo):
        yield fail(
            "academy.logo",
            f"{user.name} can't read {logo}: the service does not start",
            f"chmod a+r {logo}; chmod a+x its folders",
        )
    elif not _is_picture(logo):
        text = f"{logo} does not hold what its name says: browsers show no logo"
        yield warn("academy.logo", text, f"a file in the format {logo.suffix}, or its right ending: file {logo}")


def _is_picture(logo: Path) -> bool:
    begin = logo.read_bytes()[:512]
    marks = {".png": b"\x89PNG", ".jpg": b"\xff\xd8", ".webp": b"RIFF"}
    mark = marks.get(logo.suffix.lower())
    return begin.startswith(mark) if mark else b"<svg" in logo.read_bytes()


def _file(folder: Path, file: Path, user: ProcessUser) -> Iterator[Finding]:
    name = file.relative_to(folder).as_posix()
    if not user.may("r", file):
        yield fail(
            SUBJECT,
            f"{user.name} can't read {file}: pages with it fail (500)",
            f"chmod a+r {file}; chmod a+x its folders",
        )
        return
    if file.suffix not in SUFFIXES:
        return
    try:
        source = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        yield fail(
            SUBJECT,
            f"{file} is not UTF-8: pages with it fail (500)",
            f"iconv -f latin1 -t utf-8 {file} writes it as UTF-8",
        )
        return
    if not _is_ours(name) and not _is_included(folder, file, name):
        known = sorted({one.name for one in Path(str(OURS)).rglob(f"*{file.suffix}")})
        near = get_close_matches(file.name, known, n=1)
        yield warn(
            SUBJECT,
            f"{file} has no file of ours with its name, so no page shows it",
            "its path as under templates/ of the program" + (f": {file.with_name(near[0])}" if near else ""),
        )
    yield from _template(file, name, source)


def _is_ours(name: str) -> bool:
    """Return whether we have a file of this name; texts in a language that we lack are named as the French ones."""
    parts = name.split("/")
    if parts[0] == "content" and len(parts) > 2:
        return OURS.joinpath("content", "fr", *parts[2:]).is_file()
    return OURS.joinpath(name).is_file()


def _is_included(folder: Path, file: Path, name: str) -> bool:
    """Return whether another file of the academy's names this one."""
    others = (one for one in _all_files(folder) if one != file)
    return any(name.encode() in one.read_bytes() for one in others)


def _template(file: Path, name: str, source: str) -> Iterator[Finding]:
    environment = _environment()
    try:
        tree = environment.parse(source)
        environment.compile(tree)
    except TemplateSyntaxError as error:
        text = f"{file}, line {error.lineno}: {error.message}: pages with it fail (500)"
        yield fail(SUBJECT, text, f"correct that line; the program's own {name} shows how it is written")
        return
    except TemplateError as error:
        yield fail(
            SUBJECT, f"{file}: {error.message}: pages with it fail (500)", f"compare with the program's own {name}"
        )
        return
    unknown = sorted(find_undeclared_variables(environment.parse(source)) - _known_names())
    unknown += sorted(_unknown_attributes(environment.parse(source)))
    if unknown:
        text = f"{file} uses {', '.join(unknown)}, which no page has: pages with it fail (500)"
        yield fail(
            SUBJECT, text, f"correct the name, or take it out; the program's own {name} has the names that exist"
        )


def _unknown_attributes(tree: nodes.Template) -> set[str]:
    """Return attributes of settings that do not exist, such as academy.telephone."""
    return {
        f"{node.node.name}.{node.attr}"
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name)
        and (section := SECTIONS.get(node.node.name))
        and node.attr not in section.model_fields
        and not hasattr(section, node.attr)
    }


@cache
def _environment() -> Environment:
    """Return an environment with the syntax of the pages, and the filters that our templates use."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"])
    for file in _all_files(Path(str(OURS))):
        for used in environment.parse(file.read_text(encoding="utf-8")).find_all(nodes.Filter):
            environment.filters.setdefault(used.name, str)
    return environment


@cache
def _known_names() -> frozenset[str]:
    """Return every name that a template of ours uses without setting it: what the pages give to templates."""
    names: set[str] = {
        "_",
        "gettext",
        "ngettext",
        "pgettext",
        "npgettext",
        "caller",
        "loop",
        "self",
        "super",
        "request",
        "g",
        "session",
        "config",
        "get_flashed_messages",
        "url_for",
    }
    for file in _all_files(Path(str(OURS))):
        names |= find_undeclared_variables(_environment().parse(file.read_text(encoding="utf-8")))
    return frozenset(names)


def _all_files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix in SUFFIXES)


def _catalogues(folder: Path) -> Iterator[Finding]:
    """Check the academy's own catalogues, which come before ours."""
    from gettext import GNUTranslations

    for source in sorted((folder / "translations").glob("*/LC_MESSAGES/messages.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            text = f"{source} was changed and not compiled: pages show the former texts"
            yield warn(SUBJECT, text, f"pybabel compile -i {source} -o {compiled}")
    for compiled in sorted((folder / "translations").glob("*/LC_MESSAGES/*.mo")):
        try:
            with compiled.open("rb") as stream:
                GNUTranslations(stream)
        except (OSError, ValueError, EOFError, UnicodeDecodeError):
            text = f"{compiled} is no compiled catalogue: pages fail (500)"
            yield fail(SUBJECT, text, f"pybabel compile -i {compiled.with_suffix('.po')} -o {compiled}, or delete it")
