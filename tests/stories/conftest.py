"""Stories of pages and mails, in French and English, on a clock that stands still."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.approved_text import assert_approved
from tests.support.chromium_pages import ChromiumPages
from tests.support.slapd_server import SlapdServer
from tests.support.still_clock import stop_the_clock
from tests.support.story import Story

HERE = Path(__file__).parent
LOGIN, NEW = "fdurand4", "Nouveau-2025"
SCENES = {
    "the page": "la page",
    "the form": "le formulaire",
    "sent with nothing in it": "envoyé sans rien",
    "nobody is found": "personne n’est trouvé",
    "found": "trouvé",
    "the proofs are right": "les preuves sont justes",
    "a password that breaks the rules": "un mot de passe qui ne suit pas les règles",
    "the result": "le résultat",
    "where the code shall go": "où envoyer le code",
    "the code is asked for": "le code est demandé",
    "a wrong code": "un code faux",
    "a weak password is typed": "un mot de passe faible est saisi",
    "the workstation waits": "le poste de travail attend",
    "the workstation has it": "le poste de travail l’a reçu",
    "too many tries": "trop d’essais",
    "without JavaScript": "sans JavaScript",
    "the check is done": "la vérification est faite",
    "no method yet": "aucun moyen pour l’instant",
    "a wrong address": "une adresse qui n’en est pas une",
    "a method was added and rests": "un moyen est ajouté et attend",
    "the app is shown its key": "la clé est montrée à l’application",
    "the passkey is made": "la clé d’accès est créée",
    "all methods count": "tous les moyens servent",
    "a method was removed": "un moyen est supprimé",
    "the box was left empty": "la case est restée vide",
}
"""The headings of the French texts."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_the_clock(monkeypatch)


@pytest.fixture(params=["fr", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(directory: SlapdServer, open_page: ChromiumPages, language: str) -> Page:
    directory.add_person(LOGIN, departmentNumber="rectorat")
    return open_page(locale=language)


@pytest.fixture
def story(language: str) -> Story:
    return Story(language, SCENES if language == "fr" else {})


def assert_told(story: Story, name: str) -> None:
    """Compare a story with the approved text of that name."""
    assert_approved(story.text, HERE / f"{name}.{story.language}.txt")
