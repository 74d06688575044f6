"""Least privilege, rule by rule: what the gateway's and the worker's accounts can do, and all that they can't."""

from __future__ import annotations

import ldap
import pytest

from tests.support.academy_access_rules import academy_access_rules
from tests.support.slapd_server import BIRTH_DATE, NUMEN, PASSWORD, PEOPLE, POLICIES, SUFFIX
from tests.support.upgraded_slapd import NEW_AND_UPGRADED

pytestmark = pytest.mark.parametrize("server", NEW_AND_UPGRADED, indirect=True)

SECRETS = ["userPassword", "numen", "temporaryAgentNumber", "birthDate", "mamiaPendingSecret"]
DECOY = f"cn=decoy,ou=services,{SUFFIX}"


@pytest.fixture
def durand(directory):
    """A DN with a value in every attribute that a rule is about."""
    directory.add_person(
        "fdurand4", temporaryAgentNumber="T0012345", mamiaPendingSecret="sealed", mamiaSyncState="pending"
    )
    return directory.dn("fdurand4")


@pytest.fixture
def elsewhere(directory):
    """The DN of somebody who has left, and whose entry was moved out of ou=people."""
    directory.add_person("gone")
    with directory.as_admin() as line:
        line.rename_s(directory.dn("gone"), "uid=gone", newsuperior=SUFFIX)
    yield f"uid=gone,{SUFFIX}"
    with directory.as_admin() as line:
        line.delete_s(f"uid=gone,{SUFFIX}")


@pytest.fixture(params=["the folder itself", "a printer", "an account without mamiaPerson"])
def no_persons_entry(directory, request):
    """The DN of an entry at or below ou=people that is no member of staff's."""
    match request.param:
        case "the folder itself":
            return PEOPLE
        case "a printer":
            directory.load(f"dn: cn=printer,{PEOPLE}\nobjectClass: device\ncn: printer\n")
            return f"cn=printer,{PEOPLE}"
        case _:
            directory.load(
                f"dn: uid=scanner,{PEOPLE}\nobjectClass: account\nobjectClass: simpleSecurityObject\n"
                "uid: scanner\nuserPassword: Ancien-2024\n"
            )
            return f"uid=scanner,{PEOPLE}"


@pytest.fixture
def open_annuaire(directory):
    """An annuaire whose helpdesk sets passwords, and that ends, as Debian's do, in a rule that lets anybody read."""
    passwords = f'to attrs=userPassword by dn.exact="uid=helpdesk,{PEOPLE}" write by self =w by anonymous auth'
    with academy_access_rules(directory, passwords, "to * by * read"):
        yield directory


def read(line, dn, *attributes):
    """The attributes that come back, by name."""
    try:
        found = line.search_s(dn, ldap.SCOPE_BASE, attrlist=[*attributes])
    except ldap.NO_SUCH_OBJECT:
        return {}
    return {name: values for _, entry in found for name, values in entry.items()}


def search(line, filter_):
    return [dn for dn, _ in line.search_s(PEOPLE, ldap.SCOPE_SUBTREE, filter_, ["1.1"])]


class TestPolicyState:
    @pytest.mark.parametrize(
        "attribute, value",
        [
            ("pwdPolicySubentry", f"cn=yearly,{POLICIES}"),
            ("pwdReset", "TRUE"),
        ],
    )
    def test_when_read_then_the_gateway_sees_it_and_sync_does_not(self, directory, durand, attribute, value):
        directory.set("fdurand4", attribute, value)

        with directory.as_service("gateway") as gateway, directory.as_service("sync") as sync:
            assert read(gateway, durand, attribute) == {attribute: [value.encode()]}
            assert read(sync, durand, attribute) == {}


TIMES = {
    "pwdChangedTime": "20260101080000Z",
    "pwdAccountLockedTime": "20260102080000Z",
    "pwdAccountTmpLockoutEnd": "20260103080000Z",
}


@pytest.fixture(params=["mamiaSyncState", "mamiaPendingSecret"])
def written_times(directory, durand, request):
    """Both times are set on somebody for whom that attribute alone says that something was sent."""
    for attribute in {"mamiaSyncState", "mamiaPendingSecret"} - {request.param}:
        directory.set("fdurand4", attribute, None)
    for attribute, value in TIMES.items():
        directory.set("fdurand4", attribute, value)
    return {name: [value.encode()] for name, value in TIMES.items()}


class TestTimesOfChangeAndLock:
    @pytest.mark.parametrize("account", ["gateway", "sync"])
    def test_when_something_was_sent_for_the_person_then_gateway_and_sync_see_them(
        self, directory, durand, written_times, account
    ):
        with directory.as_service(account) as line:
            assert read(line, durand, *TIMES) == written_times

    def test_when_nothing_was_sent_for_the_person_then_sync_does_not_see_them(self, directory, durand, written_times):
        for attribute in ("mamiaSyncState", "mamiaPendingSecret"):
            directory.set("fdurand4", attribute, None)

        with directory.as_service("sync") as line:
            assert read(line, durand, *TIMES) == {}


class TestLastLogin:
    def test_when_asked_for_then_the_gateway_sees_its_own_and_peoples_and_sync_none(self, directory, durand):
        """By a filter that is true for everybody who may search by the attribute (RFC 4511, 4.5.1.7)."""
        either, own = "(|(pwdLastSuccess=*)(!(pwdLastSuccess=*)))", f"cn=gateway,ou=services,{SUFFIX}"

        with directory.as_service("gateway") as line:
            assert line.search_s(durand, ldap.SCOPE_BASE, either, ["1.1"])
            assert line.search_s(own, ldap.SCOPE_BASE, either, ["1.1"])
        with directory.as_service("sync") as line:
            assert not line.search_s(durand, ldap.SCOPE_BASE, either, ["1.1"])


class TestGateway:
    def test_when_it_reads_an_entry_then_no_secret_comes_back(self, directory, durand):
        with directory.as_service("gateway") as line:
            seen = read(line, durand, "*", "+")

        assert {"uid", "sn", "givenName", "mail", "entryUUID"} <= set(seen)
        assert not set(SECRETS) & set(seen)

    @pytest.mark.parametrize(
        "attribute, value", [("numen", NUMEN), ("temporaryAgentNumber", "T0012345"), ("birthDate", BIRTH_DATE)]
    )
    def test_when_it_compares_a_proof_then_it_learns_yes_or_no(self, directory, durand, attribute, value):
        with directory.as_service("gateway") as line:
            assert line.compare_s(durand, attribute, value.encode())
            assert not line.compare_s(durand, attribute, b"00000000")

    @pytest.mark.parametrize(
        "filter_", [f"(numen={NUMEN})", "(numen=*)", "(temporaryAgentNumber=T0012345)", "(userPassword=*)"]
    )
    def test_when_it_searches_by_a_secret_then_it_finds_nobody(self, directory, durand, filter_):
        with directory.as_service("gateway") as line:
            assert search(line, filter_) == []

    def test_when_it_searches_by_birth_date_then_it_finds_without_reading_it(self, directory, durand):
        with directory.as_service("gateway") as line:
            assert search(line, f"(birthDate={BIRTH_DATE})") == [durand]
            assert read(line, durand, "birthDate") == {}

    def test_when_it_compares_a_password_then_it_is_refused(self, directory, durand):
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.compare_s(durand, "userPassword", PASSWORD.encode())

    @pytest.mark.parametrize(
        "attribute, value",
        [
            ("userPassword", b"Nouveau-2025"),
            ("mamiaPendingSecret", b"sealed anew"),
            ("mamiaSyncState", b"pending;20260101"),
            ("pwdReset", b"TRUE"),
        ],
    )
    def test_when_it_writes_what_a_change_needs_then_it_may(self, directory, durand, attribute, value):
        with directory.as_service("gateway") as line:
            line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])

        if attribute == "userPassword":
            assert directory.binds("fdurand4", value.decode())
        else:
            assert directory.read("fdurand4")[attribute] == [value.decode()]

    @pytest.mark.parametrize(
        "attribute, value",
        [
            ("uid", b"other"),
            ("sn", b"Other"),
            ("mail", b"thief@example.org"),
            ("birthDate", b"20000101"),
            ("numen", b"00A0000000AAA"),
            ("departmentNumber", b"rectorat"),
            ("objectClass", b"extensibleObject"),
            ("pwdAccountLockedTime", b"000001010000Z"),
            ("mamiaSyncLease", b"mine"),
            ("description", b"hello"),
            ("privateMail", b"thief@example.org"),
            ("mobile", b"0600000000"),
        ],
    )
    def test_when_it_writes_anything_else_then_it_may_not(self, directory, durand, attribute, value):
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])

    def test_when_it_sets_the_initial_policy_then_it_may_and_no_other(self, directory, durand):
        with directory.as_service("gateway") as line:
            line.modify_s(durand, [(ldap.MOD_ADD, "pwdPolicySubentry", [f"cn=initial,{POLICIES}".encode()])])
            line.modify_s(durand, [(ldap.MOD_DELETE, "pwdPolicySubentry", [f"cn=initial,{POLICIES}".encode()])])
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(durand, [(ldap.MOD_ADD, "pwdPolicySubentry", [f"cn=services,{POLICIES}".encode()])])

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param((ldap.MOD_DELETE, None), id="delete all"),
            pytest.param((ldap.MOD_DELETE, f"cn=services,{POLICIES}"), id="delete it"),
            pytest.param((ldap.MOD_REPLACE, None), id="replace by nothing"),
            pytest.param((ldap.MOD_REPLACE, f"cn=initial,{POLICIES}"), id="replace by one it may set"),
        ],
    )
    def test_when_another_policy_stands_on_the_entry_then_it_can_not_take_it_away(self, directory, durand, change):
        directory.set("fdurand4", "pwdPolicySubentry", f"cn=services,{POLICIES}")
        operation, value = change

        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            line.modify_s(durand, [(operation, "pwdPolicySubentry", [value.encode()] if value else None)])

    @pytest.mark.parametrize("attribute", ["mamiaPendingSecret", "mamiaSyncState", "userPassword"])
    def test_when_it_writes_elsewhere_than_on_people_then_it_may_not(self, directory, elsewhere, attribute):
        with directory.as_service("gateway") as line:
            for dn in (DECOY, elsewhere):
                # An entry that may not even be seen is answered as one that is not there.
                with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT)):
                    line.modify_s(dn, [(ldap.MOD_REPLACE, attribute, [b"Nouveau-2025"])])

    def test_when_it_compares_a_proof_of_somebody_elsewhere_then_it_may_not(self, directory, elsewhere):
        with directory.as_service("gateway") as line:
            for attribute, value in (("numen", NUMEN), ("birthDate", BIRTH_DATE)):
                with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT)):
                    line.compare_s(elsewhere, attribute, value.encode())

    @pytest.mark.parametrize("attribute", ["userPassword", "mamiaPendingSecret", "mamiaSyncState", "pwdReset"])
    def test_when_an_entry_among_people_is_no_persons_then_it_may_not_write_there(
        self, directory, no_persons_entry, attribute
    ):
        with directory.as_service("gateway") as line, pytest.raises(ldap.INSUFFICIENT_ACCESS):
            # What is allowed fails for the value's absence, and changes nothing.
            line.modify_s(no_persons_entry, [(ldap.MOD_DELETE, attribute, [b"TRUE"])])

    def test_when_it_adds_or_deletes_or_renames_people_then_it_may_not(self, directory, durand):
        with directory.as_service("gateway") as line:
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.delete_s(durand)
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.rename_s(durand, "uid=other")
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.add_s(directory.dn("new"), [("objectClass", [b"account"]), ("uid", [b"new"])])

    def test_when_it_looks_at_services_then_it_sees_nothing_but_its_own_policy(self, directory, durand):
        own = f"cn=gateway,ou=services,{SUFFIX}"
        with directory.as_service("gateway") as line:
            with pytest.raises(ldap.NO_SUCH_OBJECT):
                line.search_s(f"ou=services,{SUFFIX}", ldap.SCOPE_SUBTREE)
            assert set(read(line, own, "*", "+")) == {"objectClass", "pwdPolicySubentry"}

    def test_when_it_looks_at_policies_then_it_reads_and_cannot_write_them(self, directory):
        policy = f"cn=default,{POLICIES}"
        with directory.as_service("gateway") as line:
            assert read(line, policy, "*")["pwdInHistory"] == [b"5"]
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(policy, [(ldap.MOD_REPLACE, "pwdInHistory", [b"0"])])

    def test_when_it_looks_at_the_suffix_then_it_sees_its_change_numbers_alone(self, directory):
        with directory.as_service("gateway") as line:
            assert set(read(line, SUFFIX, "*", "+")) <= {"objectClass", "contextCSN"}

    def test_when_it_compares_on_the_decoy_then_the_answer_is_no_and_not_a_refusal(self, directory):
        with directory.as_service("gateway") as line:
            for attribute in ("numen", "temporaryAgentNumber", "birthDate"):
                assert not line.compare_s(DECOY, attribute, b"19850327")


class TestSync:
    def test_when_it_works_then_it_reads_and_writes_the_outbox_and_nothing_else(self, directory, durand):
        with directory.as_service("sync") as line:
            seen = read(line, durand, "*", "+")
            line.modify_s(durand, [(ldap.MOD_DELETE, "mamiaPendingSecret", [b"sealed"])])
            line.modify_s(durand, [(ldap.MOD_REPLACE, "mamiaSyncState", [b"done"])])
            line.modify_s(durand, [(ldap.MOD_REPLACE, "mamiaSyncLease", [b"mine"])])
            assert read(line, durand, "mamiaSyncLease") == {"mamiaSyncLease": [b"mine"]}
            for attribute, value in (
                ("userPassword", b"Nouveau-2025"),
                ("mail", b"x@y"),
                ("pwdReset", b"TRUE"),
                ("numen", b"x"),
                ("departmentNumber", b"rectorat"),
            ):
                with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    line.modify_s(durand, [(ldap.MOD_REPLACE, attribute, [value])])

        outbox = {"mamiaPendingSecret", "mamiaSyncState"}
        assert set(seen) == {"objectClass", "uid", "entryUUID", "modifyTimestamp", *outbox}

    def test_when_it_searches_pending_entries_then_it_finds_them(self, directory, durand):
        with directory.as_service("sync") as line:
            assert search(line, "(mamiaPendingSecret=*)") == [durand]

    def test_when_an_entry_was_moved_out_of_people_then_it_erases_its_outbox_unread_and_nothing_else(
        self, directory, elsewhere
    ):
        waiting = [
            (ldap.MOD_REPLACE, "mamiaSyncState", [b"pending"]),
            (ldap.MOD_REPLACE, "mamiaPendingSecret", [b"sealed"]),
        ]
        with directory.as_service("sync") as line:
            with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT)):
                line.modify_s(elsewhere, waiting)
            assert read(line, elsewhere, "*") == {}
            with directory.as_admin() as admin:
                admin.modify_s(elsewhere, waiting)

            seen = read(line, elsewhere, "*", "+")
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(elsewhere, [(ldap.MOD_REPLACE, "mail", [b"x@y"])])
            line.modify_s(
                elsewhere,
                [(ldap.MOD_REPLACE, "mamiaPendingSecret", None), (ldap.MOD_REPLACE, "mamiaSyncState", None)],
            )

        assert set(seen) == {"objectClass", "uid", "entryUUID"}

    def test_when_it_raises_its_number_then_it_may_and_nobody_else_sees_or_writes_it(self, directory, durand):
        sync, token = f"cn=sync,ou=services,{SUFFIX}", "mamiaWorkerToken"
        try:
            with directory.as_service("sync") as line:
                line.modify_s(sync, [(ldap.MOD_REPLACE, token, [b"worker;1"])])
                assert line.search_s(sync, ldap.SCOPE_BASE, f"({token}=*)") == [(sync, {token: [b"worker;1"]})]
                for attribute in ("description", "userPassword", "mamiaSyncLease"):
                    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                        line.modify_s(sync, [(ldap.MOD_REPLACE, attribute, [b"anything"])])
            for other in (directory.as_service("gateway"), directory.as_person("fdurand4")):
                with other as line:
                    assert token not in read(line, sync, token)
                    with pytest.raises((ldap.INSUFFICIENT_ACCESS, ldap.NO_SUCH_OBJECT)):
                        line.modify_s(sync, [(ldap.MOD_REPLACE, token, [b"worker;9"])])
        finally:
            with directory.as_admin() as line:
                line.modify_s(sync, [(ldap.MOD_REPLACE, token, None)])


class TestOldPasswords:
    @pytest.mark.parametrize("who", ["stranger", "person", "gateway", "sync"])
    def test_when_the_annuaire_is_open_to_read_then_nobody_sees_their_hashes(self, open_annuaire, durand, who):
        with open_annuaire.as_person("fdurand4") as line:
            line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])
        assert "pwdHistory" in open_annuaire.read("fdurand4")

        with open_annuaire.connect() as line:
            match who:
                case "person":
                    line.simple_bind_s(durand, "Nouveau-2025")
                case "gateway" | "sync":
                    line.simple_bind_s(f"cn={who},ou=services,{SUFFIX}", open_annuaire.slapd.password(who))
            assert read(line, durand, "uid", "pwdHistory") == {"uid": [b"fdurand4"]}


class TestStranger:
    def test_when_not_bound_then_nothing_is_seen(self, directory, durand):
        with directory.connect() as line:
            line.simple_bind_s()
            with pytest.raises(ldap.NO_SUCH_OBJECT):
                search(line, "(objectClass=*)")

    def test_when_the_annuaire_is_open_to_read_then_names_are_seen_and_no_secret(
        self, open_annuaire, durand, elsewhere
    ):
        open_annuaire.set("fdurand4", "mamiaSyncLease", "a worker")
        with open_annuaire.connect() as line:
            for dn in (durand, elsewhere):
                seen = read(line, dn, "*", "+")
                assert "sn" in seen
                assert not {*SECRETS, "pwdHistory", "mamiaSyncState", "mamiaSyncLease"} & set(seen)
            for account in ("gateway", "sync", "decoy"):
                assert not set(SECRETS) & set(read(line, f"cn={account},ou=services,{SUFFIX}", "*", "+"))


class TestAnnuairesRules:
    def test_when_ours_stand_before_them_then_they_still_say_who_sees_the_policys_state(self, open_annuaire, durand):
        state = {"pwdPolicySubentry": f"cn=yearly,{POLICIES}", "pwdAccountLockedTime": "20260101080000Z"}
        for attribute, value in state.items():
            open_annuaire.set("fdurand4", attribute, value)

        with open_annuaire.connect() as line:
            assert set(read(line, durand, *state)) == set(state)


class TestHelpdesk:
    def test_when_it_may_set_passwords_then_peoples_and_not_those_of_services(self, open_annuaire, durand):
        open_annuaire.add_person("helpdesk")

        with open_annuaire.as_person("helpdesk") as line:
            line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])
            for account in ("gateway", "sync", "decoy"):
                dn = f"cn={account},ou=services,{SUFFIX}"
                assert "userPassword" not in read(line, dn, "*")
                with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                    line.modify_s(dn, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])


class TestService:
    @pytest.mark.parametrize("service", ["gateway", "sync"])
    def test_when_it_writes_a_service_account_then_it_may_not(self, directory, service):
        for target in ("gateway", "sync", "decoy"):
            with directory.as_service(service) as line, pytest.raises(ldap.LDAPError):
                line.modify_s(f"cn={target},ou=services,{SUFFIX}", [(ldap.MOD_REPLACE, "userPassword", [b"mine"])])

    @pytest.mark.parametrize("service", ["gateway", "sync"])
    def test_when_the_annuaire_is_open_to_read_then_it_still_sees_no_more_than_its_own(
        self, open_annuaire, durand, service
    ):
        with open_annuaire.as_service(service) as line:
            assert not {"cn", "createTimestamp", "modifiersName", *SECRETS[:-1], "pwdHistory"} & set(
                read(line, durand, "*", "+")
            )
            assert bool(read(line, POLICIES, "*")) is (service == "gateway")
            assert set(read(line, DECOY, "*")) <= ({"objectClass"} if service == "gateway" else set())


class TestPerson:
    def test_when_bound_then_the_annuaires_own_rules_still_hold(self, directory, durand):
        directory.add_person("other")
        with directory.as_person("fdurand4") as line:
            seen = read(line, durand, "*", "+")
            with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                line.modify_s(durand, [(ldap.MOD_REPLACE, "mamiaSyncState", [b"done"])])
            line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])
            assert read(line, directory.dn("other"), "*") == {}

        assert {"mail", "mamiaSyncState"} <= set(seen)
        assert not set(SECRETS) & set(seen)
        assert directory.binds("fdurand4", "Nouveau-2025")


@pytest.fixture
def foreign_accounts(directory):
    """A replica's account and another application's, below ou=services as ours are."""
    names = ("replicator", "nextcloud")
    for name in names:
        directory.load(
            f"dn: cn={name},ou=services,{SUFFIX}\nobjectClass: organizationalRole\n"
            f"objectClass: simpleSecurityObject\ncn: {name}\nuserPassword: Service-2026\n"
        )
    reads = " ".join(f'by dn.exact="cn={name},ou=services,{SUFFIX}" read' for name in names)
    own_password = "to attrs=userPassword by self =w by anonymous auth by * none"
    with academy_access_rules(directory, f"to * {reads} by * break", own_password, "to * by self read"):
        yield
    with directory.as_admin() as line:
        for name in names:
            line.delete_s(f"cn={name},ou=services,{SUFFIX}")


class TestReplica:
    def test_when_it_reads_then_our_rules_hide_nothing_from_it_and_it_writes_nothing(
        self, directory, durand, foreign_accounts
    ):
        directory.set("fdurand4", "mamiaSyncLease", "a worker")
        with directory.as_person("fdurand4") as line:
            line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])

        with directory.connect() as line:
            line.simple_bind_s(f"cn=replicator,ou=services,{SUFFIX}", "Service-2026")
            person = read(line, durand, "*", "+")
            decoy = read(line, DECOY, "*")
            for dn, attributes in ((durand, [*SECRETS, "mamiaSyncState", "mamiaSyncLease"]), (DECOY, SECRETS)):
                for attribute in attributes:
                    with pytest.raises(ldap.INSUFFICIENT_ACCESS):
                        line.modify_s(dn, [(ldap.MOD_REPLACE, attribute, [b"19850327"])])

        assert {*SECRETS, "pwdHistory", "mamiaSyncState", "mamiaSyncLease"} <= set(person)
        assert {"userPassword", "numen", "temporaryAgentNumber", "birthDate"} <= set(decoy)


class TestOtherApplication:
    def test_when_it_reads_then_it_sees_people_as_before_and_no_secret_of_ours(
        self, directory, durand, foreign_accounts
    ):
        with directory.as_person("fdurand4") as line:
            line.modify_s(durand, [(ldap.MOD_REPLACE, "userPassword", [b"Nouveau-2025"])])

        with directory.connect() as line:
            line.simple_bind_s(f"cn=nextcloud,ou=services,{SUFFIX}", "Service-2026")
            seen = read(line, durand, "*", "+")

        assert {"uid", "mail", "sn"} <= set(seen)
        assert not {"numen", "birthDate", "temporaryAgentNumber", "mamiaPendingSecret", "pwdHistory"} & set(seen)
