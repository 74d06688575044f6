"""A directory of an earlier version of ours gets the difference alone, and keeps what was added to our rules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ldap
import pytest
from pydantic import SecretStr

from gateway.checks.finding import Level
from gateway.checks.rights import check_rights
from gateway.directory.connection import connect
from gateway.ldap import close
from gateway.settings import Settings
from gateway.setup import (
    Access,
    Login,
    Options,
    Plan,
    Subject,
    Undone,
    adopt,
    apply,
    open_access,
    survey_and_plan,
    undo,
)
from tests.support.gateway_settings import settings_for
from tests.support.ldif_files import example_settings
from tests.support.mirror import MirrorPair
from tests.support.setup_answers import WORKSTATION
from tests.support.slapd_server import ADMIN, PEOPLE, QUICK_HASH, SUFFIX, SlapdServer
from tests.support.upgraded_slapd import SlapdBefore, UpgradedSlapd

DATABASE = "olcDatabase={1}mdb,cn=config"
SAMBA = f"cn=samba,ou=services,{SUFFIX}"
LINE = f'by dn.exact="{SAMBA}" write'
"""What an administrator adds to a rule of ours for a program of the academy."""
PERSONNEL = f'to dn.subtree="{PEOPLE}" attrs=employeeType by dn.exact="cn=rh,{SUFFIX}" write by * break'
"""A rule of the academy before ours."""


class Before(SlapdBefore):
    """Version 0.1.0 with what an academy changes in it."""

    def __init__(self, state: Path, **arguments: Any) -> None:
        super().__init__(state, **arguments)
        rules = [rule.partition("}")[2] for rule in self.rules()]
        changed = [
            rule.replace(" by self none", f" {LINE} by self none") if "attrs=sambaNTPassword" in rule else rule
            for rule in rules
        ]
        assert changed != rules
        with self.as_admin("cn=config") as connection:
            values = [one.encode() for one in (PERSONNEL, *changed)]
            connection.modify_s(DATABASE, [(ldap.MOD_REPLACE, "olcAccess", values)])

    def rules(self) -> list[str]:
        return config(self)["olcAccess"]


def config(server: SlapdServer) -> dict[str, list[str]]:
    with server.as_admin("cn=config") as connection:
        [(_, found)] = connection.search_s(DATABASE, ldap.SCOPE_BASE)
    return {name: [value.decode() for value in values] for name, values in found.items()}


def settings_of(server: SlapdServer) -> Settings:
    worker = {"bind_dn": f"cn=sync,ou=services,{SUFFIX}", "bind_password_file": "/etc/mamia/sync.password"}
    return settings_for(
        server,
        workstation={**WORKSTATION, **worker},
        people={"protected_groups": [f"cn=protected,ou=groups,{SUFFIX}"]},
    )


@contextmanager
def administrator(server: SlapdServer) -> Iterator[Access]:
    """Over TCP, with a password for cn=config too."""
    password = SecretStr(server.slapd.password("admin"))
    login, config_login = Login(ADMIN, password), Login("cn=config", password)
    with open_access(server.url, config_login=config_login, data_login=login) as access:
        yield access


def planned(server: SlapdServer, settings: Settings | None = None) -> Plan:
    with administrator(server) as access:
        return survey_and_plan(settings or settings_of(server), access, Options())[1]


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Before]:
    server = Before(tmp_path / "slapd", hash_cost=QUICK_HASH)
    server.add_person("fdurand")
    yield server
    server.slapd.stop()


@pytest.fixture
def upgraded(before: Before, tmp_path: Path) -> Before:
    with administrator(before) as access:
        _, plan = survey_and_plan(settings_of(before), access, Options())
        apply(plan, access, tmp_path / "undo", {})
    return before


def rights(server: SlapdServer) -> list[str]:
    settings = settings_of(server)
    connection = connect(server.url, settings.directory, as_service=True)
    try:
        return [one.message for one in check_rights(settings, server.url, connection) if one.level is not Level.OK]
    finally:
        close(connection)


def take_back(server: SlapdServer, folder: Path) -> Undone:
    with administrator(server) as access:
        return undo(folder, access)


class TestUpgrade:
    def test_only_the_difference_is_planned(self, before):
        plan = planned(before)
        assert plan.problems == ()
        assert {change.subject for change in plan.changes} == {
            Subject.SCHEMA, Subject.RULES, Subject.LIMITS, Subject.CONFIGURATION, Subject.ENTRIES
        }  # fmt: skip
        assert plan.passwords == ()
        assert [c.record.dn for c in plan.of(Subject.ENTRIES)] == [
            f"cn=sync,ou=services,{SUFFIX}", f"ou=groups,{SUFFIX}", f"cn=protected,ou=groups,{SUFFIX}"
        ]  # fmt: skip

    def test_afterwards_nothing_is_missing(self, upgraded):
        assert planned(upgraded).changes == ()
        assert rights(upgraded) == []

    def test_rules_of_the_version_before_are_gone(self, upgraded):
        assert [rule for rule in upgraded.rules() if "by self none" in rule] == []

    def test_what_an_administrator_added_stays(self, upgraded):
        assert any(LINE in rule and "sambaNTPassword" in rule for rule in upgraded.rules())
        assert upgraded.rules()[0] == "{0}" + PERSONNEL

    def test_what_the_version_before_closed_stays_closed(self, upgraded):
        assert [rule.partition("}")[2] for rule in upgraded.rules() if "privateMail" in rule] == [
            "to attrs=privateMail by self read by * none"
        ]

    def test_limits_hold_at_once(self, upgraded):
        with upgraded.as_service("sync") as connection:
            upgraded.add_person("one")
            upgraded.add_person("two")
            with pytest.raises(ldap.SIZELIMIT_EXCEEDED):
                connection.search_s(PEOPLE, ldap.SCOPE_SUBTREE, "(uid=*)")

    def test_it_starts_again(self, upgraded):
        upgraded.restart()
        assert upgraded.binds("fdurand", "Ancien-2024")

    def test_undo_gives_the_version_before_back(self, before, tmp_path):
        rules, limits = before.rules(), config(before)["olcLimits"]
        with administrator(before) as access:
            _, plan = survey_and_plan(settings_of(before), access, Options())
            apply(plan, access, tmp_path / "undo", {})
        take_back(before, tmp_path / "undo")
        before.restart()
        left = [rule.partition("}")[2] for rule in before.rules()]
        assert [rule for rule in left if rule in [one.partition("}")[2] for one in rules]] == [
            one.partition("}")[2] for one in rules
        ]
        assert config(before)["olcLimits"] == limits
        with before.as_service("gateway") as connection:
            assert connection.compare_s(before.dn("fdurand"), "numen", b"12E8534567ABC")
        assert before.binds("fdurand", "Ancien-2024")


AGENTS = f"add cn=helpdesk,ou=groups,{SUFFIX}"
"""The group of the agents is the academy's own, and no file of ldif/ has it; setup makes it where it is missing."""


class TestTodaysFiles:
    def test_a_pair_of_servers_needs_nothing_more(self, tmp_path):
        pair = MirrorPair(tmp_path)
        try:
            for server in (pair.first, pair.second):
                settings = example_settings(nt=True, helpdesk=True, recovery=True, charter=True, reminders=True)
                without = {"directory": settings.directory.model_copy(update={"monitor": False})}
                plan = planned(server, settings.model_copy(update=without))
                assert [change.title for change in plan.changes] == [AGENTS]
        finally:
            pair.stop()

    def test_settings_with_everything_need_nothing_more(self, tmp_path):
        server = SlapdServer(tmp_path / "slapd", hash_cost=QUICK_HASH)
        try:
            example = example_settings(nt=True, helpdesk=True, recovery=True, charter=True, reminders=True)
            settings = example.model_copy(
                update={"directory": example.directory.model_copy(update={"monitor": False})}
            )
            assert [change.title for change in planned(server, settings).changes] == [AGENTS]
        finally:
            server.slapd.stop()


class TestSetUpByHand:
    """What files of ldif/ brought, and no setup knows of, is taken back too."""

    @pytest.mark.parametrize("kind", [SlapdServer, UpgradedSlapd])
    def test_rules_and_accounts_go_and_secrets_stay_closed(self, tmp_path, kind):
        server = kind(tmp_path / "slapd", hash_cost=QUICK_HASH)
        try:
            server.add_person("fdurand")
            with administrator(server) as access:
                found = adopt(settings_of(server), access, tmp_path / "undo")
                assert f"entries: cn=gateway,ou=services,{SUFFIX}" in found
                done = undo(tmp_path / "undo", access)
            rules = [rule.partition("}")[2] for rule in config(server)["olcAccess"]]
            assert not [rule for rule in rules if "cn=gateway" in rule]
            assert [rule for rule in rules if rule.startswith("to attrs=") and "numen" in rule and "none" in rule]
            assert "olcLimits" not in config(server)
            assert any("birthDate" in one.what for one in done.kept)
            server.restart()
            assert server.binds("fdurand", "Ancien-2024")
            with administrator(server) as access:
                assert undo(tmp_path / "undo", access).removed == ()
        finally:
            server.slapd.stop()

    def test_a_group_without_our_words_in_it_is_not_taken_for_ours(self, tmp_path):
        server = SlapdServer(tmp_path / "slapd", hash_cost=QUICK_HASH)
        try:
            group = f"cn=protected,ou=groups,{SUFFIX}"
            with server.as_admin() as connection:
                connection.modify_s(group, [(ldap.MOD_REPLACE, "description", [b"admins"])])
            with administrator(server) as access:
                assert f"entries: {group}" not in adopt(settings_of(server), access, tmp_path / "undo")
        finally:
            server.slapd.stop()
