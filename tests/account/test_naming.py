"""How a name becomes a login and a mail address."""

import pytest

from gateway.account.login_generation import login_stem, mail_stem, numbered, ranked


class TestLoginStem:
    @pytest.mark.parametrize(
        ("given_name", "surname", "login"),
        [
            ("Florence", "Durand", "fdurand"),
            ("Éléonore", "Lefèvre", "elefevre"),
            ("Jean-Pierre", "Martin", "jmartin"),
            ("Anne", "de la Tour", "adelatour"),
            ("Luc", "d'Aubigné", "ldaubigne"),
            ("Luc", "D’Aubigné", "ldaubigne"),
            ("Zoé", "Martin-Dupont", "zmartindupont"),
            ("Œdipe", "Lœwy", "oloewy"),
            ("Łukasz", "Wałęsa", "lwalesa"),
            ("Jörg", "Weiß", "jweiss"),
            ("Ægir", "Sæther", "asaether"),
        ],
    )
    def test_when_a_name_is_french_or_foreign_then_plain_letters_are_left(self, given_name, surname, login):
        assert login_stem(given_name, surname) == login

    def test_when_the_accent_is_a_character_of_its_own_then_the_login_is_the_same(self):
        assert login_stem("E\u0301lodie", "Lefe\u0300vre") == login_stem("Élodie", "Lefèvre")


class TestMailStem:
    @pytest.mark.parametrize(
        ("given_name", "surname", "mail"),
        [
            ("Florence", "Durand", "florence.durand"),
            ("Jean-Pierre", "Martin-Dupont", "jean-pierre.martin-dupont"),
            ("Anne", "de la Tour", "anne.de-la-tour"),
            ("Noël", "D'Artagnan", "noel.d-artagnan"),
        ],
    )
    def test_when_a_name_has_several_words_then_hyphens_part_them(self, given_name, surname, mail):
        assert mail_stem(given_name, surname) == mail


class TestStems:
    def test_when_a_name_holds_digits_then_they_are_left_out(self):
        assert login_stem("Paul 2", "Martin 3") == "pmartin"
        assert mail_stem("Paul 2", "Martin 3") == "paul.martin"

    @pytest.mark.parametrize(
        ("given_name", "surname"), [("", "Martin"), ("Paul", "---"), ("Ольга", "Martin"), ("7", "Martin")]
    )
    def test_when_a_name_has_no_plain_letter_then_the_error_shows_the_name(self, given_name, surname):
        culprit = given_name if surname == "Martin" else surname

        for stem in (login_stem, mail_stem):
            with pytest.raises(ValueError, match=repr(culprit)):
                stem(given_name, surname)


class TestRanked:
    def test_when_somebody_is_the_first_then_there_is_no_number(self):
        assert [ranked("fdurand", rank) for rank in (1, 2, 3)] == ["fdurand", "fdurand2", "fdurand3"]


class TestNumbered:
    def test_when_nobody_has_the_name_then_it_stays_bare(self):
        assert numbered("fdurand", {"pdurand", "fdurand2"}) == "fdurand"

    def test_when_homonyms_have_it_then_the_first_free_number_follows(self):
        assert numbered("fdurand", {"fdurand", "fdurand2", "fdurand4"}) == "fdurand3"
