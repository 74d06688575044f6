"""What an API client can do for people, and what it is told when something is refused."""

from __future__ import annotations

import json

import pytest

from gateway.workstation.state import DeliveryStatus
from tests.support.browser import FIND, Browser
from tests.support.pending_deliveries import move_to, pending_deliveries
from tests.support.polling import wait_until
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
DURAND = {"surname": "Durand", "given_name": "François", "birth_date": "1985-03-27"}
NOBODY = {**DURAND, "surname": "Nobody"}
WEBMAIL = {"user": "fdurand4", "curpass": PASSWORD, "newpass": NEW}


def change_of(login="fdurand4", current=PASSWORD, new=NEW):
    return {"login": login, "current_password": current, "new_password": new}


class TestAccount:
    def test_when_the_person_is_known_then_login_and_address_come_back(self, directory, api_client):
        directory.add_person("fdurand4")

        answer = api_client.post("/find", DURAND)

        assert answer.status_code == 200
        assert answer.json == {
            "accounts": [{"login": "fdurand4", "mail": "fdurand4@ac-example.fr", "initial_password": False}]
        }

    def test_when_only_the_birth_name_fits_then_it_is_found_as_by_the_page(self, directory, api_client):
        directory.add_person("fdurand4", surname="Martin", patronymicName="Durand")

        assert api_client.post("/find", DURAND).json["accounts"][0]["login"] == "fdurand4"

    def test_when_nobody_has_that_name_then_the_code_says_not_found(self, api_client):
        answer = api_client.post("/find", DURAND)

        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"] == "not_found"
        assert "Vérifiez l’orthographe" in answer.json["detail"]


class TestPassword:
    def test_when_it_is_changed_then_the_directory_takes_the_new_one(self, directory, api_client):
        directory.add_person("fdurand4")

        answer = api_client.post("/change", change_of())

        assert answer.status_code == 200
        assert answer.json == {"login": "fdurand4", "was_expired": False, "propagation": None}
        assert directory.binds("fdurand4", NEW)


class TestRefusal:
    def test_when_the_client_asks_in_english_then_the_sentence_is_english(self, directory, api_client):
        api_client.headers["Accept-Language"] = "en"

        assert api_client.post("/change", change_of()).json["detail"].startswith("Login or password incorrect.")


class TestChange:
    @pytest.mark.parametrize(
        "asked, status, code, rules",
        [
            (change_of(current="wrong"), 403, "credentials", []),
            (change_of(login="nobody"), 403, "credentials", []),
            (change_of(new="a"), 409, "rules", ["too_short", "no_upper_case", "no_digit", "no_special"]),
            (change_of(new="Durand-2025"), 409, "rules", ["contains_name"]),
            (change_of(new=PASSWORD), 409, "rules", ["same_as_current"]),
        ],
    )
    def test_when_it_is_refused_then_the_code_is_stable_and_nothing_changes(
        self, directory, api_client, asked, status, code, rules
    ):
        directory.add_person("fdurand4")

        answer = api_client.post("/change", asked)

        assert (answer.status_code, answer.json["code"], answer.json["rules"]) == (status, code, rules)
        assert answer.json["type"] == f"/api/v1/problems#{code}"
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_person_has_a_workstation_then_its_state_can_be_followed(
        self, directory, open_api_client, tmp_path
    ):
        api_client = open_api_client(workstation=pending_deliveries(tmp_path))
        directory.add_person("fdurand4", departmentNumber="rectorat")

        propagation = api_client.post("/change", change_of()).json["propagation"]
        assert propagation["targets"] == ["domain"]
        follow = propagation["href"].removeprefix("/api/v1")

        state = api_client.get(follow).json
        assert (state["waiting"], state["targets"][0]["state"]) == (True, "pending")
        assert state["targets"][0]["label"] == "Poste de travail"
        move_to(directory, "fdurand4", DeliveryStatus.DONE)
        state = api_client.get(follow).json
        assert (state["waiting"], state["targets"][0]["state"]) == (False, "done")


class TestPropagation:
    def test_when_its_ticket_is_not_ours_then_it_is_unknown(self, api_client):
        answer = api_client.get("/propagations/xyz")

        assert (answer.status_code, answer.json["code"]) == (404, "propagation_unknown")


class TestPolicy:
    def test_when_it_is_asked_for_then_the_rules_come_as_data_and_in_words(self, open_api_client):
        api_client = open_api_client(
            password={"min_length": 12, "forbidden_words": ["exemple"]}, lockout={"minutes": 0}
        )

        policy = api_client.get("/policy").json

        assert (policy["min_length"], policy["forbidden_words"]) == (12, ["exemple"])
        assert policy["lockout"] == {"failures": 10, "minutes": 0}
        assert {"code": "too_short", "sentence": "contenir au moins 12\u00a0caractères"} in policy["rules"]


class TestLogins:
    def test_when_client_and_page_try_them_then_they_are_counted_together(self, directory, open_api_client):
        """Otherwise an API client would double what an attacker may guess."""
        directory.add_person("fdurand4")
        api_client = open_api_client(rate_limits={"per_login": "3/5 minutes"})
        browser = Browser(api_client.app)
        browser.change("fdurand4", "wrong", NEW)
        api_client.post("/change", change_of(current="wrong"))
        api_client.post("/change", change_of(current="wrong"))

        answer = api_client.post("/change", change_of())

        assert (answer.status_code, answer.json["code"]) == (429, "rate_limited")
        assert 0 < int(answer.headers["Retry-After"]) <= 300
        assert browser.change("fdurand4", PASSWORD, NEW).status == 429


class TestRate:
    def test_when_one_client_used_it_up_then_it_waits_and_its_address_does_not_matter(
        self, directory, open_api_client
    ):
        api_client = open_api_client(client={"rate": "2/minute"}, rate_limits={"per_address": "1/minute"})

        assert [api_client.post("/find", {**DURAND, "surname": name}).status_code for name in ("A", "B", "C")] == [
            404,
            404,
            429,
        ]

    @pytest.mark.parametrize("path", ["/policy", "/propagations/xyz"])
    def test_when_a_client_only_reads_then_that_counts_too(self, open_api_client, path):
        api_client = open_api_client(client={"rate": "2/minute"})

        assert [api_client.get(path).json.get("code") == "rate_limited" for _ in range(3)] == [False, False, True]


class TestMisses:
    def test_when_searches_find_nobody_then_they_are_counted_for_the_client_that_asked(self, open_api_client):
        api_client = open_api_client(rate_limits={"misses_overall": "2/minute"})
        limiter = api_client.gateway.protection.rate_limiter

        assert [api_client.post("/find", NOBODY).status_code for _ in range(2)] == [404, 404]

        assert limiter.is_suspicious("127.0.0.1", client="intranet")
        assert not limiter.is_suspicious("127.0.0.1", client="library")

    def test_when_a_client_finds_nobody_then_the_pages_ask_nobody_for_the_captcha(self, open_api_client):
        api_client = open_api_client(rate_limits={"misses_overall": "2/minute", "misses_per_address": "2/minute"})
        for _ in range(3):
            api_client.post("/find", NOBODY)

        assert "Vérification anti-robot" not in Browser(api_client.app).open(FIND).main

    def test_when_pages_find_nobody_then_no_client_is_suspicious(self, open_api_client):
        api_client = open_api_client(rate_limits={"misses_overall": "2/minute"})
        browser = Browser(api_client.app)
        for _ in range(2):
            browser.find("Nobody", "Nemo")

        assert "Vérification anti-robot" in browser.open(FIND).main
        assert not api_client.gateway.protection.rate_limiter.is_suspicious("127.0.0.1", client="intranet")

    def test_when_a_client_misses_unusually_often_then_the_log_says_so(self, open_api_client, caplog):
        api_client = open_api_client(rate_limits={"misses_overall": "2/minute"})
        for _ in range(2):
            api_client.post("/find", NOBODY)

        assert "api: find: intranet searches unusually often for people who do not exist" in caplog.messages


class TestApiClient:
    def test_when_it_goes_on_past_its_rate_then_nobody_else_is_held_up(self, directory, open_api_client):
        directory.add_person("fdurand4")
        api_client = open_api_client(
            client={"rate": "2/minute"}, rate_limits={"overall": "10/minute", "per_service": "10/minute"}
        )
        for _ in range(20):
            api_client.post("/change", change_of(login="somebody"))

        assert Browser(api_client.app).change("fdurand4", PASSWORD, NEW).status == 200


class TestPeople:
    def test_when_a_client_changes_their_password_then_they_are_informed_by_mail(
        self, directory, open_api_client, tmp_path
    ):
        api_client = open_api_client(notifications={"spool": tmp_path / "mails", "smtp_host": ""})
        directory.add_person("fdurand4")

        api_client.post("/change", change_of())

        wait_until(lambda: any((tmp_path / "mails" / "new").iterdir()))


class TestOutage:
    def test_when_the_directory_is_down_then_the_problem_says_that_nothing_changed(self, directory, api_client):
        directory.slapd.stop()

        answer = api_client.post("/change", change_of())

        assert (answer.status_code, answer.json["code"]) == (503, "directory_unavailable")
        assert "Rien n’a été modifié" in answer.json["detail"]


class TestAudit:
    def test_when_a_client_was_served_then_it_names_the_client_and_holds_no_secret(
        self, directory, open_api_client, tmp_path
    ):
        file = tmp_path / "audit.log"
        api_client = open_api_client(audit={"destination": "file", "file": file})
        directory.add_person("fdurand4")

        api_client.post("/change", change_of(current="Faux-Passe-1"))
        api_client.post("/change", change_of())
        api_client.post("/find", DURAND)

        lines = [json.loads(line) for line in file.read_text().splitlines()]
        # Digits that chance puts there tell nothing.
        reported = json.dumps([{**line, "time": "", "request": "", "agent": ""} for line in lines])
        assert [(line["service"], line["outcome"], line["client"]) for line in lines] == [
            ("change", "credentials", "intranet"),
            ("change", "changed", "intranet"),
            ("find", "found", "intranet"),
        ]
        assert not [secret for secret in (NEW, PASSWORD, "Faux-Passe-1", "1985") if secret in reported]

    def test_when_the_directory_is_down_then_it_names_the_client_and_whose_password_is_in_doubt(
        self, directory, open_api_client, tmp_path
    ):
        api_client = open_api_client(audit={"destination": "file", "file": tmp_path / "audit.log"})
        directory.slapd.stop()

        api_client.post("/change", change_of())

        line = json.loads((tmp_path / "audit.log").read_text().splitlines()[-1])
        assert (line["service"], line["outcome"]) == ("change", "directory_unavailable")
        assert (line["client"], line["login"]) == ("intranet", "fdurand4")


class TestBirthDate:
    @pytest.mark.parametrize("birth_date", ["475718400", "0", "1985-3-27", "27/03/1985", "1985-03-27T00:00:00"])
    def test_when_it_is_no_plain_date_then_it_is_refused_and_not_guessed(self, api_client, birth_date):
        answer = api_client.post("/find", {**DURAND, "birth_date": birth_date})

        assert (answer.status_code, answer.json["faults"][0]["field"]) == (422, "birth_date")


class TestBody:
    @pytest.mark.parametrize(
        "options, status, code",
        [
            ({"data": "{", "content_type": "application/json"}, 400, "malformed"),
            ({"data": b'{"login": "\xff"}', "content_type": "application/json"}, 400, "malformed"),
            ({"data": "login=x", "content_type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
            ({"json": {"login": "x"}}, 422, "invalid"),
            ({"json": {**change_of(), "more": 1}}, 422, "invalid"),
            ({"json": change_of(login="   ")}, 422, "invalid"),
            ({"json": change_of(login="\u2003")}, 422, "invalid"),
            ({"json": change_of(new="Tab\tulation-1")}, 422, "invalid"),
            ({"json": change_of(new="x" * 1025)}, 422, "invalid"),
            ({"data": b'{"login": "' + b"x" * 300_000, "content_type": "application/json"}, 413, "too_large"),
        ],
    )
    def test_when_it_is_not_correct_then_the_problem_says_so_and_repeats_nothing(
        self, directory, api_client, options, status, code
    ):
        answer = api_client.post("/change", **options)

        assert (answer.status_code, answer.json["code"]) == (status, code)
        assert NEW not in answer.text
        assert PASSWORD not in answer.text


class TestRoundcube:
    @pytest.mark.parametrize(
        "changed, field",
        [
            ({"user": "\u00a0"}, "user"),
            ({"user": ["fdurand4", "pmartin"]}, "user"),
            ({"curpass": ""}, "curpass"),
            ({"newpass": "Tab\tulation-1"}, "newpass"),
            ({"newpass": "x" * 1025}, "newpass"),
            ({"newpass": "\ufffd"}, "newpass"),
        ],
    )
    def test_when_a_field_is_not_correct_then_the_problem_names_it_and_repeats_nothing(
        self, directory, api_client, changed, field
    ):
        answer = api_client.post("/roundcube", data={**WEBMAIL, **changed})

        assert (answer.status_code, [fault["field"] for fault in answer.json["faults"]]) == (422, [field])
        assert NEW not in answer.text
        assert PASSWORD not in answer.text

    def test_when_its_form_has_more_fields_then_they_are_let_pass(self, directory, api_client):
        directory.add_person("fdurand4")

        answer = api_client.post("/roundcube", data={**WEBMAIL, "_task": "settings"})

        assert (answer.status_code, answer.text) == (200, "ok")


class TestHost:
    def test_when_it_is_none_of_ours_then_the_answer_is_a_problem_too(self, api_client):
        api_client.headers["Host"] = "elsewhere.example"

        answer = api_client.get("/policy")

        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
        assert answer.json["code"] == "foreign_host"


class TestAddress:
    @pytest.mark.parametrize(
        "method, path, status", [("GET", "/change", 405), ("POST", "/policy", 405), ("GET", "/no", 404)]
    )
    def test_when_there_is_nothing_or_another_method_then_the_answer_is_a_problem_too(
        self, api_client, method, path, status
    ):
        answer = api_client.ask(method, path)

        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert ("Allow" in answer.headers) is (status == 405)
