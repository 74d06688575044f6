"""API and webmail keep to the directory's policy of one person, and tell its numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.password_policies import own_policy
from tests.support.slapd_server import PASSWORD

NEW = "Nouveau-2025"
LONG = "Nouveau-mot-de-passe-2025"


def change(api_client, new=NEW, current=PASSWORD):
    return api_client.post("/change", {"login": "fdurand4", "current_password": current, "new_password": new})


def change_in_webmail(api_client, new=NEW):
    return api_client.post("/roundcube", data={"user": "fdurand4", "curpass": PASSWORD, "newpass": new})


@pytest.fixture
def under(directory):
    """Puts somebody under a policy of their own: `under(pwdMinAge="86400")`."""
    open_policies = []

    def putter(**attributes):
        policy = own_policy(directory, "own", **attributes)
        open_policies.append(policy)
        directory.add_person("fdurand4", pwdPolicySubentry=policy.__enter__())

    yield putter
    for policy in open_policies:
        policy.__exit__(None, None, None)


class TestWebmail:
    def test_when_the_persons_policy_forbids_a_change_then_the_sentence_says_so(self, directory, api_client, under):
        under(pwdAllowUserChange="FALSE")

        answer = change_in_webmail(api_client)

        assert "n’autorise pas la modification" in answer.text
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_password_is_too_young_then_the_sentence_has_the_hour_and_the_helpdesk(
        self, directory, api_client, under
    ):
        under(pwdMinAge="86400")
        directory.set("fdurand4", "pwdChangedTime", f"{datetime.now(UTC):%Y%m%d%H%M%S}Z")

        answer = change_in_webmail(api_client)

        assert "de nouveau à partir du" in answer.text
        assert "appelez l’assistance" in answer.text
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_new_password_is_too_short_for_that_person_then_the_sentence_has_the_number(
        self, directory, api_client, under
    ):
        under(pwdMinLength="16")

        assert "16\N{NO-BREAK SPACE}caractères" in change_in_webmail(api_client).text
        assert directory.binds("fdurand4", PASSWORD)


class TestChange:
    def test_when_the_persons_policy_forbids_it_then_the_code_says_so_and_nothing_changes(
        self, directory, api_client, under
    ):
        under(pwdAllowUserChange="FALSE")

        answer = change(api_client)

        assert (answer.status_code, answer.json["code"]) == (409, "not_changeable")
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_password_is_too_young_then_the_answer_has_the_time_and_the_helpdesk(
        self, directory, api_client, under
    ):
        under(pwdMinAge="86400")
        changed_at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        directory.set("fdurand4", "pwdChangedTime", f"{changed_at:%Y%m%d%H%M%S}Z")

        answer = change(api_client)

        assert (answer.status_code, answer.json["code"]) == (409, "too_young")
        assert datetime.fromisoformat(answer.json["changeable_from"]) == changed_at + timedelta(days=1)
        assert "appelez l’assistance" in answer.json["detail"]
        assert directory.binds("fdurand4", PASSWORD)

    def test_when_the_new_password_is_too_short_for_that_person_then_the_answer_has_the_number(
        self, directory, api_client, under
    ):
        under(pwdMinLength="16")

        answer = change(api_client)

        assert (answer.status_code, answer.json["code"], answer.json["min_length"]) == (409, "too_short", 16)
        assert "16\N{NO-BREAK SPACE}caractères" in answer.json["detail"]
        assert change(api_client, LONG).status_code == 200
        assert directory.binds("fdurand4", LONG)

    def test_when_the_current_password_is_wrong_then_nothing_of_the_persons_policy_is_reported(
        self, api_client, under
    ):
        under(pwdMinLength="16", pwdMinAge="86400", pwdAllowUserChange="FALSE")

        answer = change(api_client, current="Faux-2025")

        assert (answer.status_code, answer.json["code"]) == (403, "credentials")
        assert (answer.json["min_length"], answer.json["changeable_from"]) == (None, None)
