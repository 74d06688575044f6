"""Modifier mon mot de passe, from the page to the entry."""

from __future__ import annotations

import pytest

from tests.support.browser import CHANGE
from tests.support.slapd_server import PASSWORD, POLICIES

NEW = "Nouveau-2025"
REFUSED = "Identifiant ou mot de passe incorrect"


class TestChange:
    def test_when_all_is_right_then_the_new_password_opens_and_the_old_one_does_not(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", PASSWORD, NEW)

        assert page.status == 200
        assert "est modifié. L’ancien ne fonctionne plus" in page.main
        assert directory.binds("fdurand4", NEW)
        assert not directory.binds("fdurand4", PASSWORD)

    def test_when_all_is_right_then_slapd_has_hashed_the_password_with_argon2(self, directory, browser):
        directory.add_person("fdurand4")

        browser.change("fdurand4", PASSWORD, NEW)

        assert directory.read("fdurand4")["userPassword"][0].startswith("{ARGON2}$argon2i")

    def test_when_all_is_right_then_the_answer_leads_to_a_page_that_can_be_reloaded(self, directory, browser):
        directory.add_person("fdurand4")
        form = browser.open(CHANGE).fields

        answer = browser.client.post(
            CHANGE,
            data={
                **form,
                "login": "fdurand4",
                "current_password": PASSWORD,
                "new_password": NEW,
                "confirmation": NEW,
            },
        )

        assert answer.status_code == 303
        assert browser.open(answer.location).main == browser.open(answer.location).main
        assert "fdurand4" not in answer.location

    @pytest.mark.parametrize(
        "login, password",
        [
            pytest.param("fdurand4", "Faux-2024", id="wrong password"),
            pytest.param("nobody", PASSWORD, id="unknown login"),
            pytest.param("locked", PASSWORD, id="locked account"),
            pytest.param("closed", PASSWORD, id="closed account"),
            pytest.param("*", PASSWORD, id="wildcard"),
            pytest.param("fdurand4)(uid=*", PASSWORD, id="filter"),
            pytest.param("fdurand4,ou=people,dc=ac-example,dc=fr", PASSWORD, id="DN"),
            pytest.param("\\66durand4", PASSWORD, id="escaped"),
        ],
    )
    def test_when_the_pair_opens_nothing_then_one_message_helps_all_and_tells_nothing(
        self, directory, browser, login, password
    ):
        for person in ("fdurand4", "locked", "closed"):
            directory.add_person(person)
        directory.lock("locked")
        directory.set("closed", "pwdAccountLockedTime", "000001010000Z")
        reference = browser.change("somebody", "Else-2024", NEW)

        page = browser.change(login, password, NEW)

        assert page.status == 422
        assert REFUSED in page.main
        assert page.main == reference.main
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_password_has_expired_then_it_can_be_changed_all_the_same(self, directory, browser):
        directory.add_person("expired", pwdPolicySubentry=f"cn=yearly,{POLICIES}", pwdChangedTime="20200101080000Z")
        assert not directory.binds("expired", PASSWORD)

        page = browser.change("expired", PASSWORD, NEW)

        assert "avait expiré" in page.main
        assert directory.binds("expired", NEW)

    def test_when_the_password_has_expired_and_the_wrong_one_is_typed_then_it_is_refused(self, directory, browser):
        directory.add_person("expired", pwdPolicySubentry=f"cn=yearly,{POLICIES}", pwdChangedTime="20200101080000Z")

        page = browser.change("expired", "Faux-2024", NEW)

        assert REFUSED in page.main

    def test_when_the_initial_password_had_to_be_changed_then_that_duty_ends(self, directory, browser):
        directory.add_person("newcomer", password="12E8534567ABC", pwdReset="TRUE")

        browser.change("newcomer", "12E8534567ABC", NEW)

        assert "pwdReset" not in directory.read("newcomer")
        assert directory.binds("newcomer", NEW)

    def test_when_the_directory_knows_the_password_from_before_then_it_says_so_in_plain_words(
        self, directory, browser
    ):
        directory.add_person("fdurand4")
        browser.change("fdurand4", PASSWORD, NEW)

        page = browser.change("fdurand4", NEW, PASSWORD)

        assert page.status == 422
        assert "a déjà servi" in page.main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_directory_wants_more_characters_then_it_says_so(self, directory, open_browser):
        directory.add_person("fdurand4")

        page = open_browser(password={"min_length": 4}).change("fdurand4", PASSWORD, "Ab-1")

        assert page.status == 422
        assert "trop court" in page.main
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_password_is_too_young_then_the_page_asks_to_wait(self, directory, browser):
        with directory.as_admin() as line:
            policy = dict(line.read_s(f"cn=default,{POLICIES}"))
            policy.update(cn=[b"patient"], pwdMinAge=[b"86400"])
            line.add_s(f"cn=patient,{POLICIES}", list(policy.items()))
        directory.add_person("hasty", pwdPolicySubentry=f"cn=patient,{POLICIES}")
        try:
            page = browser.change("hasty", PASSWORD, NEW)

            assert "trop récemment" in page.main
            assert directory.binds("hasty", PASSWORD)
        finally:
            with directory.as_admin() as line:
                line.delete_s(f"cn=patient,{POLICIES}")


class TestNewPassword:
    @pytest.mark.parametrize(
        "new, reported",
        [
            ("Ab-1", "doit contenir au moins 8 caractères"),
            ("NOUVEAU-2025", "doit contenir au moins une lettre minuscule"),
            ("nouveau-2025", "doit contenir au moins une lettre majuscule"),
            ("Nouveau-neuf", "doit contenir au moins un chiffre"),
            ("Nouveau2025", "doit contenir au moins un caractère spécial"),
            (PASSWORD, "doit être différent de l’actuel"),
            ("X-fdurand4-1", "ne doit pas contenir votre identifiant"),
            ("Durand!2025", "ne doit pas contenir votre nom"),
            ("Francois!2025", "ne doit pas contenir votre nom"),
            ("A1-" + "a" * 130, "doit contenir au plus 128 caractères"),
        ],
    )
    def test_when_a_rule_is_broken_then_it_is_named_by_the_field_and_nothing_changes(
        self, directory, browser, new, reported
    ):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", PASSWORD, new)

        assert page.status == 422
        assert f"Le nouveau mot de passe {reported}" in page.main
        assert 'href="#new_password"' in page.source
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_rules_are_switched_off_then_the_directory_alone_decides(self, directory, open_browser):
        directory.add_person("fdurand4")
        lax = dict.fromkeys(("lower_case", "upper_case", "digit", "special", "forbid_names", "forbid_login"), False)

        open_browser(password=lax).change("fdurand4", PASSWORD, "durandfdurand4")

        assert directory.binds("fdurand4", "durandfdurand4")

    @pytest.mark.parametrize("new, changes", [("Marseille-13", False), ("kX9-velours-Tramontane", True)])
    def test_when_a_least_strength_is_set_then_weaker_passwords_are_refused(
        self, directory, open_browser, new, changes
    ):
        directory.add_person("fdurand4")

        page = open_browser(password={"min_strength": 80}).change("fdurand4", PASSWORD, new)

        assert ("la barre doit atteindre 80" in page.main) is not changes
        assert directory.binds("fdurand4", new) is changes

    def test_when_a_stranger_types_a_name_as_password_then_nothing_tells_whose_login_it_is(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", "Faux-2024", "Francois!2025")

        assert REFUSED in page.main
        assert "pas contenir" not in page.main.split("Le nouveau mot de passe doit :")[0]

    def test_when_the_confirmation_differs_then_the_old_password_stays(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", PASSWORD, NEW, confirmation=NEW + " ")

        assert page.status == 422
        assert "La confirmation ne correspond pas" in page.main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "new",
        [
            pytest.param(" Nouveau-2025 ", id="blanks at both ends"),
            pytest.param("Été-à-Nîmes-1", id="composed"),
            pytest.param("E\u0301te\u0301-2025-", id="decomposed"),
            pytest.param("Пароль-2025", id="Cyrillic"),
            pytest.param("Clé🔑-2025-x", id="emoji"),
            pytest.param("Aa1-" + "x" * 80, id="long"),
            pytest.param("Guillemets\"'\\<&>1", id="signs"),
        ],
    )
    def test_when_the_password_has_unusual_characters_then_every_byte_is_kept(self, directory, browser, new):
        directory.add_person("fdurand4")

        browser.change("fdurand4", PASSWORD, new)

        assert directory.binds("fdurand4", new)
        assert not directory.binds("fdurand4", new.strip() + "x")

    @pytest.mark.parametrize(
        "scheme", ["{CLEARTEXT}", "{cleartext}", "{SSHA}", "{ARGON2}", "{SASL}", "{FOO}", "{x-y.z/1_2}"]
    )
    def test_when_the_password_looks_like_a_stored_hash_then_it_is_refused_with_the_reason(
        self, directory, browser, scheme
    ):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", PASSWORD, f"{scheme}Orage-Violet-51!")

        assert page.status == 422
        assert "entre accolades" in page.main
        assert directory.binds("fdurand4", PASSWORD)

    @pytest.mark.parametrize(
        "new", ["Orage{SSHA}-51-violet", "{Orage-51 violet}x", "{}Orage-51-violet", "{é}Orage-51-violet"]
    )
    def test_when_braces_are_no_scheme_then_the_password_is_taken(self, directory, browser, new):
        directory.add_person("fdurand4")

        browser.change("fdurand4", PASSWORD, new)

        assert directory.binds("fdurand4", new)

    @pytest.mark.parametrize(
        "current",
        [
            "E\u0301te\u0301-2025-",
            "Ligne\u00a0insécable-1",
            "Premi\u00ade-2025-A",
            "ª-Ancien-2024",
            "Privé\ue000-2024",
            "Clé🔑-2025-x",
        ],
    )
    def test_when_the_current_password_has_unusual_characters_then_it_opens_as_it_was_typed(
        self, directory, browser, current
    ):
        directory.add_person("fdurand4", password=current)

        page = browser.change("fdurand4", current, NEW)

        assert "Mot de passe modifié" in page.main
        assert directory.binds("fdurand4", NEW)

    def test_when_the_old_password_ends_in_a_blank_then_the_blank_counts(self, directory, browser):
        directory.add_person("fdurand4", password="Ancien-2024 ")

        assert REFUSED in browser.change("fdurand4", "Ancien-2024", NEW).main
        assert "Mot de passe modifié" in browser.change("fdurand4", "Ancien-2024 ", NEW).main

    def test_when_refused_then_the_login_is_kept_and_no_password_comes_back(self, directory, browser):
        directory.add_person("fdurand4")

        page = browser.change("fdurand4", "Secret-Courant-1", "Secret-Nouveau-2")

        assert page.fields["login"] == "fdurand4"
        assert "Secret-" not in page.source

    def test_when_ten_wrong_passwords_came_through_the_page_then_the_account_is_locked_and_a_reset_unlocks_it(
        self, directory, open_browser
    ):
        """Where an academy's settings let so many through."""
        browser = open_browser(rate_limits={"per_login": "11/5 minutes"})
        directory.add_person("fdurand4")
        for _ in range(10):
            browser.change("fdurand4", "Faux-2024", NEW)
        assert not directory.binds("fdurand4", PASSWORD)

        browser.choose(browser.prove("fdurand4"), NEW)

        assert directory.binds("fdurand4", NEW)
