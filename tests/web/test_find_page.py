"""Retrouver mon compte, from the page to the directory and back."""

from __future__ import annotations

import pytest

NOT_FOUND = "Aucun compte ne correspond"


class TestFind:
    def test_when_the_married_name_is_typed_then_login_and_address_are_shown(self, directory, browser):
        directory.add_person("smoreau", surname="Moreau", given_name="Sophie", patronymicName="Garnier")

        page = browser.find("Moreau", "Sophie")

        assert page.status == 200
        assert "smoreau" in page.main
        assert "smoreau@ac-example.fr" in page.main

    def test_when_the_birth_name_is_typed_then_the_same_account_is_found(self, directory, browser):
        directory.add_person("smoreau", surname="Moreau", given_name="Sophie", patronymicName="Garnier")

        assert "smoreau" in browser.find("Garnier", "Sophie").main

    def test_when_one_bears_the_name_and_another_was_born_with_it_then_the_bearer_alone_is_shown(
        self, directory, browser
    ):
        directory.add_person("nsimon", surname="Simon", given_name="Nathalie", patronymicName="Laurent")
        directory.add_person("nlaurent", surname="Laurent", given_name="Nathalie", patronymicName="Simon")

        page = browser.find("Laurent", "Nathalie")

        assert "nlaurent" in page.main
        assert "nsimon" not in page.main

    @pytest.mark.parametrize(
        "held, typed",
        [
            (("Lefèvre", "Hélène"), ("LEFEVRE", "helene")),
            (("Cœurdoux", "Lætitia"), ("Coeurdoux", "Laetitia")),
            (("Coeurdoux", "Laetitia"), ("cœurdoux", "lætitia")),
            (("Dupont-Aignan", "Claire"), ("Dupont Aignan", "Claire")),
            (("D’Artagnan", "Charles"), ("D'Artagnan", "Charles")),
            (("L'Hermitte", "Agnès"), ("lhermitte", "agnes")),
            (("de La Fontaine", "Jean"), ("DE LA FONTAINE", "JEAN")),
            (("Martin", "Jean-Pierre"), ("Martin", "Jean Pierre")),
            (("Martin", "Jean-Pierre"), ("Martin", "jean")),
            (("Martin", "Jean-Pierre"), ("Martin", "Pierre")),
            (("Martin", "Jean"), ("Martin", "Jean Luc Marie")),
            (("Wałęsa", "Łukasz"), ("Walesa", "Lukasz")),
            (("Groß", "Jürgen"), ("Gross", "Jurgen")),
            (("O'Brien", "Siobhán"), ("O Brien", "Siobhan")),
        ],
    )
    def test_when_the_spelling_differs_then_the_account_is_found_all_the_same(self, directory, browser, held, typed):
        directory.add_person("wanted", surname=held[0], given_name=held[1])
        directory.add_person("other", surname="Petit", given_name="Léa")

        page = browser.find(*typed)

        assert "wanted@" in page.main
        assert "other@" not in page.main

    def test_when_the_married_name_is_misspelt_then_the_birth_name_is_tolerant_too(self, directory, browser):
        directory.add_person("egarcia", surname="Garcia", given_name="Émilie", patronymicName="Béranger")

        assert "egarcia@" in browser.find("beranger", "emilie").main

    def test_when_one_given_name_of_two_would_fit_several_then_nobody_is_shown(self, directory, browser):
        directory.add_person("jmartin", surname="Martin", given_name="Jean-Pierre")
        directory.add_person("jmartin2", surname="Martin", given_name="Jean-Paul")

        assert NOT_FOUND in browser.find("Martin", "Jean").main
        assert "jmartin2@" in browser.find("Martin", "Jean-Paul").main

    def test_when_given_names_are_several_values_then_each_of_them_counts(self, directory, browser):
        directory.add_person("lrichard", surname="Richard", given_name=["Luc", "Antoine"])

        assert "lrichard@" in browser.find("Richard", "Antoine").main
        assert "lrichard@" in browser.find("Richard", "Luc Antoine").main

    def test_when_two_share_names_and_day_then_both_are_shown(self, directory, browser):
        directory.add_person("fdurand2")
        directory.add_person("fdurand4")

        page = browser.find("Durand", "François")

        assert "fdurand2@" in page.main
        assert "fdurand4@" in page.main
        assert "2 personnes" in page.main

    def test_when_the_initial_password_is_in_force_then_the_page_says_what_to_do(self, directory, browser):
        directory.add_person("newcomer", pwdReset="TRUE")

        page = browser.find("Durand", "François")

        assert "Votre mot de passe est encore le mot de passe initial" in page.main

    def test_when_the_person_chose_a_password_then_the_page_says_so(self, directory, browser):
        directory.add_person("fdurand4")

        assert "Le mot de passe initial a déjà été remplacé" in browser.find("Durand", "François").main

    def test_when_there_is_no_address_then_the_page_says_so(self, directory, browser):
        directory.add_person("lgautier", surname="Gautier", given_name="Lucie", mail=None)

        assert "aucune adresse" in browser.find("Gautier", "Lucie").main

    @pytest.mark.parametrize(
        "surname, given_name, birth_date",
        [
            pytest.param("Durand", "François", "28/03/1985", id="another day"),
            pytest.param("Durant", "François", "27/03/1985", id="another surname"),
            pytest.param("Durand", "Françoise", "27/03/1985", id="another given name"),
            pytest.param("*", "*", "27/03/1985", id="wildcards"),
            pytest.param("Durand)(|(uid=*)", "François", "27/03/1985", id="filter"),
            pytest.param("\\2a", "\\2a", "27/03/1985", id="escaped wildcards"),
            pytest.param("-", "'", "27/03/1985", id="nothing but signs"),
        ],
    )
    def test_when_anything_is_wrong_then_one_message_says_what_to_try(
        self, directory, browser, surname, given_name, birth_date
    ):
        directory.add_person("fdurand4")

        page = browser.find(surname, given_name, birth_date)

        assert page.status == 422
        assert NOT_FOUND in page.main
        assert "nom de naissance" in page.main
        assert "fdurand4" not in page.source

    def test_when_somebody_stands_outside_the_base_or_class_then_they_are_not_found(self, directory, browser):
        directory.add_person("outsider", objectClass=["inetOrgPerson", "extensibleObject"])

        assert NOT_FOUND in browser.find("Durand", "François").main

    @pytest.mark.parametrize(
        "typed", ["27/03/1985", "27-03-1985", "27.03.1985", "27 03 1985", "27031985", "1985-03-27", " 27 / 3 / 1985 "]
    )
    def test_when_the_date_is_typed_in_any_usual_way_then_it_is_understood(self, directory, browser, typed):
        directory.add_person("fdurand4")

        assert "fdurand4@" in browser.find("Durand", "François", typed).main

    @pytest.mark.parametrize(
        "typed, reported",
        [
            ("31/02/1985", "n’existe pas"),
            ("27/03/85", "quatre chiffres"),
            ("hier", "quatre chiffres"),
            ("27/03/2999", "entre 1900 et cette année"),
            ("", "Saisissez votre date de naissance"),
        ],
    )
    def test_when_the_date_is_no_birth_date_then_the_field_says_why_and_the_rest_is_kept(
        self, browser, typed, reported
    ):
        page = browser.find("Durand", "François", typed)

        assert page.status == 422
        assert reported in page.main
        assert 'href="#birth_date"' in page.source
        assert (page.fields["surname"], page.fields["given_name"]) == ("Durand", "François")
