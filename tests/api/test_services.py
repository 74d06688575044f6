"""What a portal can do for people, and what it is told when something is refused."""

from __future__ import annotations

import json

import pytest
from browser import Browser
from directory_server import PASSWORD
from patience import wait_until
from waiting_workstation import move_to, waiting_workstation

from gateway.workstation.state import Step

NEW = "Nouveau-2025"
DURAND = {"surname": "Durand", "given_name": "François", "birth_date": "1985-03-27"}
WEBMAIL = {"user": "fdurand4", "curpass": PASSWORD, "newpass": NEW}


def change_of(login="fdurand4", current=PASSWORD, new=NEW):
    return {"login": login, "current_password": current, "new_password": new}


def test_account_when_the_person_is_known_then_login_and_address_come_back(directory, portal):
    directory.add_person("fdurand4")

    answer = portal.post("/find", DURAND)

    assert answer.status_code == 200
    assert answer.json == {
        "accounts": [{"login": "fdurand4", "mail": "fdurand4@ac-example.fr", "initial_password": False}]
    }


def test_account_when_only_the_birth_name_fits_then_it_is_found_as_by_the_page(directory, portal):
    directory.add_person("fdurand4", surname="Martin", patronymicName="Durand")

    assert portal.post("/find", DURAND).json["accounts"][0]["login"] == "fdurand4"


def test_account_when_nobody_has_that_name_then_the_code_says_not_found(portal):
    answer = portal.post("/find", DURAND)

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "not_found"
    assert "Vérifiez l’orthographe" in answer.json["detail"]


def test_password_when_it_is_changed_then_the_directory_takes_the_new_one(directory, portal):
    directory.add_person("fdurand4")

    answer = portal.post("/change", change_of())

    assert answer.status_code == 200
    assert answer.json == {"login": "fdurand4", "was_expired": False, "propagation": None}
    assert directory.binds("fdurand4", NEW)


@pytest.mark.parametrize(
    "asked, status, code, rules",
    [
        (change_of(current="wrong"), 403, "credentials", []),
        (change_of(login="nobody"), 403, "credentials", []),
        (change_of(new="a"), 409, "rules", ["too_short", "no_upper_case", "no_digit", "no_sign"]),
        (change_of(new="Durand-2025"), 409, "rules", ["contains_name"]),
        (change_of(new=PASSWORD), 409, "rules", ["same_as_current"]),
    ],
)
def test_change_when_it_is_refused_then_the_code_is_stable_and_nothing_changes(
    directory, portal, asked, status, code, rules
):
    directory.add_person("fdurand4")

    answer = portal.post("/change", asked)

    assert (answer.status_code, answer.json["code"], answer.json["rules"]) == (status, code, rules)
    assert answer.json["type"] == f"/api/v1/problems#{code}"
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert directory.binds("fdurand4", PASSWORD)


def test_refusal_when_the_portal_asks_in_english_then_the_sentence_is_english(directory, portal):
    portal.headers["Accept-Language"] = "en"

    assert portal.post("/change", change_of()).json["detail"].startswith("Login or password refused.")


def test_change_when_the_person_has_a_workstation_then_its_state_can_be_followed(directory, open_portal, tmp_path):
    portal = open_portal(workstation=waiting_workstation(tmp_path))
    directory.add_person("fdurand4", departmentNumber="rectorat")

    propagation = portal.post("/change", change_of()).json["propagation"]
    assert propagation["targets"] == ["domain"]
    follow = propagation["href"].removeprefix("/api/v1")

    state = portal.get(follow).json
    assert (state["waiting"], state["targets"][0]["state"]) == (True, "pending")
    assert state["targets"][0]["label"] == "Poste de travail"
    move_to(directory, "fdurand4", Step.DONE)
    state = portal.get(follow).json
    assert (state["waiting"], state["targets"][0]["state"]) == (False, "done")


def test_propagation_when_its_ticket_is_not_ours_then_it_is_unknown(portal):
    answer = portal.get("/propagations/xyz")

    assert (answer.status_code, answer.json["code"]) == (404, "propagation_unknown")


def test_policy_when_it_is_asked_for_then_the_rules_come_as_data_and_in_words(open_portal):
    portal = open_portal(password={"min_length": 12, "forbidden_words": ["exemple"]}, lockout={"minutes": 0})

    policy = portal.get("/policy").json

    assert (policy["min_length"], policy["forbidden_words"]) == (12, ["exemple"])
    assert policy["lockout"] == {"failures": 10, "minutes": 0}
    assert {"code": "too_short", "sentence": "avoir au moins 12 caractères"} in policy["rules"]


def test_logins_when_portal_and_page_try_them_then_they_are_counted_together(directory, open_portal):
    """Otherwise a portal would double what an attacker may guess."""
    directory.add_person("fdurand4")
    portal = open_portal(throttle={"per_login": "3/5 minutes"})
    browser = Browser(portal.app)
    browser.change("fdurand4", "wrong", NEW)
    portal.post("/change", change_of(current="wrong"))
    portal.post("/change", change_of(current="wrong"))

    answer = portal.post("/change", change_of())

    assert (answer.status_code, answer.json["code"]) == (429, "throttled")
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert browser.change("fdurand4", PASSWORD, NEW).status == 429


def test_rate_when_one_portal_used_it_up_then_it_waits_and_its_address_does_not_matter(directory, open_portal):
    portal = open_portal(client={"rate": "2/minute"}, throttle={"per_address": "1/minute"})

    assert [portal.post("/find", {**DURAND, "surname": name}).status_code for name in ("A", "B", "C")] == [
        404,
        404,
        429,
    ]


@pytest.mark.parametrize("path", ["/policy", "/propagations/xyz"])
def test_rate_when_a_portal_only_reads_then_that_counts_too(open_portal, path):
    portal = open_portal(client={"rate": "2/minute"})

    assert [portal.get(path).json.get("code") == "throttled" for _ in range(3)] == [False, False, True]


def test_a_portal_when_it_goes_on_past_its_rate_then_nobody_else_is_held_up(directory, open_portal):
    directory.add_person("fdurand4")
    portal = open_portal(client={"rate": "2/minute"}, throttle={"overall": "10/minute", "per_service": "10/minute"})
    for _ in range(20):
        portal.post("/change", change_of(login="somebody"))

    assert Browser(portal.app).change("fdurand4", PASSWORD, NEW).status == 200


def test_people_when_a_portal_changes_their_password_then_they_are_told_by_mail(directory, open_portal, tmp_path):
    portal = open_portal(notices={"spool": tmp_path / "mails", "smtp_host": ""})
    directory.add_person("fdurand4")

    portal.post("/change", change_of())

    wait_until(lambda: any((tmp_path / "mails" / "new").iterdir()))


def test_audit_when_a_portal_was_served_then_it_names_the_client_and_holds_no_secret(
    directory, open_portal, tmp_path
):
    file = tmp_path / "audit.log"
    portal = open_portal(audit={"to": "file", "file": file})
    directory.add_person("fdurand4")

    portal.post("/change", change_of(current="Faux-Passe-1"))
    portal.post("/change", change_of())
    portal.post("/find", DURAND)

    lines = [json.loads(line) for line in file.read_text().splitlines()]
    # Digits that chance puts there tell nothing.
    told = json.dumps([{**line, "time": "", "request": "", "agent": ""} for line in lines])
    assert [(line["service"], line["outcome"], line["client"]) for line in lines] == [
        ("change", "credentials", "portal"),
        ("change", "changed", "portal"),
        ("find", "found", "portal"),
    ]
    assert not [secret for secret in (NEW, PASSWORD, "Faux-Passe-1", "1985") if secret in told]


def test_outage_when_the_directory_is_down_then_the_problem_says_that_nothing_changed(directory, portal):
    directory.slapd.stop()

    answer = portal.post("/change", change_of())

    assert (answer.status_code, answer.json["code"]) == (503, "directory_unavailable")
    assert "Rien n’a été modifié" in answer.json["detail"]


def test_audit_when_the_directory_is_down_then_it_names_the_portal_and_whose_password_is_in_doubt(
    directory, open_portal, tmp_path
):
    portal = open_portal(audit={"to": "file", "file": tmp_path / "audit.log"})
    directory.slapd.stop()

    portal.post("/change", change_of())

    line = json.loads((tmp_path / "audit.log").read_text().splitlines()[-1])
    assert (line["service"], line["outcome"]) == ("change", "directory_unavailable")
    assert (line["client"], line["login"]) == ("portal", "fdurand4")


@pytest.mark.parametrize("birth_date", ["475718400", "0", "1985-3-27", "27/03/1985", "1985-03-27T00:00:00"])
def test_birth_date_when_it_is_no_plain_date_then_it_is_refused_and_not_guessed(portal, birth_date):
    answer = portal.post("/find", {**DURAND, "birth_date": birth_date})

    assert (answer.status_code, answer.json["faults"][0]["field"]) == (422, "birth_date")


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
def test_body_when_it_is_not_as_it_must_be_then_the_problem_says_so_and_repeats_nothing(
    directory, portal, options, status, code
):
    answer = portal.post("/change", **options)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert NEW not in answer.text
    assert PASSWORD not in answer.text


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
def test_roundcube_when_a_field_is_not_as_it_must_be_then_the_problem_names_it_and_repeats_nothing(
    directory, portal, changed, field
):
    answer = portal.post("/roundcube", data={**WEBMAIL, **changed})

    assert (answer.status_code, [fault["field"] for fault in answer.json["faults"]]) == (422, [field])
    assert NEW not in answer.text
    assert PASSWORD not in answer.text


def test_roundcube_when_its_form_has_more_fields_then_they_are_let_pass(directory, portal):
    directory.add_person("fdurand4")

    answer = portal.post("/roundcube", data={**WEBMAIL, "_task": "settings"})

    assert (answer.status_code, answer.text) == (200, "ok")


def test_host_when_it_is_none_of_ours_then_the_answer_is_a_problem_too(portal):
    portal.headers["Host"] = "elsewhere.example"

    answer = portal.get("/policy")

    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["code"] == "foreign_host"


@pytest.mark.parametrize(
    "method, path, status", [("GET", "/change", 405), ("POST", "/policy", 405), ("GET", "/no", 404)]
)
def test_address_when_there_is_nothing_or_another_method_then_the_answer_is_a_problem_too(
    portal, method, path, status
):
    answer = portal._ask(method, path)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert status == 404 or "Allow" in answer.headers
