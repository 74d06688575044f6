"""Mistakes in the academy's own templates, catalogues and logo."""

from __future__ import annotations

import shutil

import pytest

from gateway.checks.finding import Level
from gateway.checks.templates import check_templates
from tests.support.planted_machine import FOREIGN_USER, open_folder
from tests.support.planted_mistakes import Mistake, problems, prove
from tests.support.planted_site import OURS, PlantedSite


def templates(place):
    return check_templates(place.settings)


def in_another_folder(place):
    shutil.rmtree(place.folder / "templates")
    place.template("pages/home.html", "{{ academy.name }}")


def closed_logo(place):
    place.give_processes_users()
    place.set("academy", logo=place.file("logo.png", b"\x89PNG\r\n", mode=0o600))


MISTAKES = (
    Mistake(
        name="template with an error",
        plant=lambda place: place.template("pages/home.html", "{% if academy.name %}\n{{ academy.name }}\n"),
        subject="web.templates",
        message=["home.html, line", "fail (500)"],
        hint=["correct that line"],
        fix=lambda place: place.template("pages/home.html", "{% if academy.name %}\n{{ academy.name }}\n{% endif %}"),
        check=templates,
    ),
    Mistake(
        name="text of a page under a misspelt name",
        plant=lambda place: place.template("content/fr/hom.md", "Bienvenue"),
        level=Level.WARN,
        subject="web.templates",
        message=["no file of ours with its name"],
        hint=["content/fr/home.md"],
        fix=lambda place: (place.folder / "templates/content/fr/hom.md").rename(
            place.folder / "templates/content/fr/home.md"
        ),
        check=templates,
    ),
    Mistake(
        name="template with an unknown name",
        plant=lambda place: place.template("pages/home.html", "{{ acadamy.name }}"),
        subject="web.templates",
        message=["uses acadamy"],
        hint=["correct the name"],
        fix=lambda place: place.template("pages/home.html", "{{ academy.name }}"),
        check=templates,
    ),
    Mistake(
        name="template with an unknown setting",
        plant=lambda place: place.template("content/fr/help.md", "Appelez le {{ support.telephone }}"),
        subject="web.templates",
        message=["support.telephone"],
        hint=["correct the name"],
        fix=lambda place: place.template("content/fr/help.md", "Appelez le {{ support.phone }}"),
        check=templates,
    ),
    Mistake(
        name="template with an unknown filter",
        plant=lambda place: place.template("pages/home.html", "{{ academy.name | majuscules }}"),
        subject="web.templates",
        message=["majuscules"],
        hint=["correct that line"],
        fix=lambda place: place.template("pages/home.html", "{{ academy.name | upper }}"),
        check=templates,
    ),
    Mistake(
        name="template in another encoding",
        plant=lambda place: place.template("content/fr/help.md", "Académie".encode("latin1")),
        subject="web.templates",
        message=["is not UTF-8"],
        hint=["iconv -f latin1"],
        fix=lambda place: place.template("content/fr/help.md", "Académie"),
        check=templates,
    ),
    Mistake(
        name="template that nobody shows",
        plant=lambda place: place.template("page/home.html", "{{ academy.name }}"),
        level=Level.WARN,
        subject="web.templates",
        message=["no page shows it"],
        hint=["its path as under templates/"],
        fix=in_another_folder,
        check=templates,
    ),
    Mistake(
        name="template that the service cannot read",
        plant=lambda place: (place.give_processes_users(), place.template("pages/home.html", "x", mode=0o600)),
        subject="web.templates",
        message=[f"{FOREIGN_USER} can't read"],
        hint=["chmod a+r"],
        fix=lambda place: (place.folder / "templates" / "pages" / "home.html").chmod(0o644),
        check=templates,
    ),
    Mistake(
        name="catalogue that is none",
        plant=lambda place: place.template("translations/fr/LC_MESSAGES/messages.mo", "msgid"),
        subject="web.templates",
        message=["no compiled catalogue"],
        hint=["pybabel compile", "or delete it"],
        fix=lambda place: (place.folder / "templates/translations/fr/LC_MESSAGES/messages.mo").unlink(),
        check=templates,
    ),
    Mistake(
        name="language without a catalogue",
        plant=lambda place: place.web(languages=["fr", "br"]),
        subject="web.languages",
        message=["no catalogue for br"],
        hint=["languages = ['fr']"],
        fix=lambda place: place.web(languages=["fr"]),
        check=templates,
    ),
    Mistake(
        name="logo that the service cannot read",
        plant=closed_logo,
        subject="academy.logo",
        message=["can't read"],
        hint=["chmod a+r"],
        fix=lambda place: (place.folder / "logo.png").chmod(0o644),
        check=templates,
    ),
    Mistake(
        name="logo of another kind",
        plant=lambda place: place.set("academy", logo=place.file("logo.png", b"\xff\xd8\xff")),
        level=Level.WARN,
        subject="academy.logo",
        message=["browsers show no logo"],
        hint=["its right ending"],
        fix=lambda place: place.set("academy", logo=place.file("logo.jpg", b"\xff\xd8\xff")),
        check=templates,
    ),
)


@pytest.fixture(scope="module")
def folder():
    with open_folder() as made:
        yield made


@pytest.fixture(scope="module")
def place(folder):
    site = PlantedSite(folder)
    site._good["captcha"] = {"required": ["reset", "change"]}
    site.restore()
    return site


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_when_a_mistake_is_made_then_it_is_found_and_the_hint_names_the_fix(place, mistake):
    prove(mistake, place)


def test_when_a_file_of_the_academys_own_is_included_by_another_one_then_nothing_is_found(place):
    try:
        place.template("parts/banner.html", "{{ academy.name }}")
        place.template("pages/home.html", '{% include "parts/banner.html" %}')

        assert problems(templates(place)) == []
    finally:
        place.restore()


def test_when_the_programs_own_templates_are_the_academys_then_nothing_is_found(place):
    try:
        shutil.copytree(OURS, place.folder / "templates", ignore=shutil.ignore_patterns("__*"))
        place.web(templates=place.folder / "templates")

        assert problems(templates(place)) == []
    finally:
        place.restore()
