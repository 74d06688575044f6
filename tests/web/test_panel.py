"""What explains a field: the same text below the field and in the panel, and everything that people must know."""

from __future__ import annotations

import re

import pytest

from tests.support.browser import CHANGE, FIND, RESET
from tests.support.pending_deliveries import pending_deliveries

CAPTCHA = {"captcha": {"required": ["find", "reset", "change"]}}


def titles(pattern, source):
    return [re.sub(r"\s", " ", title) for title in re.findall(pattern, source, re.DOTALL)]


def below(source):
    """The titles of the explanations below the fields."""
    return titles(r'<details class="explanation".*?<summary>(.*?)</summary>', source)


def beside(source):
    """The titles of the sections of the panel that belong to fields of the form."""
    return titles(r'<section data-about="[a-z_]+" class="beside">\s*<h3>(.*?)</h3>', source)


class TestPanel:
    @pytest.mark.parametrize("path", [FIND, RESET, CHANGE])
    def test_when_it_explains_a_field_then_both_places_have_the_same_and_no_id_is_twice(self, open_browser, path):
        source = open_browser(**CAPTCHA).open(path).source

        identifiers = re.findall(r'\bid="([^"]*)"', source)
        assert below(source)
        assert sorted(below(source)) == sorted(beside(source))
        assert len(identifiers) == len(set(identifiers))

    def test_when_no_captcha_is_asked_for_then_nothing_explains_it(self, open_browser):
        assert "anti-robot" not in open_browser().open(RESET).text
        assert "anti-robot" in open_browser(**CAPTCHA).open(RESET).text

    def test_when_there_are_workstations_then_the_staff_of_the_rectorat_read_about_theirs(
        self, open_browser, tmp_path
    ):
        with_them = open_browser(workstation=pending_deliveries(tmp_path)).open(CHANGE).source

        assert "Personnels du rectorat" in below(with_them)
        assert "Personnels du rectorat" not in open_browser().open(CHANGE).text

    @pytest.mark.parametrize(
        "path, words",
        [
            (RESET, "Votre adresse académique ( @ac-example.fr ) est acceptée aussi"),
            (RESET, "en 13 caractères. Il vous a été transmis à votre entrée en fonctions"),
            (RESET, "numéro d’agent temporaire, remis par votre responsable à votre arrivée"),
            (RESET, "Perdu ? Demandez-le à votre responsable"),
            (RESET, "l’image de sécurité, ou écoutez-les"),
            (RESET, "Tous les champs doivent être renseignés"),
            (FIND, "faites une seconde recherche avec votre nom de naissance"),
            (FIND, "Votre nom d’usage (marital). Si rien n’est trouvé, essayez votre nom de naissance."),
            (CHANGE, "La barre montre, en pourcentage, si votre mot de passe est difficile à deviner"),
            (CHANGE, "une majuscule, un chiffre et un caractère spécial"),
            (CHANGE, "Jamais changé ? C’est votre NUMEN (ou votre numéro d’agent temporaire), en MAJUSCULES."),
            ("/assistance", "une adresse électronique que vous pouvez lire"),
            ("/", "retrouvez votre compte"),
            ("/", "MA-MAMIA"),
            ("/", "Aide et informations"),
        ],
    )
    def test_when_the_original_explained_it_then_this_does_too(self, open_browser, path, words):
        assert words in re.sub(r"\s+", " ", open_browser(**CAPTCHA).open(path).text)


class TestAcademy:
    def test_when_it_has_an_older_text_of_its_own_then_it_is_in_both_places_and_nothing_is_lost(
        self, open_browser, tmp_path
    ):
        (tmp_path / "content" / "fr").mkdir(parents=True)
        (tmp_path / "content" / "fr" / "reset.md").write_text(
            "Chez nous.\n\n### Le NUMEN {: #proof }\n\nAu bureau 12.\n\n### Divers {: #divers }\n\nEncore ceci.\n"
        )

        source = open_browser(web={"templates": tmp_path}).open(RESET).source

        assert below(source) == beside(source) == ["Le NUMEN"]
        # It belongs to no field: it is in the panel at every width.
        assert '<section data-about="divers">' in source
        assert "Chez nous." in source

    @pytest.mark.parametrize(
        "name, written",
        [
            ("Académie de Toulouse", "un service de l’académie de Toulouse, réservé"),
            ("Rectorat de Mayotte", "un service du rectorat de Mayotte, réservé"),
            ("Région académique Occitanie", "un service de la région académique Occitanie, réservé"),
            ("CNED", "un service de CNED, réservé"),
        ],
    )
    def test_when_it_has_a_name_then_its_article_fits(self, open_browser, name, written):
        assert written in open_browser(academy={"name": name}).open("/").text

    def test_when_its_settings_have_the_article_then_that_one_is_used(self, open_browser):
        academy = {"name": "CNED", "name_with_article": "le CNED", "name_with_of": "du CNED"}

        assert "un service du CNED, réservé" in open_browser(academy=academy).open("/").text

    def test_when_its_mailboxes_are_larger_then_the_answer_says_so(self, open_browser):
        page = open_browser(academy={"mailbox_megabytes": 500}).open("/questions-frequentes")

        assert "500 Mo" in page.text
