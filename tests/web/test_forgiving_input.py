"""What people type almost right, at every entry point."""

from __future__ import annotations

import hashlib

import pytest

from gateway.app import create_app
from tests.support.api_token import TOKEN
from tests.support.slapd_server import NUMEN, PASSWORD

NEW = "Orage-Violet-26"
SAVED = "Mot de passe modifié"
LOGIN_OF_FOUND = "jdelasaisie"
CLIENT = {
    "token_sha256": [hashlib.sha256(TOKEN.encode()).hexdigest()],
    "services": ["find", "roundcube"],
    "addresses": ["127.0.0.0/8"],
}
BORN = "27/03/1985"


@pytest.fixture
def saisie(directory):
    return directory.add_person(
        LOGIN_OF_FOUND, surname="de La Saisie", given_name="Jean-Marie", mail="jean-marie.delasaisie@ac-example.fr"
    )


def numens():
    number = NUMEN
    return [
        f"{number[:5]}-{number[5:10]}-{number[10:]}",
        ".".join(number),
        f"N° {number}",
        f"NUMEN : {number.lower()}",
        f"({number})",
    ]


class TestReset:
    def test_when_the_day_is_unknown_and_birth_dates_are_times_then_it_is_refused_as_any_wrong_date(
        self, directory, open_browser
    ):
        directory.add_person("fdurand4")
        browser = open_browser(people={"birth_date": "pwdStartTime", "birth_date_format": "%Y%m%d000000Z"})

        assert browser.prove("fdurand4", NUMEN, "00/00/1960").status == 422

    @pytest.mark.parametrize("typed", numens())
    def test_when_the_numen_has_punctuation_then_it_is_read_without(self, directory, browser, typed):
        directory.add_person("fdurand4")

        assert "ticket" in browser.prove("fdurand4", typed).fields

    @pytest.mark.parametrize("mode", ["choose", "initial"])
    def test_when_a_temporary_number_has_punctuation_of_its_own_then_it_is_kept(self, directory, open_browser, mode):
        directory.add_person("agent", numen=None, temporaryAgentNumber="TA-2026/17")
        browser = open_browser(reset={"mode": mode})

        page = browser.prove("agent", "ta-2026/17")

        assert ("ticket" in page.fields) == (mode == "choose")
        assert directory.binds("agent", "TA-2026/17") == (mode == "initial")

    def test_when_the_numen_has_punctuation_then_the_initial_password_has_none(self, directory, open_browser):
        directory.add_person("fdurand4")

        open_browser(reset={"mode": "initial"}).prove("fdurand4", f"{NUMEN[:5]}-{NUMEN[5:]}")

        assert directory.binds("fdurand4", NUMEN)

    @pytest.mark.parametrize("typed", ["O1E2345678ABC", "01E23456I8ABC", "01E2345678A0C"])
    def test_when_a_letter_stands_for_a_digit_then_it_is_explained_before_the_directory_is_asked(
        self, browser, typed
    ):
        page = browser.prove("fdurand4", typed)

        assert page.status == 422
        assert "2 chiffres, 1 lettre, 7 chiffres et 3 lettres" in page.main


class TestPages:
    @pytest.mark.parametrize(("held", "typed"), [("19600000", "00/00/1960"), ("19600300", "0/3/1960")])
    def test_when_the_day_of_birth_is_unknown_then_it_is_typed_as_the_register_writes_it(
        self, directory, browser, held, typed
    ):
        directory.add_person("inconnu", surname="Durand", given_name="Ali", birthDate=held)

        found = browser.find("Durand", "Ali", typed)
        proved = browser.prove("inconnu", NUMEN, typed)

        assert "inconnu" in found.main
        assert "ticket" in proved.fields

    @pytest.mark.parametrize(
        "typed",
        [
            "jean-marie.delasaisie@ac-example.fr",
            "JEAN-MARIE.DELASAISIE@AC-EXAMPLE.FR",
            f"{LOGIN_OF_FOUND}@ac-example.fr",
        ],
    )
    def test_when_an_address_is_typed_for_the_login_then_it_names_the_account(
        self, saisie, browser, directory, typed
    ):
        page = browser.change(typed, PASSWORD, NEW)

        assert SAVED in page.main
        assert directory.binds(saisie, NEW)
        assert "ticket" in browser.prove(typed).fields

    def test_when_the_setting_is_off_then_an_address_names_nobody(self, saisie, open_browser):
        browser = open_browser(people={"mail_as_login": False})

        assert browser.change("jean-marie.delasaisie@ac-example.fr", PASSWORD, NEW).status == 422

    def test_when_two_people_share_an_address_then_it_names_neither(self, directory, browser):
        directory.add_person("un", mail="partage@ac-example.fr")
        directory.add_person("deux", mail="partage@ac-example.fr")

        assert browser.change("partage@ac-example.fr", PASSWORD, NEW).status == 422

    def test_when_an_address_is_somebodys_login_then_it_names_that_person(self, directory, browser):
        directory.add_person("a@ac-example.fr", password="Mot-De-Passe-1")
        directory.add_person("autre", mail="a@ac-example.fr", password="Mot-De-Passe-2")

        assert SAVED in browser.change("a@ac-example.fr", "Mot-De-Passe-1", NEW).main

    def test_when_an_address_of_one_is_the_login_of_another_with_the_domain_then_it_names_neither(
        self, directory, browser
    ):
        """Else whoever writes an address into their own entry would get the attempts of somebody else."""
        directory.add_person("martin", mail="paul.martin@ac-example.fr", password="Mot-De-Passe-1")
        directory.add_person("autre", mail="martin@ac-example.fr", password="Mot-De-Passe-2")

        for password in ("Mot-De-Passe-1", "Mot-De-Passe-2"):
            assert browser.change("martin@ac-example.fr", password, NEW).status == 422
        assert SAVED in browser.change("martin", "Mot-De-Passe-1", NEW).main


class TestFind:
    @pytest.mark.parametrize(
        ("held", "typed"),
        [
            ("de La Saisie", "La Saisie"),
            ("de La Saisie", "Saisie"),
            ("Saisie", "de la Saisie"),
            ("Saint-Exupéry", "St Exupéry"),
            ("de Saint-Exupéry", "st-exupery"),
            ("St Just", "Saint Just"),
            ("Ste-Marie", "Sainte Marie"),
            ("Lefebvre Le Roux", "Le Roux Lefebvre"),
            ("Dupont-Aignan", "Aignan-Dupont"),
            ("Dupont-Aignan", "Dupont"),
            ("van den Berg", "Berg"),
            ("D’Artagnan", "Artagnan"),
            ("Le", "Le"),
        ],
    )
    def test_when_the_surname_is_written_another_way_then_the_account_is_found(self, directory, browser, held, typed):
        directory.add_person("personne", surname=held, given_name="Anne")

        assert "personne" in browser.find(typed, "Anne", BORN).main

    @pytest.mark.parametrize("typed", ["Le Roux Lefebvre", "Lefebvre Le Roux", "Roux-Lefebvre"])
    def test_when_birth_name_and_married_name_are_written_together_then_the_order_does_not_matter(
        self, directory, browser, typed
    ):
        directory.add_person("personne", surname="Lefebvre", patronymicName="Le Roux", given_name="Anne")

        assert "personne" in browser.find(typed, "Anne", BORN).main

    def test_when_the_particle_tells_two_people_apart_then_the_exact_one_is_found(self, directory, browser):
        directory.add_person("leroux", surname="Le Roux", given_name="Anne")
        directory.add_person("roux", surname="Roux", given_name="Anne")

        page = browser.find("Roux", "Anne", BORN)

        assert "roux" in page.main
        assert "leroux" not in page.main

    def test_when_a_part_of_the_surname_fits_two_people_then_neither_is_shown(self, directory, browser):
        directory.add_person("aignan", surname="Dupont-Aignan", given_name="Anne")
        directory.add_person("moretti", surname="Dupont-Moretti", given_name="Anne")

        page = browser.find("Dupont", "Anne", BORN)

        assert "aignan" not in page.main
        assert "moretti" not in page.main

    def test_when_the_birth_date_is_another_then_no_spelling_helps(self, directory, browser):
        directory.add_person("saisie", surname="de La Saisie", given_name="Anne")

        assert "saisie" not in browser.find("Saisie", "Anne", "28/03/1985").main

    @pytest.mark.parametrize("typed", ["-", "Madonna"])
    def test_when_a_person_has_no_given_name_then_a_dash_or_the_surname_finds_them(self, directory, browser, typed):
        directory.add_person("madonna", surname="Madonna", given_name=None)

        assert "madonna" in browser.find("Madonna", typed, BORN).main

    def test_when_a_dash_is_typed_for_the_given_name_then_people_who_have_one_are_not_found(self, directory, browser):
        directory.add_person("madonna", surname="Madonna", given_name="Louise")

        assert "madonna" not in browser.find("Madonna", "-", BORN).main

    @pytest.mark.parametrize("typed", ["31/02/1985", "00/13/1960", "27/00/1985", "00/00/1860"])
    def test_when_a_date_cannot_be_then_it_is_said(self, browser, typed):
        assert browser.find("Durand", "Ali", typed).status == 422

    def test_when_a_login_is_an_address_then_others_who_share_it_do_not_hide_the_person(
        self, directory, open_browser
    ):
        directory.add_person("jean.dupont@ac-example.fr", surname="Dupont", given_name="Jean")
        directory.add_person("jean.dupont", surname="Autre", given_name="Luc", departmentNumber="secret")
        browser = open_browser(people={"protected_filter": "(departmentNumber=secret)"})

        assert "jean.dupont@ac-example.fr" in browser.find("Dupont", "Jean", BORN).main


class TestAccount:
    def test_when_login_and_address_are_tried_in_turn_then_they_share_a_count(self, saisie, directory, open_browser):
        browser = open_browser(rate_limits={"per_login": "2/minute"})
        for typed in (LOGIN_OF_FOUND, "jean-marie.delasaisie@ac-example.fr", f"{LOGIN_OF_FOUND}@ac-example.fr"):
            browser.change(typed, "certainly wrong", NEW)

        assert len(directory.read(saisie)["pwdFailureTime"]) == 2


class TestWebmail:
    @pytest.mark.parametrize("user", ["jean-marie.delasaisie@ac-example.fr", f"{LOGIN_OF_FOUND}@ac-example.fr"])
    def test_when_it_sends_the_address_then_the_password_is_changed(self, saisie, build, directory, user):
        client = create_app(build(api={"clients": {"webmail": CLIENT}})).test_client()

        answer = client.post(
            "/api/v1/roundcube",
            headers={"Authorization": f"Bearer {TOKEN}"},
            data={"user": user, "curpass": PASSWORD, "newpass": NEW},
        )

        assert answer.text == "ok"
        assert directory.binds(saisie, NEW)


class TestApi:
    def test_when_the_day_of_birth_is_unknown_then_it_finds(self, directory, build):
        directory.add_person("inconnu", surname="Durand", given_name="Ali", birthDate="19600000")
        client = create_app(build(api={"clients": {"webmail": CLIENT}})).test_client()

        answer = client.post(
            "/api/v1/find",
            headers={"Authorization": f"Bearer {TOKEN}"},
            json={"surname": "Durand", "given_name": "Ali", "birth_date": "1960-00-00"},
        )

        assert answer.json
        assert answer.json["accounts"][0]["login"] == "inconnu"
