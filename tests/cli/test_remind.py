"""`mamia remind`: who is reminded, each once whatever crashes, and what the mails say."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime, timedelta

import ldap
import pytest

from tests.support.password_policies import own_policy
from tests.support.polling import wait_until
from tests.support.reminding import TIME, Reminding
from tests.support.slapd_server import NUMEN, PASSWORD

CLOSED = "000001010000Z"
HALF = 0.4
"""Part of a day, so that no test depends on the hour: a calendar's day ends within it at most once."""
PROTECTED = "cn=protected,ou=groups,dc=ac-example,dc=fr"


@pytest.fixture
def reminding(directory, tmp_path) -> Reminding:
    return Reminding(tmp_path, directory)


class TestExpiry:
    @pytest.mark.parametrize(
        "days_left, name",
        [(25, "expires-30"), (10, "expires-14"), (4, "expires-7"), (HALF, "expires-1")],
    )
    def test_when_a_password_ends_by_the_persons_own_policy_then_the_nearest_reminder_is_sent(
        self, reminding, days_left, name
    ):
        reminding.add("fdurand4", days_left)

        assert reminding.reminded() == {"fdurand4": name}
        assert [mail["To"] for mail in reminding.mails()] == ["fdurand4@ac-example.fr"]

    def test_when_another_policy_ends_it_sooner_then_that_one_counts(self, reminding, directory):
        changed_at = datetime.now(UTC) - timedelta(days=80)
        with own_policy(directory, "quarterly", pwdMaxAge=str(90 * 86400)) as quarterly:
            directory.add_person("jmartin", pwdPolicySubentry=quarterly, pwdChangedTime=changed_at.strftime(TIME))
            reminding.add("fdurand4", 285)

            assert reminding.reminded() == {"jmartin": "expires-14"}

    @pytest.mark.parametrize("days_left", [40, -1])
    def test_when_it_ends_much_later_or_has_ended_then_nobody_is_reminded(self, reminding, days_left):
        reminding.add("fdurand4", days_left)

        assert reminding.outcomes() == {}

    def test_when_the_policy_sets_no_end_then_nobody_is_reminded(self, reminding, directory):
        directory.add_person("fdurand4", pwdChangedTime="20200101080000Z")

        assert reminding.outcomes() == {}

    def test_when_the_settings_name_other_days_then_these_count(self, reminding):
        reminding.configure("days = [60, 3]")
        reminding.add("fdurand4", 45)
        reminding.add("jmartin", 62)

        assert reminding.reminded() == {"fdurand4": "expires-60"}


class TestInitialPassword:
    def test_when_it_has_been_there_for_a_week_then_the_person_is_reminded_once(self, reminding):
        reminding.add_newcomer("fdurand4", 8)
        reminding.add_newcomer("jmartin", 5)

        assert reminding.reminded() == {"fdurand4": "initial"}
        assert reminding.outcomes() == {}

    def test_when_the_settings_say_never_then_nobody_is(self, reminding):
        reminding.configure("initial_after_days = 0")
        reminding.add_newcomer("fdurand4", 300)

        assert reminding.outcomes() == {}


class TestUnserved:
    @pytest.mark.parametrize(
        "attribute, value", [("pwdAccountLockedTime", CLOSED), ("pwdEndTime", "20200101000000Z")]
    )
    def test_when_the_account_is_closed_then_no_mail_is_sent_and_nothing_recorded(
        self, reminding, directory, attribute, value
    ):
        reminding.add("fdurand4", 5)
        directory.set("fdurand4", attribute, value)

        assert reminding.outcomes() == {"fdurand4": ("expires-7", "closed")}
        assert reminding.records("fdurand4") == []
        assert reminding.mails() == []

    def test_when_the_person_is_protected_then_no_mail_is_sent(self, reminding, directory):
        reminding.configure(in_people=f'protected_groups = ["{PROTECTED}"]')
        reminding.add("fdurand4", 5)
        with directory.as_admin() as line:
            member = [(ldap.MOD_ADD, "member", [directory.dn("fdurand4").encode()])]
            line.modify_s(PROTECTED, member)
            try:
                assert reminding.outcomes() == {"fdurand4": ("expires-7", "protected")}
            finally:
                line.modify_s(PROTECTED, [(ldap.MOD_DELETE, "member", member[0][2])])
        assert reminding.mails() == []

    def test_when_the_policy_allows_no_change_then_no_mail_is_sent(self, reminding, directory):
        with own_policy(directory, "fixed", pwdMaxAge=str(365 * 86400), pwdAllowUserChange="FALSE") as fixed:
            reminding.add("fdurand4", 5, pwdPolicySubentry=fixed)

            assert reminding.outcomes() == {"fdurand4": ("expires-7", "not_changeable")}
        assert reminding.mails() == []

    def test_when_an_address_comes_later_then_the_person_is_reminded_then(self, reminding, directory):
        reminding.add("fdurand4", 5, mail=None)
        assert reminding.outcomes() == {"fdurand4": ("expires-7", "no_address")}

        directory.set("fdurand4", "mail", "fdurand4@ac-example.fr")

        assert reminding.reminded() == {"fdurand4": "expires-7"}


class TestAtMostOnce:
    def test_when_run_again_then_nobody_gets_a_second_mail(self, reminding):
        reminding.add("fdurand4", 5)
        reminding.outcomes()

        assert reminding.outcomes() == {}
        assert len(reminding.mails()) == 1
        [record] = reminding.records("fdurand4")
        assert record.startswith("expires-7;")

    def test_when_the_password_was_changed_and_ends_again_then_the_person_is_reminded_afresh(
        self, reminding, directory
    ):
        reminding.add("fdurand4", 5)
        reminding.outcomes()

        directory.set("fdurand4", "pwdChangedTime", (datetime.now(UTC) - timedelta(days=361)).strftime(TIME))

        assert reminding.reminded() == {"fdurand4": "expires-7"}
        assert len(reminding.records("fdurand4")) == 1

    def test_when_a_day_nearer_to_the_end_comes_then_one_more_mail_is_sent(self, reminding, directory):
        changed_at = datetime.now(UTC) + timedelta(days=HALF) - timedelta(days=365)
        reminding.add("fdurand4", HALF, objectClass=["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"])
        directory.set("fdurand4", "mamiaReminded", f"expires-7;{changed_at.strftime(TIME)};20260101080000Z")
        reference = directory.read("fdurand4")["pwdChangedTime"][0]
        directory.set("fdurand4", "mamiaReminded", f"expires-7;{reference};20260101080000Z")

        assert reminding.reminded() == {"fdurand4": "expires-1"}

    def test_when_two_run_at_once_then_each_person_gets_one_mail(self, reminding):
        logins = [reminding.add(f"person{number}", 5) for number in range(30)]

        ends = reminding.run_at_once(3)

        assert ends == [0, 0, 0]
        assert sorted(mail["To"] for mail in reminding.mails()) == sorted(
            f"{login}@ac-example.fr" for login in logins
        )

    def test_when_it_is_killed_again_and_again_then_nobody_gets_two_mails(self, reminding):
        reminding.configure(per_minute=1200)
        for number in range(20):
            reminding.add(f"person{number}", 5)
        kills = 0
        while True:
            before = len(reminding.mails())
            with reminding.start() as run:
                wait_until(lambda: len(reminding.mails()) >= before + 3 or run.poll() is not None)  # noqa: B023
                if run.poll() is not None:
                    break
                run.send_signal(signal.SIGKILL)
            kills += 1

        mails = [mail["Message-ID"] for mail in reminding.mails()]
        assert kills > 1
        assert len(mails) == len(set(mails))
        assert 20 - kills <= len(mails) <= 20
        assert all(len(reminding.records(f"person{number}")) == 1 for number in range(20))

    def test_when_it_is_stopped_then_it_ends_well_and_the_next_run_goes_on(self, reminding):
        reminding.configure(per_minute=60)
        for number in range(3):
            reminding.add(f"person{number}", 5)
        with reminding.start() as run:
            wait_until(lambda: reminding.mails() or run.poll() is not None)
            run.send_signal(signal.SIGTERM)
            _, error = run.communicate()
        reminding.configure()
        first = len(reminding.mails())
        reminding.outcomes()

        assert run.returncode == 0, error
        assert first < 3
        assert len(reminding.mails()) == 3

    def test_when_the_spool_cannot_be_used_then_nothing_is_recorded(self, reminding):
        reminding.add("fdurand4", 5)
        reminding.spool.write_text("a file in its place")

        done = reminding.run()

        assert done.returncode == 1
        assert "notifications.spool" in done.stderr
        assert reminding.records("fdurand4") == []

    def test_when_the_directory_does_not_answer_then_it_says_so_and_sends_nothing(self, reminding, directory):
        reminding.add("fdurand4", 5)
        directory.slapd.stop()

        done = reminding.run("--json")

        assert done.returncode == 1
        assert json.loads(done.stderr.splitlines()[-1])["error"] == "directory"
        assert reminding.mails() == []

    def test_when_the_directory_stops_between_two_people_then_the_next_run_goes_on_with_the_others(
        self, reminding, directory
    ):
        reminding.configure(per_minute=60)
        logins = {reminding.add(f"person{number}", 5) for number in range(4)}
        with reminding.start() as run:
            # It waits a second between two people, so slapd is gone before the next one.
            wait_until(lambda: reminding.mails() or run.poll() is not None)
            directory.slapd.stop()
            printed, error = run.communicate()
        first = {mail["To"].partition("@")[0] for mail in reminding.mails()}
        directory.slapd.start()
        reminding.configure()
        rest = reminding.reminded()

        assert run.returncode == 1
        assert f"{len(first)} were reminded" in printed
        assert "people wait for the next run" in error
        assert "Traceback" not in error
        assert 0 < len(first) < len(logins)
        # Whoever was due at the very moment may have a record and no mail, but nobody gets two.
        assert first.isdisjoint(rest)
        assert len(logins - first - set(rest)) <= 1
        assert len(reminding.mails()) == len(first) + len(rest)


class TestDryRun:
    def test_when_asked_then_it_shows_who_and_writes_nothing(self, reminding):
        reminding.add("fdurand4", 5)
        reminding.add("jmartin", 20)
        reminding.add_newcomer("lpetit", 9, mail=None)

        done = reminding.run("--dry-run")

        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert [line.split("  ")[:2] for line in lines[:3]] == [
            ["fdurand4", "expires-7"],
            ["jmartin", "expires-30"],
            ["lpetit", "initial"],
        ]
        assert "(no_address)" in lines[2]
        assert lines[3] == "2 would be reminded; 1 not"
        assert reminding.mails() == []
        assert reminding.records("fdurand4") == []
        assert reminding.audit() == []


class TestAudit:
    def test_when_somebody_is_reminded_then_it_has_the_login_and_the_kind(self, reminding):
        reminding.add("fdurand4", 5)

        reminding.outcomes()

        [line] = reminding.audit()
        assert {name: line[name] for name in ("service", "outcome", "login", "reminder")} == {
            "service": "reminder",
            "outcome": "reminded",
            "login": "fdurand4",
            "reminder": "expires-7",
        }


class TestMail:
    @pytest.mark.parametrize(
        "language, subject", [("fr", "Votre mot de passe expire le "), ("en", "Your password expires")]
    )
    def test_when_written_then_it_is_in_the_persons_language_and_has_no_link(self, reminding, language, subject):
        reminding.add("fdurand4", 5, preferredLanguage=language)

        reminding.outcomes()

        [mail] = reminding.mails()
        assert mail["Subject"].startswith(subject)
        assert mail["Content-Language"] == language
        for kind in ("plain", "html"):
            text = mail.get_body((kind,)).get_content()
            assert "fdurand4" in text
            assert not any(unwanted in text for unwanted in ("http", NUMEN, PASSWORD))

    def test_when_there_are_two_addresses_then_both_get_the_same_message_id(self, reminding):
        reminding.configure(in_people='private_mail = "privateMail"')
        reminding.add("fdurand4", 5, privateMail="moi@exemple.org")

        reminding.outcomes()

        mails = reminding.mails()
        assert {mail["To"] for mail in mails} == {"fdurand4@ac-example.fr", "moi@exemple.org"}
        [message_id] = {mail["Message-ID"] for mail in mails}
        assert message_id.startswith("<mamia-")
        assert "fdurand4" not in message_id

    def test_when_one_address_is_none_then_the_others_get_it(self, reminding):
        reminding.add("fdurand4", 5, mail=["certainly not an address", "fdurand4@ac-example.fr"])

        assert reminding.reminded() == {"fdurand4": "expires-7"}
        assert [mail["To"] for mail in reminding.mails()] == ["fdurand4@ac-example.fr"]

    def test_when_the_web_service_runs_then_the_mail_arrives(self, reminding, serve, mail_server):
        reminding.add("fdurand4", 5)
        reminding.outcomes()

        serve(
            notifications={"spool": reminding.spool, "smtp_host": "127.0.0.1", "smtp_port": mail_server.port},
        )

        assert "expire" in mail_server.to("fdurand4@ac-example.fr")["Subject"]


class TestDigest:
    @pytest.fixture
    def reminding(self, directory, tmp_path):
        with directory.as_service("reminders") as line:
            account = line.whoami_s().removeprefix("dn:")
        with directory.as_admin() as line:
            line.modify_s(account, [(ldap.MOD_REPLACE, "mamiaReminded", None)])
        reminding = Reminding(tmp_path, directory)
        reminding.configure('digest_to = "assistance@ac-example.fr"')
        return reminding

    def digests(self, reminding):
        return [mail for mail in reminding.mails() if mail["To"] == "assistance@ac-example.fr"]

    def test_when_people_were_reminded_then_the_helpdesk_gets_the_counts_and_who_has_no_address(self, reminding):
        reminding.add("fdurand4", 5)
        reminding.add("jmartin", 5)
        reminding.add("lpetit", 5, mail=None)
        reminding.add_newcomer("newcomer", 9)

        reminding.outcomes()

        [digest] = self.digests(reminding)
        text = digest.get_body(("plain",)).get_content().replace("\u00a0", " ")
        assert "2 personnes ont été prévenues" in text
        assert "Une personne a été invitée à remplacer" in text
        assert "lpetit" in text
        assert "fdurand4" not in text

    def test_when_run_again_on_that_day_then_there_is_no_second_one(self, reminding):
        reminding.add("fdurand4", 5)
        reminding.outcomes()
        reminding.add("jmartin", 5)

        reminding.outcomes()

        assert len(self.digests(reminding)) == 1

    def test_when_several_run_at_once_then_there_is_one(self, reminding):
        for number in range(6):
            reminding.add(f"person{number}", 5)

        reminding.run_at_once(3)

        assert len(self.digests(reminding)) == 1

    def test_when_nobody_was_due_then_there_is_none(self, reminding):
        reminding.outcomes()

        assert reminding.mails() == []


class TestAccount:
    """The account of the reminders, with the rights of ldif/49-reminders.ldif."""

    def test_when_it_reads_people_then_no_proof_of_theirs_is_there(self, reminding, directory):
        reminding.add("fdurand4", 5, mobile="0600000000")

        with directory.as_service("reminders") as line:
            [(_, entry)] = line.search_s(directory.dn("fdurand4"), ldap.SCOPE_BASE, attrlist=["*", "+"])

        assert {"uid", "mail", "pwdChangedTime"} <= set(entry)
        secret = {"userPassword", "numen", "birthDate", "mobile", "pwdHistory", "sn", "givenName"}
        assert not secret & set(entry)

    @pytest.mark.parametrize(
        "attribute, value",
        [
            ("userPassword", "Vole-2026!"),
            ("mail", "voleur@exemple.org"),
            ("pwdReset", "TRUE"),
            ("objectClass", "device"),
        ],
    )
    def test_when_it_writes_anything_but_records_then_slapd_refuses(self, reminding, directory, attribute, value):
        reminding.add("fdurand4", 5)

        with directory.as_service("reminders") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(directory.dn("fdurand4"), [(ldap.MOD_ADD, attribute, [value.encode()])])

    def test_when_it_writes_on_a_protected_person_then_slapd_refuses(self, reminding, directory):
        reminding.add("fdurand4", 5, objectClass=["inetOrgPerson", "mamiaPerson", "mamiaRecoverable"])
        member = [directory.dn("fdurand4").encode()]
        with directory.as_admin() as line:
            line.modify_s(PROTECTED, [(ldap.MOD_ADD, "member", member)])
        try:
            with directory.as_service("reminders") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(directory.dn("fdurand4"), [(ldap.MOD_ADD, "mamiaReminded", [b"expires-7;x;y"])])
        finally:
            with directory.as_admin() as line:
                line.modify_s(PROTECTED, [(ldap.MOD_DELETE, "member", member)])

    @pytest.mark.parametrize("other", ["gateway", "sync"])
    def test_when_another_service_account_looks_then_it_sees_no_record(self, reminding, directory, other):
        reminding.add("fdurand4", 5)
        reminding.outcomes()

        with directory.as_service(other) as line:
            [(_, entry)] = line.search_s(directory.dn("fdurand4"), ldap.SCOPE_BASE, attrlist=["*", "+"])

        assert "mamiaReminded" not in entry

    def test_when_the_rights_are_missing_then_it_says_which_file_to_load_and_sends_nothing(
        self, reminding, directory, tmp_path
    ):
        reminding.add("fdurand4", 5)
        (tmp_path / "sync").write_text(directory.slapd.password("sync"))
        text = reminding.config.read_text()
        reminding.config.write_text(
            text.replace("cn=reminders", "cn=sync").replace(f"{tmp_path}/reminders", f"{tmp_path}/sync")
        )

        done = reminding.run()

        assert done.returncode == 1
        assert "49-reminders.ldif" in done.stderr
        assert reminding.mails() == []
