"""The question of `mamia setup` for the optional parts: what is chosen, what mamia.toml has, bad answers."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from gateway.cli.main import make_parser
from gateway.cli.parsers import setup as arguments
from gateway.cli.setup_answers import start_session
from gateway.notifications.webhook_secrets import read_secrets
from gateway.setup.answers import AnswersError
from gateway.setup.parts import NAMES
from gateway.setup.paths import Paths
from tests.support.debian_slapd import DebianSlapd
from tests.support.dialogue import INTERRUPT, TerminalRun
from tests.support.installed_program import InstalledProgram
from tests.support.ports import free_port

UNFINISHED = ".setup-answers.toml"
SITE = "mon-compte.ac-mine.fr"
SERVICES = "ou=services,dc=ac-mine,dc=fr"
PARTS = "^Parts"
GROUP = "cn=helpdesk,ou=groups,dc=ac-mine,dc=fr"
KNOWN: dict[str, str | list[str]] = {
    "Phone number": "01 02 03 04 05",
    "Store of counts": "memory://",
    "[Pp]assword of cn=admin": "Administrateur-2024",
    "Names of the site": "localhost",
    "Proxies": "0",
    "Port at which": "18080",
    "Close slapd": "no",
}
MAIL_SERVER: dict[str, str | list[str]] = {"Mail server": "127.0.0.1", "TLS of the mail": "none", "Keep it": "yes"}
NEEDED: dict[str, str | list[str]] = {
    "Networks from which": "10.20.0.0/16",
    "Address of the text": "https://www.ac-mine.fr/charte",
    "Address that receives": "http://127.0.0.1:9/mamia",
}
"""What has no default."""
STANDING = """\
# what we run

[helpdesk]   # two rooms
bind_dn = "cn=agents,ou=services,dc=ac-mine,dc=fr"
bind_password_file = "{folder}/agents.password"
agents_filter = '(departmentNumber=rectorat)'
networks   = [ "10.20.0.0/16" ]  # the second floor
idle_minutes = 5

[recovery]
methods = ["totp"]  # no passkeys yet
rest_hours = 72

[charter]
version = "2025-01"
url = "https://www.ac-mine.fr/charte"   # ours

[webhooks]
url = "http://127.0.0.1:9/mamia"
secret_file = "{folder}/siem.secret"
spool = "{folder}/events"
"""


@pytest.fixture(scope="module")
def server(server: DebianSlapd) -> DebianSlapd:
    """With a folder for groups."""
    server.add("ou=groups,dc=ac-mine,dc=fr", objectClass="organizationalUnit", ou="groups")
    return server


def ask(place: InstalledProgram, answers: dict[str, str | list[str]]) -> TerminalRun:
    """Answer the questions of setup, and leave the directory as it is."""
    return place.run("mamia setup", {**KNOWN, **answers})


def written(place: InstalledProgram) -> dict[str, Any]:
    return tomllib.loads(place.config.read_text())


def asked_for_parts(done: TerminalRun) -> list[str]:
    """The questions from the first one about parts to the first one about other programs."""
    first = next(number for number, one in enumerate(done.asked) if one.startswith("Parts"))
    last = next(number for number, one in enumerate(done.asked) if "Close slapd" in one)
    return done.asked[first:last]


def words(text: str) -> str:
    return " ".join(text.split())


def set_up_before(place: InstalledProgram, more: str = "") -> str:
    """A mamia.toml of a complete run, to which an administrator added `more`. Returns its text."""
    answers = place.root / "answers.toml"
    answers.write_text(
        f'[academy]\nname = "Académie"\n[support]\nphone = "01 02 03 04 05"\n[web]\nport = {free_port()}\n'
        f'allowed_hosts = ["{SITE}"]\n[rate_limits]\nstore = "memory://"\nallow_memory_store = true\n[capture]\n'
    )
    assert place.setup("--yes", "--answers", answers).returncode == 1
    text = place.config.read_text() + more.format(folder=place.config.parent)
    place.config.write_text(text)
    return text


class TestNewMachine:
    def test_when_enter_is_pressed_then_no_part_is_on(self, place):
        done = ask(place, {})

        assert asked_for_parts(done) == ["Parts [none]:"]
        assert not set(NAMES) & set(written(place))
        assert {one.name for one in place.config.parent.glob("*.*")} == {
            "mamia.toml",
            "gateway.password",
            UNFINISHED,
        }

    def test_when_all_are_chosen_then_only_what_they_need_is_asked_and_all_of_it_is_written(self, place):
        done = ask(place, {**MAIL_SERVER, **NEEDED, PARTS: "1 2, recovery reminders;charter 5 6"})

        folder, found = place.config.parent, written(place)
        assert len(asked_for_parts(done)) == 8, done.asked
        assert found["helpdesk"] == {
            "agents_group": GROUP,
            "networks": ["10.20.0.0/16"],
            "bind_dn": f"cn=helpdesk,{SERVICES}",
            "bind_password_file": f"{folder}/helpdesk.password",
        }
        assert found["recovery"] == {
            "methods": ["passkey", "totp", "mail"],
            "origin": "http://localhost:18080",
            "rp_id": "localhost",
        }
        assert found["reminders"]["bind_dn"] == f"cn=reminders,{SERVICES}"
        assert found["charter"]["url"] == "https://www.ac-mine.fr/charte"
        assert found["webhooks"]["secret_file"] == f"{folder}/webhook.secret"
        assert found["events"] == {"keep_days": 30}
        assert f"add {GROUP}" in done.output
        assert len(read_secrets(folder / "webhook.secret").texts) == 1
        for name in ("helpdesk.password", "reminders.password", "webhook.secret"):
            assert (folder / name).read_text().strip() not in done.output

    def test_when_one_is_chosen_then_nobody_is_asked_about_another(self, place):
        done = ask(place, {**NEEDED, PARTS: "webhooks"})

        assert [one.partition("[")[0] for one in asked_for_parts(done)] == [
            "Parts ",
            "Address that receives the events:",
        ]
        assert set(NAMES) & set(written(place)) == {"webhooks"}

    def test_when_the_filter_names_agents_then_no_group_is_made(self, place):
        choice: dict[str, str | list[str]] = {
            PARTS: "helpdesk recovery",
            "Group of the agents": "none",
            "Filter that names the agents": "(departmentNumber=rectorat)",
        }
        done = ask(place, {**NEEDED, **choice})

        assert "3 people are agents by (departmentNumber=rectorat)" in done.output
        assert "agents_group" not in written(place)["helpdesk"]
        assert f"add {GROUP}" not in done.output

    def test_when_nobody_is_an_agent_then_the_helpdesk_has_codes_and_no_pages(self, place):
        ask(place, {PARTS: "helpdesk", "Group of the agents": "none", "Filter that names the agents": "none"})

        assert set(written(place)["helpdesk"]) == {"bind_dn", "bind_password_file"}

    def test_when_the_site_has_a_public_name_then_passkeys_are_for_that_name(self, place):
        public = {"Names of the site": SITE, "Proxies": "1", "Store of counts": "redis://127.0.0.1:1/0"}

        ask(place, {PARTS: "recovery", **public, "Keep it": "yes"})

        assert written(place)["recovery"]["origin"] == f"https://{SITE}"
        assert written(place)["recovery"]["rp_id"] == SITE

    def test_when_it_is_interrupted_then_the_next_run_offers_the_same_parts(self, place):
        first = ask(place, {PARTS: "charter events", "Address of the text": INTERRUPT})
        again = ask(place, NEEDED)

        assert first.status == 130
        assert asked_for_parts(again)[0] == "Parts [charter events]:"
        assert set(NAMES) & set(written(place)) == {"charter", "events"}


WRONG = {
    PARTS: ("7 charta", "There is no 7, charta."),
    "Which methods": ("pigeon", "is no choice among the methods passkey, totp, mail, mobile"),
    "Address of the site": ("https://mon compte", "is not https:// and a host, without a path"),
    "Group of the agents": ("helpdesk", "is not a DN"),
    "Filter that names the agents": ("(uid)", "is not an LDAP filter"),
    "Networks from which": ("10.20.0.1/16", "write 10.20.0.0/16 for the network, or 10.20.0.1 for this address"),
    "Version of the text": ("2026 09", "is not a short version such as 2026-09"),
    "Address of the text": ("https://www.ac-mine.fr/la charte", "is not an http:// or https:// address"),
    "Address that receives": ("http://evenements.ac-mine.fr/", "would see secrets in plain text"),
}
"""Question → what is typed first, and what is said about it."""
ODD = {
    "Which methods": ("mobile", "second_factor.sms_gateway_url is missing"),
    "Address of the site": ("https://[x", "has no host and port that can be read"),
    "Group of the agents": ("cn=nobody,ou=groups,dc=ac-mine,dc=fr", "does not exist"),
    "Filter that names the agents": ("((a=b))", "is not an LDAP filter"),
    "Networks from which": ("0.0.0.0/0", "strangers can try agents' passwords"),
    "Address of the text": ("http://127.0.0.1/charte x", "is not an http:// or https:// address"),
    "Address that receives": ("https://u:p@siem.ac-mine.fr/", "may not hold a user or password"),
}
ODDER = {
    "Which methods": ("none", "is no choice among the methods"),
    "Address of the site": ("https://ailleurs.ac-mine.fr", "the site does not serve ailleurs.ac-mine.fr"),
    "Group of the agents": ("uid=fdurand,ou=people,dc=ac-mine,dc=fr", "is no group"),
    "Networks from which": ("none", "there is no network, so the pages exist for nobody"),
    "Address of the text": ("https://[x", "has no host and port that can be read"),
    "Address that receives": ("https:///", "names no host"),
}
RIGHT: dict[str, str] = {
    PARTS: "helpdesk recovery charter webhooks",
    "Which methods": "passkey",
    "Address of the site": "http://localhost:18080",
    "Group of the agents": "none",
    "Filter that names the agents": "(departmentNumber=rectorat)",
    "Networks from which": "10.20.0.0/16",
    "Version of the text": "2026-09",
    "Address of the text": "https://www.ac-mine.fr/charte",
    "Address that receives": "http://127.0.0.1:9/mamia",
}


class TestBadAnswers:
    @pytest.mark.parametrize("wrong", [WRONG, ODD, ODDER], ids=["wrong", "odd", "odder"])
    def test_when_answers_cannot_be_used_then_it_says_why_and_asks_again(self, place, wrong):
        typed = {question: [answer, RIGHT.get(question, "")] for question, (answer, _) in wrong.items()}
        done = ask(place, {**RIGHT, **typed, "Keep it": "no"})

        output, found = words(done.output), written(place)
        assert [said for _, said in wrong.values() if said not in output] == []
        assert found["helpdesk"]["agents_filter"] == RIGHT["Filter that names the agents"]
        assert found["helpdesk"]["networks"] == [RIGHT["Networks from which"]]
        assert "agents_group" not in found["helpdesk"]
        assert found["recovery"]["methods"] == ["passkey"]
        assert found["recovery"]["origin"] == RIGHT["Address of the site"]
        assert found["charter"] == {"version": RIGHT["Version of the text"], "url": RIGHT["Address of the text"]}
        assert found["webhooks"]["url"] == RIGHT["Address that receives"]

    def test_when_a_question_mark_is_typed_then_it_explains_each_part(self, place):
        done = ask(place, {**NEEDED, PARTS: ["?", "charter"], "Address of the text": ["?", "https://a.fr/c"]})

        output = words(done.output)
        assert "none: no part" in output
        assert "The box on the forms links to it" in output

    def test_when_it_asks_then_no_line_is_wider_than_the_terminal(self, place):
        done = ask(place, {**MAIL_SERVER, **NEEDED, PARTS: ["?", " ".join(NAMES)]})

        asked = done.output.partition("Files of this machine")[0]
        assert [line for line in asked.splitlines() if len(line) > 80 and "ldapi" not in line] == []

    def test_when_reminders_have_no_mail_server_then_it_is_asked_for_once_more(self, place):
        done = ask(place, {**MAIL_SERVER, PARTS: "reminders", "Mail server": ["none", "127.0.0.1"]})

        assert "reminders: needs a mail server" in done.output
        assert written(place)["notifications"]["smtp_host"] == "127.0.0.1"
        assert "bind_dn" in written(place)["reminders"]

    def test_when_there_is_no_mail_server_at_all_then_reminders_are_asked_for_again(self, place):
        done = ask(place, {PARTS: ["reminders charter", "charter"], **NEEDED})

        assert "leave it out, or name a mail server" in done.output
        assert set(NAMES) & set(written(place)) == {"charter"}

    def test_when_no_agent_could_sign_in_then_the_parts_are_asked_for_again(self, place):
        done = ask(place, {**NEEDED, PARTS: ["helpdesk", "helpdesk recovery"], "Keep it": "no"})

        assert "no code can be sent to an agent, so nobody can sign in" in words(done.output)
        assert sum("Parts" in one for one in done.asked) == 2
        assert "recovery" in written(place)

    def test_when_resets_give_initial_passwords_then_there_are_no_recovery_methods(self, place):
        set_up_before(
            place, '\n[reset]\nmode = "initial"\ninitial_policy = "cn=initial,ou=policies,dc=ac-mine,dc=fr"\n'
        )
        done = ask(place, {"Go through": "yes", PARTS: ["recovery", "none"], "Keep it": "yes"})

        assert 'recovery: needs reset.mode = "choose"' in words(done.output)
        assert "recovery" not in written(place)


class TestStandingParts:
    def test_when_enter_is_pressed_then_their_sections_stay_byte_for_byte(self, place):
        text = set_up_before(place, STANDING)
        done = ask(place, {"Go through": "yes", "Names of the site": SITE, "Proxies": "1", "Keep it": "yes"})

        assert done.output.count("(is on)") == 4
        assert any(one == "Parts [helpdesk recovery charter webhooks]:" for one in done.asked)
        assert STANDING.format(folder=place.config.parent) in place.config.read_text()
        assert (
            not set(text.splitlines())
            - set(place.config.read_text().splitlines())
            - {f"port = {18080}"}
            - {line for line in text.splitlines() if line.startswith("port = ")}
        )

    def test_when_nobody_is_asked_then_the_file_stays_byte_for_byte(self, place):
        text = set_up_before(place, STANDING)
        first = place.setup("--yes")
        second = place.setup("--yes")

        assert place.config.read_text() == text
        assert "mamia.toml" not in first.stdout.partition("Files of this machine")[2].partition("Directory")[0]
        assert "nothing to change" in second.stdout

    def test_when_one_is_left_out_by_mistake_then_it_says_what_it_means_and_keeps_it(self, place):
        text = set_up_before(place, STANDING)
        done = ask(place, {"Go through": "yes", PARTS: "helpdesk recovery webhooks", "Keep it": "yes", **here(text)})

        assert "[charter] is in mamia.toml" in words(done.output)
        assert "What it wrote into the directory stays there" in words(done.output)
        assert place.config.read_text() == text

    def test_when_that_is_confirmed_then_its_section_goes_and_no_other(self, place):
        text = set_up_before(place, STANDING)
        answers = {
            "Go through": "yes",
            PARTS: "helpdesk recovery webhooks",
            "Take .charter.": "yes",
            "Keep it": "yes",
        }
        done = ask(place, {**answers, **here(text)})

        gone = set(text.splitlines()) - set(place.config.read_text().splitlines())
        assert done.status == 1, done.output
        assert {line.partition(" ")[0] for line in gone} == {"[charter]", "version", "url"}
        assert "charter" not in written(place)

    def test_when_files_of_secrets_are_missing_then_they_are_made_where_the_section_says(self, place):
        set_up_before(place, STANDING)
        place.setup("--yes")
        secret = (place.config.parent / "siem.secret").read_bytes()
        place.setup("--yes")

        assert (place.config.parent / "agents.password").read_text()
        assert (place.config.parent / "siem.secret").read_bytes() == secret
        assert not (place.config.parent / "helpdesk.password").exists()

    def test_when_a_section_is_off_then_it_stays_off_until_it_is_chosen(self, place):
        off = "\n[reminders]\ndays = [3]  # only once\n[helpdesk]\ncode_minutes = 30\n[recovery]\nrest_hours = 24\n"
        text = set_up_before(place, off)
        place.setup("--yes")
        assert place.config.read_text() == text

        place.setup("--yes", "--part", "helpdesk")

        assert set(text.splitlines()) <= set(place.config.read_text().splitlines())
        assert written(place)["helpdesk"]["code_minutes"] == 30
        assert written(place)["helpdesk"]["agents_group"] == GROUP
        assert "bind_dn" not in written(place)["reminders"]

    def test_when_the_helpdesk_gives_codes_alone_then_no_pages_are_added(self, place):
        codes = f'\n[helpdesk]\nbind_dn = "cn=helpdesk,{SERVICES}"\nbind_password_file = "{{folder}}/h.password"\n'
        text = set_up_before(place, codes)

        place.setup("--yes", "--part", "helpdesk")

        assert place.config.read_text() == text


def here(text: str) -> dict[str, str | list[str]]:
    """The answers of `KNOWN` as a mamia.toml has them."""
    web = tomllib.loads(text)["web"]
    return {"Names of the site": SITE, "Proxies": "1", "Port at which": str(web["port"]), "Store of counts": ""}


class TestAutomation:
    def test_when_parts_are_named_then_a_dry_run_promises_what_the_run_writes(self, place):
        set_up_before(place)
        choice = ("--part", "recovery", "--part", "charter", "--set", "charter.url=https://www.ac-mine.fr/charte")
        before = place.config.read_text()
        promised = json.loads(place.setup("--json", "--dry-run", *choice).stdout)
        assert place.config.read_text() == before

        done = json.loads(place.setup("--json", *choice).stdout)
        again = json.loads(place.setup("--json", *choice).stdout)

        assert done["files"] == promised["files"]
        assert done["changes"] == promised["changes"]
        assert written(place)["recovery"]["rp_id"] == SITE
        assert again["files"] == []

    def test_when_a_file_of_answers_has_them_then_what_they_need_follows(self, place):
        set_up_before(place)
        file = place.root / "more.toml"
        file.write_text(
            '[setup]\nparts = ["events"]\n[webhooks]\nurl = "http://127.0.0.1:9/"\n'
            '[helpdesk]\nagents_filter = "(departmentNumber=rectorat)"\nnetworks = ["10.20.0.0/16"]\n'
        )
        done = place.setup("--yes", "--answers", file)

        found = written(place)
        assert done.returncode == 1, done.stderr
        assert found["helpdesk"]["bind_dn"] == f"cn=helpdesk,{SERVICES}"
        assert found["webhooks"]["spool"] == f"{place.root}/var/lib/mamia/webhooks"
        assert found["events"]["keep_days"] == 30
        assert "setup" not in found

    def test_when_a_part_lacks_an_answer_then_nothing_is_written_and_it_says_which(self, place):
        text = set_up_before(place)
        done = place.setup("--yes", "--part", "charter", "--part", "reminders", "--part", "webhooks")

        assert done.returncode == 2
        assert place.config.read_text() == text
        assert "charter.url is missing" in words(done.stderr)

    def test_when_the_web_services_account_is_elsewhere_then_the_others_are_beside_it(self, place):
        text = set_up_before(place)
        place.config.write_text(text.replace(f"cn=gateway,{SERVICES}", "cn=gateway,ou=dsa,dc=ac-mine,dc=fr"))

        place.setup("--yes", "--part", "helpdesk")

        assert written(place)["helpdesk"]["bind_dn"] == "cn=helpdesk,ou=dsa,dc=ac-mine,dc=fr"

    def test_when_a_part_is_taken_out_of_the_file_afterwards_then_it_does_not_come_back(self, place):
        text = set_up_before(place)
        place.setup("--yes", "--part", "events")
        assert "events" in written(place)
        place.config.write_text(text)

        place.setup("--yes")

        assert place.config.read_text() == text

    def test_when_there_is_no_such_part_then_it_is_refused(self, place):
        file = place.root / "parts.toml"
        file.write_text('[setup]\nparts = ["guichet"]\n')
        named = make_parser().parse_args(["setup", "--answers", str(file)])

        with pytest.raises(AnswersError, match="no part guichet; the parts are helpdesk, recovery"):
            start_session(named, Paths(place.config))

    def test_the_arguments_know_every_part(self):
        assert arguments.PARTS == NAMES
