"""The academy's rules for a new password."""

from __future__ import annotations

import pickle

import pytest

from gateway.account.model import Person, Secret
from gateway.account.policy import PasswordRules, Rule

PERSON = Person("fdurand4", ("Le Goff-Durand",), ("N’Diaye",), ("François", "Ly"), "", False)


class TestRules:
    @pytest.mark.parametrize("password", ["Abcde-12", "Été à Nîmes 2", "ÀÉ-àé-12", "Aa1 Aa1 "])
    def test_when_all_are_kept_then_none_is_broken(self, password):
        assert PasswordRules().violations(Secret(password), login="xyz") == ()

    def test_when_all_kinds_are_missing_then_all_are_named_at_once(self):
        assert PasswordRules().violations(Secret("")) == (
            Rule.TOO_SHORT,
            Rule.NO_LOWER_CASE,
            Rule.NO_UPPER_CASE,
            Rule.NO_DIGIT,
            Rule.NO_SPECIAL,
        )

    def test_when_a_superscript_stands_for_a_digit_then_it_is_none(self):
        assert Rule.NO_DIGIT in PasswordRules().violations(Secret("Metres-carres²"))

    @pytest.mark.parametrize("password", ["goff", "DURAND", "n'diaye", "le goff", "Fran.ço-is", "fdurand4"])
    def test_when_the_password_holds_a_name_or_the_login_however_spelt_then_it_is_broken(self, password):
        assert PasswordRules().personal_violations(Secret(f"xx{password}99"), PERSON, "fdurand4")

    @pytest.mark.parametrize("password", ["Le soleil", "Ly-lys", "Diadème"])
    def test_when_only_short_parts_of_a_name_occur_then_none_is_broken(self, password):
        assert PasswordRules().personal_violations(Secret(password), PERSON, "fdurand4") == ()

    def test_when_switched_off_then_they_are_not_judged(self):
        rules = PasswordRules(1, 64, False, False, False, False, False, False, False)

        assert rules.violations(Secret("fdurand4"), login="fdurand4", current=Secret("fdurand4")) == ()
        assert rules.personal_violations(Secret("fdurand4"), PERSON, "fdurand4") == ()


class TestSecret:
    def test_when_shown_then_its_text_is_not(self):
        secret = Secret("Bienvenue-2026!")

        assert "Bienvenue" not in f"{secret!r} {secret} {[secret]} {(secret,)}"
        with pytest.raises(TypeError):
            pickle.dumps(secret)

    def test_when_compared_then_only_the_same_text_is_equal(self):
        assert Secret("a") == Secret("a")
        assert Secret("a") != Secret("b")
        assert Secret("a") != "a"


class TestPassword:
    @pytest.mark.parametrize("password", ["Academie-2026-x!", "monRECTORAT-12", "l'Académie-12X"])
    def test_when_it_holds_a_word_that_the_academy_forbids_then_that_is_said(self, password):
        rules = PasswordRules(forbidden_words=("académie", "rectorat"))

        assert Rule.CONTAINS_WORD in rules.violations(Secret(password))

    def test_when_the_list_of_common_ones_has_it_then_that_is_said(self):
        assert PasswordRules(is_common=lambda password: True).violations(Secret("Nouveau-2025")) == (Rule.COMMON,)

    def test_when_it_was_stolen_then_that_is_asked_last_and_only_of_good_ones(self):
        asked: list[Secret] = []

        def is_breached(password: Secret) -> bool:
            asked.append(password)
            return True

        rules = PasswordRules(is_breached=is_breached)

        assert rules.personal_violations(Secret("Nouveau-2025"), PERSON, "fdurand4") == (Rule.BREACHED,)
        assert rules.personal_violations(Secret("Fdurand4-2025"), PERSON, "fdurand4") == (
            Rule.CONTAINS_LOGIN,
            Rule.CONTAINS_NAME,
        )
        assert len(asked) == 1
