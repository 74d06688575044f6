"""The search of the helpdesk: who is found, how many, and what the audit says of it."""

from __future__ import annotations

import json

import pytest

from tests.support.agent_browser import AGENT, PERSON, REASON, SEARCH

KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


def events_of(audit_file):
    return [json.loads(line) for line in audit_file.read_text(encoding="utf-8").splitlines()]


def outcomes(audit_file, outcome):
    return [event for event in events_of(audit_file) if event["outcome"] == outcome]


class TestWho:
    @pytest.mark.parametrize(
        "typed",
        ["fdurand4", "FDURAND4", "fdurand4@ac-example.fr", "Durand", "durand françois", "François Durand"],
    )
    def test_when_login_mail_or_name_is_typed_then_the_person_is_found(self, signed_in, typed):
        page = signed_in.search(typed)

        assert "Ouvrir la fiche de fdurand4" in page.main
        assert "fdurand4@ac-example.fr" in page.main

    def test_when_a_name_of_two_words_is_typed_then_the_person_is_found(self, signed_in, academy):
        academy.add_person("alegoff", surname="Le Goff", given_name="Anne")

        assert "alegoff" in signed_in.search("Le Goff Anne").main
        assert "alegoff" in signed_in.search("Anne Le Goff").main

    @pytest.mark.parametrize("typed", ["*", "fdurand*", "(uid=*)", "fd", "*)(uid=*"])
    def test_when_only_a_part_or_a_filter_is_typed_then_nobody_is_found(self, signed_in, typed):
        page = signed_in.search(typed)

        assert "Ouvrir la fiche" not in page.main

    def test_when_there_are_more_than_twenty_then_twenty_are_shown(self, signed_in, academy):
        for number in range(21):
            academy.add_person(f"martin{number}", surname="Martin", given_name="Anne")

        page = signed_in.search("Martin")

        assert page.main.count("Ouvrir la fiche de") == 20
        assert "Il y en a d’autres" in page.main

    def test_when_found_then_neither_birth_date_nor_number_is_in_the_page(self, signed_in):
        page = signed_in.search("fdurand4")

        assert "12E8534567ABC" not in page.source
        assert "1985" not in page.source


class TestReason:
    def test_when_missing_then_nothing_is_searched(self, signed_in, audit_file):
        page = signed_in.search("fdurand4", reason=" ")

        assert page.status == 422
        assert "Saisissez le motif" in page.main
        assert outcomes(audit_file, "searched") == []

    def test_when_a_person_is_opened_without_it_then_nothing_is_shown(self, signed_in, audit_file):
        page = signed_in.search("fdurand4")
        signed_in.browser.send(SEARCH, page, searched="fdurand4", reason="", person="fdurand4")

        assert signed_in.browser.client.get(PERSON).status_code == 303
        assert outcomes(audit_file, "looked") == []


class TestAudit:
    def test_when_searched_then_it_has_agent_and_reason_and_not_what_was_typed(self, signed_in, audit_file):
        signed_in.search("Durand")

        [event] = outcomes(audit_file, "searched")
        assert (event["operator"], event["reason"], event["found"]) == (AGENT, REASON, 1)
        assert "Durand" not in json.dumps(event)

    def test_when_a_person_is_opened_then_it_has_agent_person_and_reason(self, signed_in, audit_file):
        signed_in.look("fdurand4")

        [event] = outcomes(audit_file, "looked")
        assert (event["operator"], event["login"], event["reason"]) == (AGENT, "fdurand4", REASON)

    def test_when_signed_in_and_out_then_both_are_in_it(self, signed_in, audit_file):
        signed_in.sign_out(signed_in.browser.open(SEARCH))

        assert [event["login"] for event in outcomes(audit_file, "signed_in")] == [AGENT]
        assert [event["login"] for event in outcomes(audit_file, "signed_out")] == [AGENT]


class TestRateLimit:
    def test_when_an_agent_searches_too_often_then_no_more_is_searched(self, open_guichet, audit_file):
        guichet = open_guichet(rate_limits={"per_agent": "3/hour"})
        guichet.sign_in()
        for _ in range(3):
            assert guichet.search("fdurand4").status == 200

        assert guichet.search("fdurand4").status == 429
        assert len(outcomes(audit_file, "searched")) == 3

    def test_when_an_agent_guesses_people_from_two_browsers_then_the_count_is_the_same(self, open_guichet, redis):
        shared = {"rate_limits": {"per_agent": "3/hour", "store": redis.url}, "web": {"secret_keys": [KEY]}}
        one, other = open_guichet(**shared), open_guichet(**shared)
        for guichet in (one, other):
            guichet.sign_in()
        for _ in range(3):
            one.search("fdurand4")

        assert other.search("fdurand4").status == 429

    def test_when_an_agent_looks_at_too_many_people_then_no_more_is_shown(self, open_guichet, academy):
        guichet = open_guichet(rate_limits={"per_agent": "2/hour"})
        guichet.sign_in()
        page = guichet.search("Durand")

        answers = [
            guichet.browser.send(SEARCH, page, searched="Durand", reason=REASON, person=login)
            for login in ("fdurand4", "nobody1", "nobody2")
        ]

        assert [answer.status for answer in answers] == [200, 422, 429]
