"""What any LDAP client does to a password, as the workstation comes to know of it."""

from __future__ import annotations

import threading
import time
from functools import partial

import ldap
import pytest

from gateway.account.change import change_password
from gateway.account.model import ChangeRequest, Secret
from gateway.composition.web import build_gateway
from gateway.settings.loader import load
from gateway.targets.samba_nt import nt_hash
from gateway.workstation.state import DeliveryStatus
from tests.support.ldap_clients import Person, announced, ldappasswd
from tests.support.polling import wait_until
from tests.support.slapd_server import ADMIN, PASSWORD

NEW, NEWER = "Neuf-Pässe-2026!", "Plus-Neuf-2027!"


@pytest.fixture
def person(reporting, short_folder, capture):
    return Person(reporting, short_folder, "fdurand4")


class TestPasswordThatLooksLikeAHash:
    def test_when_it_is_written_then_it_waits_as_it_was_typed(self, person):
        person.directory.set(person.login, "userPassword", "{Drole}-De-Passe-26")

        wait_until(lambda: person.waiting == "{Drole}-De-Passe-26")


class TestChange:
    def test_when_a_refused_one_follows_at_once_then_the_first_one_waits(self, person):
        with person.directory.as_person(person.login) as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])
        with person.directory.as_person(person.login, NEW) as line, pytest.raises(ldap.CONSTRAINT_VIOLATION):
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [b"a"])])

        wait_until(lambda: person.waiting == NEW)


class TestHashedValue:
    def test_when_it_is_written_then_the_state_says_that_it_cannot_be_brought(self, person, capture):
        """And an older password that still waits does not arrive any more."""
        ldappasswd(person.directory, "-s", NEW, person.dn)
        wait_until(lambda: person.waiting == NEW)

        person.directory.set(person.login, "userPassword", "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9gOWm1r")

        wait_until(lambda: person.status() is DeliveryStatus.REJECTED)
        assert {state.reason for state in person.states.values()} == {"not_plain_text"}
        assert person.waiting is None
        wait_until(lambda: [line["outcome"] for line in capture.audit][-1:] == ["not_plain_text"])


class TestPassword:
    def test_when_its_owner_changes_it_with_ldappasswd_then_both_workstations_are_to_get_it(self, person, capture):
        done = ldappasswd(person.directory, "-s", NEW, bind_dn=person.dn, password=PASSWORD)

        assert done.returncode == 0, done.stderr
        wait_until(lambda: person.waiting == NEW)
        assert person.nt_hash == nt_hash(Secret(NEW))
        assert {name: state.status for name, state in person.states.items()} == {
            "domain": DeliveryStatus.PENDING,
            "poste": DeliveryStatus.DONE,
        }

    def test_when_the_administrator_sets_it_with_ldappasswd_then_it_waits_for_the_workstation(self, person):
        ldappasswd(person.directory, "-s", NEW, person.dn)

        wait_until(lambda: person.waiting == NEW)

    def test_when_it_is_written_in_plain_text_by_ldapmodify_then_it_waits_for_the_workstation(self, person):
        with person.directory.as_person(person.login) as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])

        wait_until(lambda: person.waiting == NEW)

    def test_when_the_old_one_is_deleted_and_a_new_one_added_then_the_new_one_waits(self, person):
        with person.directory.as_person(person.login) as line:
            line.modify_s(
                person.dn,
                [
                    (ldap.MOD_DELETE, "userPassword", [PASSWORD.encode()]),
                    (ldap.MOD_ADD, "userPassword", [NEW.encode()]),
                ],
            )

        wait_until(lambda: person.waiting == NEW)

    @pytest.mark.parametrize("refused", ["a", PASSWORD])
    def test_when_the_policy_refuses_it_then_nothing_is_written(self, person, capture, refused):
        with person.directory.as_person(person.login) as line, pytest.raises(ldap.CONSTRAINT_VIOLATION):
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [refused.encode()])])
        assert ldappasswd(person.directory, "-s", refused, bind_dn=person.dn, password=PASSWORD).returncode

        capture.wait_until_idle()
        assert person.states == {}
        assert person.waiting is None

    def test_when_somebody_without_the_right_writes_it_then_nothing_is_written(self, person, capture):
        other = Person(person.directory, person.folder, "jmartin")
        with other.directory.as_person(other.login) as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])

        capture.wait_until_idle()
        assert person.states == {}

    def test_when_slapd_makes_it_then_the_state_says_that_it_cannot_be_brought(self, person):
        assert "New password" in ldappasswd(person.directory, person.dn).stdout

        wait_until(lambda: person.status() is DeliveryStatus.REJECTED)


class TestBytesThatAreNoText:
    def test_when_they_are_written_then_the_state_says_that_they_cannot_be_brought(self, person):
        with person.directory.as_admin() as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", ["Été-2026-abc".encode("latin-1")])])

        wait_until(lambda: person.reason() == "not_plain_text")

    def test_when_ldappasswd_sends_them_then_the_state_says_that_they_cannot_be_brought(self, person):
        with person.directory.as_admin() as line:
            line.passwd_s(person.dn, None, "Été-2026-abc".encode("latin-1"))

        wait_until(lambda: person.reason() == "not_plain_text")


class TestControlCharacter:
    @pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85"])
    @pytest.mark.parametrize("author_dn", ["ldappasswd", "ldapmodify"])
    def test_when_a_password_holds_one_then_the_state_says_so_and_nothing_waits(
        self, person, capture, character, author_dn
    ):
        """And an older password that still waits does not arrive any more."""
        ldappasswd(person.directory, "-s", NEW, person.dn)
        wait_until(lambda: person.waiting == NEW)
        if author_dn == "ldappasswd":
            done = ldappasswd(person.directory, "-s", f"{NEWER}{character}x", bind_dn=person.dn, password=NEW)
            assert done.returncode == 0, done.stderr
        else:
            person.directory.set(person.login, "userPassword", f"{NEWER}{character}x")

        wait_until(lambda: person.reason() == "control_character")
        assert person.waiting is None
        assert person.reason("poste") == "control_character"
        assert person.nt_hash == nt_hash(Secret(NEW))
        wait_until(lambda: [line["outcome"] for line in capture.audit][-1:] == ["control_character"])


class TestNumberOfAnOperation:
    def test_when_it_is_used_again_after_a_refusal_then_the_second_password_is_captured(self, person, capture):
        """RFC 4511, 4.1.1.1 lets a client do so: two lines with one address, as over ldapi, would look the same."""
        with person.directory.as_admin() as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])
        wait_until(lambda: person.waiting == NEW)
        stored = person.directory.read(person.login)["userPassword"][0]
        capture.say(announced(person, "refused"))
        capture.say(announced(person, NEWER))
        capture.say(announced(person, stored, passed_policy=True))

        wait_until(lambda: person.waiting == NEWER)


class TestPasswordOfSomebodyWithoutAWorkstation:
    def test_when_it_is_changed_then_nothing_is_written(self, reporting, short_folder, capture):
        reporting.add_person("teacher")
        ldappasswd(reporting, "-s", NEW, reporting.dn("teacher"))

        capture.wait_until_idle()
        assert reporting.binds("teacher", NEW)
        assert "mamiaSyncState" not in reporting.read("teacher")
        assert capture.audit == []


class TestChangeByTheGateway:
    @pytest.mark.parametrize("written", ["cn=gateway,ou=services", "CN=gateway, ou=Services"])
    def test_when_it_is_announced_then_it_is_left_as_the_gateway_wrote_it(
        self, reporting, short_folder, listener, written
    ):
        """However its account is written in the settings."""
        listener.environment = {"MAMIA_DIRECTORY__BIND_DN": f"{written},dc=ac-example,dc=fr"}
        listener.start()
        person = Person(reporting, short_folder, "fdurand4")
        with person.directory.as_service("gateway") as line:
            line.modify_s(person.dn, [(ldap.MOD_REPLACE, "userPassword", [NEW.encode()])])

        listener.wait_until_idle()
        assert person.states == {}
        assert listener.audit == []


class TestWrongPasswords:
    def test_when_they_are_counted_by_the_policy_then_nothing_is_written(self, person, capture):
        """ppolicy's own writes pass the overlay too."""
        person.directory.lock(person.login)

        capture.wait_until_idle()
        assert person.states == {}
        assert capture.audit == []


class TestPasswordOfSomebodyWithoutAnAccountAtOneTarget:
    def test_when_it_is_changed_then_the_other_one_gets_it(self, reporting, capture):
        reporting.add_person("mtremblay", departmentNumber="rectorat")

        ldappasswd(reporting, "-s", NEW, reporting.dn("mtremblay"))

        wait_until(lambda: "mamiaSyncState" in reporting.read("mtremblay"))
        capture.wait_until_idle()
        states = sorted(reporting.read("mtremblay")["mamiaSyncState"])
        assert [state.split(";")[:2] for state in states] == [["domain", "pending"], ["poste", "rejected"]]
        assert "no_account" in states[1]
        assert "Violation" not in capture.log


class TestFiftyPeople:
    def test_when_they_change_their_passwords_at_once_then_each_one_waits(self, reporting, short_folder, capture):
        people = [Person(reporting, short_folder, f"agent{number}") for number in range(50)]
        threads = [
            threading.Thread(
                target=ldappasswd,
                args=(reporting, "-s", f"{NEW}{person.login}"),
                kwargs={"bind_dn": person.dn, "password": PASSWORD},
            )
            for person in people
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for person in people:
            wait_until(partial(person.has_waiting, f"{NEW}{person.login}"))


class TestFiftyChangesOfOnePerson:
    def test_when_they_come_at_once_then_the_one_in_force_waits(self, person, capture):
        passwords = [f"{NEW}-{number}" for number in range(50)]
        threads = [
            threading.Thread(target=ldappasswd, args=(person.directory, "-s", password, person.dn))
            for password in passwords
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        capture.wait_until_idle()
        assert person.waiting in passwords
        assert person.directory.binds(person.login, person.waiting)
        assert person.nt_hash == nt_hash(Secret(person.waiting))


class TestChangesHereAndAtTheGateway:
    def test_when_they_race_then_the_one_in_force_is_the_one_that_waits(self, reporting, capture, short_folder):
        """One race per person, so that what would come late in any of them shows at the end."""
        gateway = build_gateway(load(capture.config))
        change = partial(
            change_password,
            on_lock_out=lambda person: None,
            passwords=gateway.directory.passwords,
            rules=gateway.rules,
            uniform=gateway.services.change.uniform,
            admits=lambda account: True,
        )
        people = [Person(reporting, short_folder, f"racer{number}") for number in range(15)]
        in_force = []
        try:
            for number, person in enumerate(people):
                change(ChangeRequest(person.login, Secret(PASSWORD), Secret("Avant-Tout-2025!")))
                elsewhere = threading.Thread(target=ldappasswd, args=(reporting, "-s", NEW, person.dn))
                elsewhere.start()
                time.sleep(0.008 * number)
                change(ChangeRequest(person.login, Secret("Avant-Tout-2025!"), Secret(NEWER)))
                elsewhere.join()
                [current] = [password for password in (NEW, NEWER) if reporting.binds(person.login, password)]
                wait_until(partial(person.has_waiting, current))
                in_force.append(current)
            capture.wait_until_idle()
        finally:
            gateway.close()

        assert [person.waiting for person in people] == in_force


class TestSecrets:
    def test_when_passwords_were_captured_then_no_file_holds_one(self, person, capture):
        ldappasswd(person.directory, "-s", NEW, person.dn)
        wait_until(lambda: person.waiting == NEW)
        wait_until(lambda: capture.audit)
        capture.stop()

        [event] = capture.audit
        assert {key: event[key] for key in ("service", "outcome", "login", "by", "targets")} == {
            "service": "capture", "outcome": "captured", "login": "fdurand4", "by": ADMIN,
            "targets": ["domain", "poste"],
        }  # fmt: skip
        files = [file for file in person.folder.rglob("*") if file.is_file()]
        assert len(files) > 20
        assert [str(file) for file in files if NEW.encode() in file.read_bytes()] == []
