"""What `mamia setup` writes into directories that others have made, and that a second run writes nothing."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import ldap
import pytest

from gateway.checks.finding import Level
from gateway.checks.rights import check_rights
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Settings
from gateway.setup import (
    ApplyFailed,
    Change,
    Options,
    Subject,
    apply,
    difference,
    open_access,
    survey_and_plan,
    undo,
    write_folder,
)
from tests.support import supann_slapd
from tests.support.debian_slapd import DebianSlapd
from tests.support.plain_slapd import NUMEN, PASSWORD, PlainSlapd
from tests.support.setup_answers import CLASS_FOR, PASSWORDS, administrator, answers, planned, set_up, supann_people
from tests.support.slapd_server import QUICK_HASH, LdapConnection
from tests.support.supann_slapd import SupannSlapd
from tests.support.two_suffixes import OTHER_DATABASE, READER, READER_PASSWORD, Replica, TwoSuffixes

NEW_PASSWORD = "Nouveau-2024"


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DebianSlapd]:
    server = DebianSlapd(tmp_path_factory.mktemp("debian") / "slapd")
    set_up(server, answers(server), server.slapd.state / "undo", class_for=CLASS_FOR)
    for number, login in enumerate(("fdurand", "smoreau")):
        server.load(
            f"dn: {server.dn(login)}\nchangetype: modify\nadd: numen\nnumen: {NUMEN[:-1]}{number}\n-\n"
            "add: birthDate\nbirthDate: 19850327\n"
        )
    yield server
    server.stop()


@pytest.fixture(scope="module")
def supann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupannSlapd]:
    server = SupannSlapd(tmp_path_factory.mktemp("supann") / "slapd")
    set_up(server, answers(server, people=supann_people(server)), server.slapd.state / "undo")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TwoSuffixes, Replica]]:
    folder = tmp_path_factory.mktemp("two")
    provider = TwoSuffixes(folder / "provider")
    replica = Replica(folder / "replica", provider)
    # The copy has to know what arrives.
    set_up(replica, answers(replica), folder / "undo-replica", replica_readers=(READER,))
    set_up(provider, answers(provider), folder / "undo", replica_readers=(READER,), class_for=CLASS_FOR)
    yield provider, replica
    provider.stop()
    replica.stop()


def rights_are_complete(server: PlainSlapd, settings: Settings) -> None:
    connection = connect(server.url, settings.directory, as_service=True)
    try:
        findings = list(check_rights(settings, server.url, connection))
    finally:
        close(connection)
    assert findings
    assert [one for one in findings if one.level is not Level.OK] == []


class TestDebian:
    def test_nothing_is_left_for_a_second_run(self, debian):
        assert difference(planned(debian, answers(debian), class_for=CLASS_FOR)) == (
            "Nothing is missing in the directory.\n"
        )

    def test_the_gateway_may_what_it_needs_and_no_more(self, debian):
        rights_are_complete(debian, answers(debian))

    def test_slapd_hashes_the_passwords_of_the_accounts(self, debian):
        for name in ("gateway", "sync", "decoy"):
            [stored] = debian.read(f"cn={name},ou=services,{debian.suffix}")["userPassword"]
            assert stored.startswith("{ARGON2}")
            assert debian.binds(f"cn={name},ou=services,{debian.suffix}", PASSWORDS[name].get_secret_value())

    def test_people_log_in_with_the_hashes_that_were_there(self, debian):
        assert debian.binds(debian.dn("nroux"), PASSWORD)

    def test_everybody_has_the_class(self, debian):
        for login in ("fdurand", "smoreau", "nroux"):
            assert "mamiaPerson" in debian.read(debian.dn(login))["objectClass"]

    def test_nobody_else_reads_a_number(self, debian):
        for who in (lambda: LdapConnection(debian.url), lambda: debian.as_account(debian.dn("smoreau"), PASSWORD)):
            with who() as connection:
                [(_, seen)] = connection.search_s(debian.dn("fdurand"), ldap.SCOPE_BASE, attrlist=["*", "pwdHistory"])
                assert "sn" in seen
                assert not {"numen", "birthDate", "userPassword", "pwdHistory"} & set(seen)

    def test_it_starts_again(self, debian):
        debian.restart()
        assert debian.binds(debian.dn("smoreau"), PASSWORD)

    def test_the_shown_files_hold_no_password(self, tmp_path):
        server = DebianSlapd(tmp_path / "slapd")
        try:
            plan = planned(server, answers(server))
        finally:
            server.stop()
        files = write_folder(plan, tmp_path / "ldif")
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        text = "".join(file.read_text() for file in files)
        assert "userPassword: @GATEWAY_PASSWORD@" in text
        assert not [
            name for name, secret in PASSWORDS.items() if secret.get_secret_value() in text + difference(plan)
        ]

    def test_the_shown_files_do_what_setup_does(self, tmp_path):
        server = DebianSlapd(tmp_path / "slapd")
        try:
            for file in write_folder(planned(server, answers(server)), tmp_path / "ldif"):
                text = file.read_text()
                for name, secret in PASSWORDS.items():
                    text = text.replace(f"@{name.upper()}_PASSWORD@", secret.get_secret_value())
                load = server.load_configuration if "cn=config" in text else server.load
                load(text)
            assert planned(server, answers(server)).is_empty
        finally:
            server.stop()

    def test_without_a_right_to_add_entries_it_asks_for_the_administrator(self, tmp_path):
        server = DebianSlapd(tmp_path / "slapd")
        try:
            with open_access(server.ldapi_url) as access:
                _, plan = survey_and_plan(answers(server), access, Options())
                assert server.admin_dn in plan.problems[0]
                with pytest.raises(ApplyFailed, match="administrator"):
                    apply(plan, access, tmp_path / "undo", PASSWORDS)
            assert not (tmp_path / "undo").exists()
            assert server.read_configuration("cn={4}mamia,cn=schema,cn=config") == {}
        finally:
            server.stop()


class TestSupann:
    def test_nothing_is_left_for_a_second_run(self, supann):
        plan = planned(supann, answers(supann, people=supann_people(supann)))
        assert difference(plan) == "Nothing is missing in the directory.\n"

    def test_the_gateway_may_what_it_needs_and_no_more(self, supann):
        rights_are_complete(supann, answers(supann, people=supann_people(supann)))

    def test_its_own_rules_stay_in_their_order(self, supann):
        rules = [rule.partition("}")[2] for rule in supann.read_configuration(supann.database)["olcAccess"]]
        assert [rule for rule in rules if rule in supann_slapd.RULES] == list(supann_slapd.RULES)
        assert rules.index(supann_slapd.RULES[0]) > 20

    def test_its_application_reads_what_it_read_and_writes_what_it_wrote(self, supann):
        with supann.as_account(supann_slapd.APPLICATION, supann_slapd.APPLICATION_PASSWORD) as connection:
            [(_, seen)] = connection.search_s(
                supann.dn("p4711"), ldap.SCOPE_BASE, attrlist=["supannRefId", "pwdHistory"]
            )
            assert seen == {"supannRefId": [b"{NUMEN}12E8534567ABC"]}
            connection.modify_s(supann.dn("p4712"), [(ldap.MOD_REPLACE, "userPassword", [NEW_PASSWORD.encode()])])
        assert supann.binds(supann.dn("p4712"), NEW_PASSWORD)
        assert supann.read(supann.dn("p4712"))["userPassword"][0].startswith("{ARGON2}")

    def test_its_policy_stays_the_only_default_one(self, supann):
        overlay = supann.read_configuration(f"olcOverlay={{1}}ppolicy,{supann.database}")
        assert overlay["olcPPolicyDefault"] == [f"cn=standard,{supann_slapd.POLICIES}"]
        assert overlay["olcPPolicyHashCleartext"] == ["TRUE"]
        assert supann.read(f"cn=default,{supann_slapd.POLICIES}") == {}
        assert supann.read(f"cn=decoy,{supann_slapd.POLICIES}")["pwdMaxFailure"] == ["0"]

    def test_its_indices_are_left_alone(self, supann):
        lines = supann.read_configuration(supann.database)["olcDbIndex"]
        assert "sn,mail pres,eq,sub" in lines
        assert [line for line in lines if line.startswith("supannAliasLogin")] == []

    def test_the_decoy_has_the_numbers_of_its_schema(self, supann):
        decoy = supann.read(f"cn=decoy,ou=services,{supann.suffix}")
        assert decoy["supannRefId"] == ["{NUMEN}DECOY"]
        assert decoy["supannOIDCDatedeNaissance"] == ["1900-01-01"]


class TestTwoSuffixes:
    def test_nothing_is_left_for_a_second_run(self, two):
        provider, replica = two
        for server, class_for in ((provider, CLASS_FOR), (replica, "")):
            plan = planned(server, answers(server), replica_readers=(READER,), class_for=class_for)
            assert plan.changes == ()

    def test_the_other_database_is_as_it_was(self, two, tmp_path):
        provider, _ = two
        fresh = TwoSuffixes(tmp_path / "slapd")
        fresh.stop()
        fresh.slapd.start()
        before = fresh.read_configuration(OTHER_DATABASE)
        fresh.stop()
        after = provider.read_configuration(OTHER_DATABASE)
        same = ("olcAccess", "olcDbIndex", "olcSuffix", "olcLimits")
        assert {name: after.get(name) for name in same} == {name: before.get(name) for name in same}

    def test_the_replica_gets_numbers_outbox_and_passwords(self, two):
        provider, replica = two
        who = provider.dn("fdurand")
        provider.load(
            f"dn: {who}\nchangetype: modify\nadd: numen\nnumen: {NUMEN}\n-\nadd: mamiaSyncState\nmamiaSyncState: x\n"
        )
        with provider.as_admin() as connection:
            connection.modify_s(who, [(ldap.MOD_REPLACE, "userPassword", [NEW_PASSWORD.encode()])])
        replica.wait_until_it_holds(who, "mamiaSyncState")
        replica.wait_until_it_holds(who, "pwdHistory")
        assert replica.read(who)["numen"] == [NUMEN]
        assert replica.binds(who, NEW_PASSWORD)

    def test_the_replica_closes_what_the_provider_closes(self, two):
        provider, replica = two
        replica.wait_until_it_holds(f"cn=gateway,ou=services,{provider.suffix}", "userPassword")
        with LdapConnection(replica.url) as connection:
            [(_, seen)] = connection.search_s(provider.dn("fdurand"), ldap.SCOPE_BASE, attrlist=["numen", "sn"])
        assert set(seen) == {"sn"}

    def test_the_replica_gets_no_entry_of_its_own(self, two):
        _, replica = two
        plan = planned(replica, answers(replica), replica_readers=(READER,))
        assert not plan.of(Subject.ENTRIES)
        assert any("copies its entries" in note for note in plan.notes)

    def test_the_reader_still_logs_in(self, two):
        assert two[0].binds(READER, READER_PASSWORD)


class TestInterrupted:
    def test_it_goes_on_after_every_single_change(self, tmp_path):
        server = DebianSlapd(tmp_path / "slapd")
        try:
            settings = answers(server)
            planned_now = [_one_change(server, settings, tmp_path / "undo")]
            while planned_now[-1] > 1:
                planned_now.append(_one_change(server, settings, tmp_path / "undo"))
            assert planned_now == list(range(planned_now[0], 0, -1))
            assert planned(server, answers(server), class_for=CLASS_FOR).is_empty
            rights_are_complete(server, answers(server, people=_without_numbers(server)))
        finally:
            server.stop()

    def test_it_goes_on_after_its_process_was_killed(self, tmp_path):
        server = DebianSlapd(tmp_path / "slapd")
        try:
            child = os.fork()
            if child == 0:
                _killed_at_change(10, server, tmp_path / "undo")
            assert os.waitpid(child, 0)[1] == signal.SIGKILL
            assert server.read(f"cn=gateway,ou=services,{server.suffix}") == {}
            set_up(server, answers(server), tmp_path / "undo", class_for=CLASS_FOR)
            assert planned(server, answers(server), class_for=CLASS_FOR).is_empty
            with administrator(server) as access:
                undo(tmp_path / "undo", access)
            assert server.read(f"ou=services,{server.suffix}") == {}
        finally:
            server.stop()


def _without_numbers(server: PlainSlapd) -> dict[str, Any]:
    server.load(f"dn: uid=fdurand,{server.people}\nchangetype: modify\nadd: birthDate\nbirthDate: 19850327\n")
    return {"base": server.people}


def _killed_at_change(number: int, server: PlainSlapd, undo_folder: Path) -> NoReturn:
    seen: list[Change] = []

    def note(change: Change) -> None:
        seen.append(change)
        if len(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    with administrator(server) as access:
        _, plan = survey_and_plan(answers(server), access, Options(argon2=QUICK_HASH, class_for=CLASS_FOR))
        apply(plan, access, undo_folder, PASSWORDS, progress=note)
    os._exit(0)


def _one_change(server: PlainSlapd, settings: Settings, undo_folder: Path) -> int:
    """Run setup, which is stopped before its second change. Return how many it would have made."""

    def stop_at_second() -> Callable[[Change], None]:
        seen: list[Change] = []

        def note(change: Change) -> None:
            seen.append(change)
            if len(seen) > 1:
                raise KeyboardInterrupt

        return note

    with administrator(server) as access:
        _, plan = survey_and_plan(settings, access, Options(argon2=QUICK_HASH, class_for=CLASS_FOR))
        with suppress(KeyboardInterrupt):
            apply(plan, access, undo_folder, PASSWORDS, progress=stop_at_second())
    return len(plan.changes)
