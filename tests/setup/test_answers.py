"""Answers as values: what is written of them, what is kept, and what is wrong with them."""

from __future__ import annotations

import tomllib

import pytest

from gateway.setup.answers import Answers
from gateway.setup.question import closures, openings, show_closures, show_openings
from gateway.setup.toml_text import as_toml

TABLE = {
    "academy": {"name": "Académie d’Exemple"},
    "directory": {"servers": ["ldap://127.0.0.1"], "bind_dn": "cn=g,dc=a", "decoy_dn": "cn=d,dc=a"},
    "people": {"base": "ou=people,dc=a", "proofs": {"numen": {"attribute": "supannRefId", "prefix": "{NUMEN}"}}},
    "workstation": {
        "filter": "(a=b)",
        "targets": {
            "nt": {"type": "samba_nt"},
            "domain": {"type": "active_directory", "servers": ["ldaps://a"], "bind_dn": "x", "base": "dc=a"},
        },
    },
    "api": {"clients": {"webmail": {"services": ["find"], "addresses": ["10.0.0.1"], "token_sha256": ["0" * 64]}}},
    "support": {"openings": [{"days": ["mon"], "opens": "08:30", "closes": "17:00"}]},
    "webhooks": {"url": "https://a/", "secret_file": "/etc/mamia/webhook.secret", "spool": "/var/lib/mamia/webhooks"},
    "capture": {},
    "web": {"port": 8080},
}


class TestText:
    def test_when_it_is_written_then_it_has_the_same_answers_and_says_what_they_are(self):
        text = as_toml(Answers(TABLE))

        assert tomllib.loads(text) == TABLE
        assert "# TCP port at which the proxy connects.\nport = 8080" in text
        assert max(map(len, text.splitlines())) <= 120

    def test_when_nothing_changed_then_not_a_byte_does(self):
        text = as_toml(Answers(TABLE)) + "\n# ours\n[reset]\nticket_minutes    =  7   # short\n"

        assert as_toml(Answers(tomllib.loads(text)), text) == text

    def test_when_answers_change_then_only_their_lines_do(self):
        text = as_toml(Answers(TABLE))
        answers = Answers(TABLE)
        answers.set("web.port", 9000)
        answers.set("workstation.targets.nt", None)
        answers.set("workstation.poll_seconds", 1.0)
        answers.set("reset.mode", "choose")

        changed = as_toml(answers, text)

        assert tomllib.loads(changed) == answers.table
        assert set(text.splitlines()) - set(changed.splitlines()) == {"port = 8080", 'nt = {type = "samba_nt"}'}


class TestAnswers:
    def test_when_secrets_are_among_them_then_what_is_kept_has_none(self):
        answers = Answers({"directory": {"bind_password": "geheim"}, "rate_limits": {"store": "redis://:geheim@h/0"}})

        assert "geheim" not in str(answers.without_secrets())
        assert "geheim" in str(answers.table)

    def test_when_some_are_missing_then_the_others_are_examined_alone(self):
        answers = Answers({"workstation": {"targets": {"domain": {"type": "active_directory"}}}, "web": {"port": 1}})

        draft = answers.draft()

        assert draft is not None
        assert draft.web.port == 1

    def test_when_an_answer_of_a_target_is_wrong_then_its_own_key_says_so(self):
        answers = Answers()
        answers.set("workstation.targets.domain.type", "active_directory")
        answers.set("workstation.targets.domain.servers", ["ldap://dc1"])

        [problem] = answers.problems("workstation.targets.domain.servers")

        assert "a domain takes passwords over nothing else" in problem.message
        assert answers.problems("workstation.targets.domain.label") == []


class TestHours:
    @pytest.mark.parametrize(
        "text", ["mon-fri 08:30-12:30, mon-thu 13:30-17:00", "mon,wed 09:00-12:00", "sat 10:00-11:00", "none"]
    )
    def test_when_they_are_shown_then_they_can_be_typed_again(self, text):
        assert show_openings(openings(text)) == text

    @pytest.mark.parametrize("text", ["always", "mon 8-12", "lun 08:00-12:00"])
    def test_when_they_cannot_be_read_then_it_says_how_to_write_them(self, text):
        with pytest.raises(ValueError, match=r"mon"):
            openings(text)


class TestClosures:
    @pytest.mark.parametrize("text", ["07-15 to 08-18, 12-25 to 01-01", "05-31", "none"])
    def test_when_they_are_shown_then_they_can_be_typed_again(self, text):
        assert show_closures(closures(text)) == text

    def test_when_one_day_is_typed_then_it_is_the_first_and_the_last(self):
        assert closures("05-31") == [{"first": "05-31", "last": "05-31"}]

    @pytest.mark.parametrize("text", ["in summer", "07-15 - 08-18", "7-15 to 8-18"])
    def test_when_they_cannot_be_read_then_it_says_how_to_write_them(self, text):
        with pytest.raises(ValueError, match=r"07-15 to 08-18"):
            closures(text)
